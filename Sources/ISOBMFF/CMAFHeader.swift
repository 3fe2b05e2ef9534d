package import Media

/// The CMAF header of one track, the "init segment": `ftyp` and `moov`. ISO/IEC 23000-19:2024, clause 7.3.1.
package struct CMAFHeader: Sendable, Equatable {
    package var track: Track
    /// Nil for a track in the clear.
    package var protection: TrackProtection?
    /// What fragments need that do not say everything themselves; Sluice's own do.
    package private(set) var defaults = TrackExtends()

    package init(track: Track, protection: TrackProtection? = nil) {
        self.track = track
        self.protection = protection
    }

    /// Reads a header of exactly one track.
    ///
    /// The file does not hold the track's name, reorder delay and frame rate; they come from the caller.
    package init(
        parsing bytes: Span<UInt8>, name: String = "", reorderDelay: UInt32 = 0, frameRate: FrameRate? = nil
    ) throws(ParseError) {
        var reader = ByteReader(bytes)
        var fileType: FileType?
        var movie: Movie?
        while !reader.isAtEnd {
            let header = try reader.readBoxHeader()
            switch header.type {
            case FileType.boxType: try reader.readBox(header, once: &fileType)
            case Movie.boxType: try reader.readBox(header, once: &movie)
            default: try reader.skipBox(header)
            }
        }
        _ = try fileType.required()
        let moov = try movie.required()
        let media = moov.track.media
        let codec: CodecConfiguration
        let protectionInformation: ProtectionSchemeInformation?
        switch media.information.sampleTable.description.entry {
        case .video(let entry):
            codec = try entry.codec
            protectionInformation = entry.protection
        case .audio(let entry):
            codec = entry.codec
            protectionInformation = entry.protection
        case .text:
            codec = .webVTT
            protectionInformation = nil
        }
        track = Track(
            name: name, timescale: media.header.timescale, codec: codec,
            language: media.extendedLanguage?.tag ?? media.header.language.tag, reorderDelay: reorderDelay,
            frameRate: frameRate)
        if let protectionInformation {
            protection = try TrackProtection(protectionInformation, systemBoxes: moov.systemBoxes)
        }
        defaults = moov.extends.trackDefaults
    }

    package func serialize() -> [UInt8] {
        var writer = ByteWriter(capacity: 2048)
        // cmf2: run boxes of version 1 and no edit list, so that composition offsets may be negative.
        // ISO/IEC 23000-19:2024, clause 7.2.
        writer.writeBox(FileType(majorBrand: "cmf2", compatibleBrands: ["iso6", "cmfc", "cmf2"]))
        writer.writeBox(
            Movie(
                header: MovieHeader(timescale: track.timescale, nextTrackID: 2), track: trackBox,
                extends: MovieExtends(trackDefaults: defaults), systemBoxes: protection?.systemBoxes ?? []))
        return writer.bytes
    }

    private var trackBox: TrackBox {
        let size = track.codec.codedSize
        // The coded size: no `pasp`, as pixels are square by default, and a picture that is passed through may say
        // otherwise in its sequence header.
        let header = TrackHeader(
            trackID: 1, volume: track.kind == .audio ? 0x0100 : 0, width: (size?.width ?? 0) << 16,
            height: (size?.height ?? 0) << 16)
        var description = SampleDescription(track.codec)
        if let protection { description.protect(protection) }
        let isVideo = track.kind == .video || track.kind == .image
        let code = LanguageCode(tag: track.language)
        return TrackBox(
            header: header,
            media: MediaBox(
                header: MediaHeader(timescale: track.timescale, language: code),
                extendedLanguage: code.tag == track.language ? nil : ExtendedLanguage(tag: track.language),
                handler: track.kind.handler,
                information: MediaInformation(
                    videoHeader: isVideo ? VideoMediaHeader() : nil,
                    soundHeader: track.kind == .audio ? SoundMediaHeader() : nil,
                    nullHeader: track.kind == .text ? NullMediaHeader() : nil,
                    dataInformation: DataInformation(references: DataReference()),
                    sampleTable: SampleTable(
                        description: description, timeToSample: TimeToSample(), sampleToChunk: SampleToChunk(),
                        sampleSizes: SampleSizes(), chunkOffsets: ChunkOffsets()))))
    }
}

extension VisualSampleEntry {
    fileprivate var codec: CodecConfiguration {
        get throws(ParseError) {
            switch configuration {
            case .avc(let record): return .avc(record, width: width, height: height)
            case .hevc(let record): return .hevc(record, width: width, height: height)
            case .av1(let record): return .av1(record, width: width, height: height)
            case .jpeg(let layout):
                let tiles = PictureTiles(
                    width: width / UInt16(layout.columns), height: height / UInt16(layout.rows),
                    columns: layout.columns, rows: layout.rows)
                guard protection == nil, tiles.isPossible, tiles.sheetWidth == Int(width),
                    tiles.sheetHeight == Int(height)
                else { throw ParseError(.invalid, at: 0, "\(width)x\(height) of \(layout.columns)x\(layout.rows)") }
                return .jpeg(tiles)
            }
        }
    }
}

extension CodecConfiguration {
    /// Of what a sample holds.
    fileprivate var codedSize: (width: UInt32, height: UInt32)? {
        guard case .jpeg(let tiles) = self else { return pictureSize }
        return (UInt32(clamping: tiles.sheetWidth), UInt32(clamping: tiles.sheetHeight))
    }
}

extension Track.Kind {
    /// ISO/IEC 14496-12:2022, clauses 12.1.1 and 12.2.1; ISO/IEC 23008-12:2022, clause 7.2.2.
    fileprivate var handler: HandlerReference {
        switch self {
        case .video: HandlerReference(handlerType: "vide", name: "Video")
        case .audio: HandlerReference(handlerType: "soun", name: "Audio")
        case .image: HandlerReference(handlerType: "pict", name: "Pictures")
        case .text: HandlerReference(handlerType: "text", name: "Subtitles")
        }
    }
}

extension AudioSampleEntry {
    fileprivate var codec: CodecConfiguration {
        switch configuration {
        case .aac(let stream): .aac(stream.configuration)
        case .ac3(let configuration): .ac3(configuration)
        case .eac3(let configuration): .eac3(configuration)
        case .opus(let configuration): .opus(configuration)
        }
    }
}

extension SampleDescription {
    fileprivate init(_ codec: CodecConfiguration) {
        switch codec {
        case .avc(let record, let width, let height):
            self.init(.video(VisualSampleEntry(width: width, height: height, configuration: .avc(record))))
        case .hevc(let record, let width, let height):
            self.init(.video(VisualSampleEntry(width: width, height: height, configuration: .hevc(record))))
        case .av1(let record, let width, let height):
            self.init(.video(VisualSampleEntry(width: width, height: height, configuration: .av1(record))))
        case .aac(let configuration):
            self.init(
                audio: .aac(ElementaryStreamDescriptor(configuration: configuration)), configuration.channels,
                configuration.sampleRate)
        case .ac3(let configuration):
            self.init(audio: .ac3(configuration), configuration.channels, configuration.sampleRate)
        case .eac3(let configuration):
            self.init(audio: .eac3(configuration), configuration.channels, configuration.sampleRate ?? 0)
        case .opus(let configuration):
            self.init(audio: .opus(configuration), configuration.channels, OpusConfiguration.sampleRate)
        case .webVTT: self.init(.text(WebVTTSampleEntry()))
        case .jpeg(let tiles):
            self.init(
                .video(
                    VisualSampleEntry(
                        width: UInt16(clamping: tiles.sheetWidth), height: UInt16(clamping: tiles.sheetHeight),
                        configuration: .jpeg(TileLayout(columns: tiles.columns, rows: tiles.rows)))))
        }
    }

    private init(audio configuration: AudioSampleEntry.Configuration, _ channels: UInt8, _ sampleRate: UInt32) {
        self.init(.audio(AudioSampleEntry(channels: channels, sampleRate: sampleRate, configuration: configuration)))
    }

    fileprivate mutating func protect(_ protection: TrackProtection) {
        switch entry {
        case .video(var video):
            video.protection = protection.information(of: video.configuration.clearTypes[0])
            entry = .video(video)
        case .audio(var audio):
            audio.protection = protection.information(of: audio.configuration.clearType)
            entry = .audio(audio)
        // Has no form.
        case .text: break
        }
    }
}

extension TrackProtection {
    fileprivate init(_ information: ProtectionSchemeInformation, systemBoxes: [[UInt8]]) throws(ParseError) {
        let scheme: ProtectionScheme
        switch information.schemeType.scheme {
        case ProtectionScheme.cenc.fourCC: scheme = .cenc
        case ProtectionScheme.cbcs.fourCC: scheme = .cbcs
        case let other: throw ParseError(.unsupported, at: 0, "protection scheme \(other)")
        }
        let encryption = information.schemeInformation.trackEncryption
        guard encryption.isProtected else {
            throw ParseError(.unsupported, at: 0, "a protected track whose samples are in the clear by default")
        }
        self.init(
            scheme: scheme, defaultKeyID: encryption.keyID, perSampleIVSize: encryption.perSampleIVSize,
            constantIV: encryption.constantIV, cryptByteBlock: encryption.pattern?.crypt ?? 0,
            skipByteBlock: encryption.pattern?.skip ?? 0, systemBoxes: systemBoxes)
    }

    fileprivate func information(of format: FourCC) -> ProtectionSchemeInformation {
        // Patterns, and with them version 1 of tenc, belong to cbcs alone, to its audio too.
        let pattern = TrackEncryption.Pattern(crypt: cryptByteBlock, skip: skipByteBlock)
        return ProtectionSchemeInformation(
            originalFormat: OriginalFormat(format: format), schemeType: SchemeType(scheme: scheme.fourCC),
            schemeInformation: SchemeInformation(
                trackEncryption: TrackEncryption(
                    pattern: scheme == .cbcs ? pattern : nil, isProtected: true, perSampleIVSize: perSampleIVSize,
                    keyID: defaultKeyID, constantIV: constantIV)))
    }
}
