import Media

/// Boxes as text for people and for golden tests: a tree, a line a box.
package struct BoxDump: Sendable {
    /// Lists every sample of a run and every entry of a table.
    package var listsEntries: Bool
    /// Boxes nested deeper are not opened; nothing in MP4 is.
    private static let maximumDepth = 16

    package init(listsEntries: Bool = false) { self.listsEntries = listsEntries }

    /// Never fails: what cannot be read is said in its place, after an exclamation mark.
    package func text(of bytes: Span<UInt8>) -> String {
        var text = ""
        var reader = ByteReader(bytes)
        walk(&reader, base: 0, depth: 0, into: &text)
        return text
    }

    /// - Parameter base: where `reader` begins in the input.
    @_lifetime(reader: copy reader)
    private func walk(_ reader: inout ByteReader, base: Int, depth: Int, into text: inout String) {
        let indent = String(repeating: "  ", count: depth)
        while !reader.isAtEnd {
            do throws(ParseError) {
                let start = base + reader.offset
                let header = try reader.readBoxHeader()
                var payload = try reader.readSlice(header.payloadSize)
                let content = start + header.headerSize
                text += "\(indent)\(header.type) size=\(header.size) at=\(start)"
                let ownBytes = Self.containers[header.type]
                let isOpened = ownBytes != nil && depth < Self.maximumDepth
                var fields = payload
                text += describe(header.type, &fields, base: content, indent: indent)
                if isOpened, let ownBytes {
                    try payload.skip(ownBytes)
                    walk(&payload, base: content, depth: depth + 1, into: &text)
                }
            } catch {
                text += "\(indent)! \(error.code) at=\(base + error.offset) \(error.reason)\n"
                return
            }
        }
    }

    /// The fields on the rest of the line, the entries on lines below.
    @_lifetime(reader: copy reader)
    private func describe(_ type: FourCC, _ reader: inout ByteReader, base: Int, indent: String) -> String {
        var description = BoxDescription()
        do throws(ParseError) {
            if type == SampleEncryption.boxType {
                try Self.describeSampleEncryption(&reader, to: &description)
            } else if let box = try Self.types[type]?.init(reading: &reader) {
                guard reader.isAtEnd else {
                    throw ParseError(.invalid, at: reader.offset, "\(reader.remaining) bytes too many")
                }
                box.describe(to: &description)
            }
        } catch {
            // Of a container, the children say what is wrong.
            if Self.containers[type] != nil { return "\n" }
            return "\n\(indent)  ! \(error.code) at=\(base + error.offset) \(error.reason)\n"
        }
        let line = description.fields.map { " " + $0 }.joined() + "\n"
        guard listsEntries else { return line }
        return line + description.entries.map { "\(indent)  - \($0)\n" }.joined()
    }

    /// The box does not say how large its IVs are: shown is the size that makes it come out even.
    @_lifetime(reader: copy reader)
    private static func describeSampleEncryption(
        _ reader: inout ByteReader, to description: inout BoxDescription
    ) throws(ParseError) {
        for size in [8, 0, 16] {
            var attempt = reader
            if let encryption = try? SampleEncryption(reading: &attempt, perSampleIVSize: size), attempt.isAtEnd {
                encryption.describe(to: &description)
                return
            }
        }
        throw ParseError(.invalid, at: 0, "fits no size of IV")
    }

    /// Containers, and how many bytes of their own stand in front of the boxes in them.
    private static let containers: [FourCC: Int] = [
        "moov": 0, "trak": 0, "edts": 0, "mdia": 0, "minf": 0, "dinf": 0, "dref": 8, "stbl": 0, "stsd": 8, "wvtt": 8,
        "vttc": 0,
        "avc1": 78, "hvc1": 78, "hev1": 78, "av01": 78, "jpeg": 78, "encv": 78, "mp4a": 28, "ac-3": 28, "ec-3": 28,
        "Opus": 28,
        "enca": 28, "sinf": 0, "schi": 0, "mvex": 0, "moof": 0, "traf": 0,
        "udta": 0, "mfra": 0,
    ]

    private static let types: [FourCC: any Box.Type] = {
        let boxes: [any Box.Type] = [
            FileType.self, SegmentType.self, MovieHeader.self, TrackHeader.self, MediaHeader.self,
            ExtendedLanguage.self, HandlerReference.self, VideoMediaHeader.self, SoundMediaHeader.self,
            TimeToSample.self, SampleToChunk.self, SampleSizes.self, ChunkOffsets.self, VisualSampleEntry.self,
            AVCDecoderConfigurationRecord.self, HEVCDecoderConfigurationRecord.self, AV1CodecConfigurationRecord.self,
            AC3Configuration.self, EAC3Configuration.self, OpusConfiguration.self, PixelAspectRatio.self,
            ColourInformation.self, TileLayout.self, NullMediaHeader.self, AudioSampleEntry.self,
            ElementaryStreamDescriptor.self, OriginalFormat.self, SchemeType.self, TrackEncryption.self,
            TrackExtends.self, MovieFragmentHeader.self, TrackFragmentHeader.self, TrackFragmentDecodeTime.self,
            TrackRun.self, SampleGroupDescription.self, SampleToGroup.self, SampleAuxiliaryInformationSizes.self,
            SampleAuxiliaryInformationOffsets.self, ProtectionSystemSpecificHeader.self, SegmentIndex.self,
            ProducerReferenceTime.self,
        ]
        var types = Dictionary(uniqueKeysWithValues: boxes.map { ($0.boxType, $0) })
        for type in ["avc1", "hvc1", "hev1", "av01"] as [FourCC] { types[type] = VisualSampleEntry.self }
        for type in ["mp4a", "ac-3", "ec-3", "Opus"] as [FourCC] { types[type] = AudioSampleEntry.self }
        return types
    }()
}
