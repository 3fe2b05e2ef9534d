package import Media

/// `stbl`: the samples of the movie itself, none in a CMAF header. ISO/IEC 14496-12:2022, clause 8.5.1.
package struct SampleTable: Box {
    package static let boxType: FourCC = "stbl"

    package var description: SampleDescription
    package var timeToSample: TimeToSample
    package var sampleToChunk: SampleToChunk
    package var sampleSizes: SampleSizes
    package var chunkOffsets: ChunkOffsets

    package init(
        description: SampleDescription, timeToSample: TimeToSample, sampleToChunk: SampleToChunk,
        sampleSizes: SampleSizes, chunkOffsets: ChunkOffsets
    ) {
        self.description = description
        self.timeToSample = timeToSample
        self.sampleToChunk = sampleToChunk
        self.sampleSizes = sampleSizes
        self.chunkOffsets = chunkOffsets
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        var description: SampleDescription?
        var timeToSample: TimeToSample?
        var sampleToChunk: SampleToChunk?
        var sampleSizes: SampleSizes?
        var chunkOffsets: ChunkOffsets?
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            switch box.type {
            case SampleDescription.boxType: try reader.readBox(box, once: &description)
            case TimeToSample.boxType: try reader.readBox(box, once: &timeToSample)
            case SampleToChunk.boxType: try reader.readBox(box, once: &sampleToChunk)
            case SampleSizes.boxType: try reader.readBox(box, once: &sampleSizes)
            case ChunkOffsets.boxType: try reader.readBox(box, once: &chunkOffsets)
            default: try reader.skipBox(box)
            }
        }
        self.description = try description.required()
        self.timeToSample = try timeToSample.required()
        self.sampleToChunk = try sampleToChunk.required()
        self.sampleSizes = try sampleSizes.required()
        self.chunkOffsets = try chunkOffsets.required()
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeBox(description)
        writer.writeBox(timeToSample)
        writer.writeBox(sampleToChunk)
        writer.writeBox(sampleSizes)
        writer.writeBox(chunkOffsets)
    }
}
