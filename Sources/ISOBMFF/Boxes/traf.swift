package import Media

/// `traf`: the samples of one track in a fragment, and how they are protected. ISO/IEC 14496-12:2022, clause 8.8.6.
package struct TrackFragment: Box {
    package static let boxType: FourCC = "traf"

    package var header: TrackFragmentHeader
    package var decodeTime: TrackFragmentDecodeTime
    /// Exactly one, as a CMAF chunk has it. ISO/IEC 23000-19:2024, clause 7.3.2.3.
    package var run: TrackRun
    package var groups: SampleToGroup?
    package var groupDescription: SampleGroupDescription?
    package var auxiliarySizes: SampleAuxiliaryInformationSizes?
    package var auxiliaryOffsets: SampleAuxiliaryInformationOffsets?
    /// The payload of `senc`, which cannot be read without the size of the IVs.
    package var sampleEncryption: [UInt8]?

    package init(header: TrackFragmentHeader, decodeTime: TrackFragmentDecodeTime, run: TrackRun) {
        self.header = header
        self.decodeTime = decodeTime
        self.run = run
    }

    /// Groups other than `seig` are skipped.
    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        var header: TrackFragmentHeader?
        var decodeTime: TrackFragmentDecodeTime?
        var run: TrackRun?
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            switch box.type {
            case TrackFragmentHeader.boxType: try reader.readBox(box, once: &header)
            case TrackFragmentDecodeTime.boxType: try reader.readBox(box, once: &decodeTime)
            case TrackRun.boxType: try reader.readBox(box, once: &run)
            case SampleToGroup.boxType:
                let groups: SampleToGroup = try reader.readBox(box)
                if groups.groupingType == SampleEncryptionGroupEntry.groupingType { self.groups = groups }
            case SampleGroupDescription.boxType:
                let description: SampleGroupDescription = try reader.readBox(box)
                if description.groupingType == SampleEncryptionGroupEntry.groupingType {
                    groupDescription = description
                }
            case SampleAuxiliaryInformationSizes.boxType: try reader.readBox(box, once: &auxiliarySizes)
            case SampleAuxiliaryInformationOffsets.boxType: try reader.readBox(box, once: &auxiliaryOffsets)
            case SampleEncryption.boxType: sampleEncryption = try reader.readBytes(box.payloadSize)
            default: try reader.skipBox(box)
            }
        }
        self.header = try header.required()
        self.decodeTime = try decodeTime.required()
        self.run = try run.required()
    }

    package func writePayload(to writer: inout ByteWriter) { _ = write(payloadTo: &writer, fragmentStart: nil) }

    /// - Parameter fragmentStart: where in `writer` the `moof` begins; `saio` is then made to point at `senc`.
    /// - Returns: where in `writer` the run begins.
    func write(payloadTo writer: inout ByteWriter, fragmentStart: Int?) -> Int {
        writer.writeBox(header)
        writer.writeBox(decodeTime)
        let runStart = writer.count
        writer.writeBox(run)
        writer.writeBox(groups)
        writer.writeBox(groupDescription)
        writer.writeBox(auxiliarySizes)
        let offsetsStart = writer.count
        writer.writeBox(auxiliaryOffsets)
        if let sampleEncryption {
            if let fragmentStart, auxiliaryOffsets?.offsets.count == 1 {
                let entries = writer.count + SampleEncryption.entriesOffset - fragmentStart
                writer.patch(UInt32(entries), at: offsetsStart + SampleAuxiliaryInformationOffsets.firstPosition)
            }
            writer.writeBox(SampleEncryption.boxType) { $0.write(bytes: sampleEncryption) }
        }
        return runStart
    }
}
