package import Media

/// `minf`: what is special to a kind of media. ISO/IEC 14496-12:2022, clause 8.4.4.
package struct MediaInformation: Box {
    package static let boxType: FourCC = "minf"

    package var videoHeader: VideoMediaHeader?
    package var soundHeader: SoundMediaHeader?
    package var nullHeader: NullMediaHeader?
    package var dataInformation: DataInformation
    package var sampleTable: SampleTable

    package init(
        videoHeader: VideoMediaHeader? = nil, soundHeader: SoundMediaHeader? = nil,
        nullHeader: NullMediaHeader? = nil, dataInformation: DataInformation,
        sampleTable: SampleTable
    ) {
        self.videoHeader = videoHeader
        self.soundHeader = soundHeader
        self.nullHeader = nullHeader
        self.dataInformation = dataInformation
        self.sampleTable = sampleTable
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        var videoHeader: VideoMediaHeader?
        var soundHeader: SoundMediaHeader?
        var nullHeader: NullMediaHeader?
        var dataInformation: DataInformation?
        var sampleTable: SampleTable?
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            switch box.type {
            case VideoMediaHeader.boxType: try reader.readBox(box, once: &videoHeader)
            case SoundMediaHeader.boxType: try reader.readBox(box, once: &soundHeader)
            case NullMediaHeader.boxType: try reader.readBox(box, once: &nullHeader)
            case DataInformation.boxType: try reader.readBox(box, once: &dataInformation)
            case SampleTable.boxType: try reader.readBox(box, once: &sampleTable)
            default: try reader.skipBox(box)
            }
        }
        self.videoHeader = videoHeader
        self.soundHeader = soundHeader
        self.nullHeader = nullHeader
        self.dataInformation = try dataInformation.required()
        self.sampleTable = try sampleTable.required()
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeBox(videoHeader)
        writer.writeBox(soundHeader)
        writer.writeBox(nullHeader)
        writer.writeBox(dataInformation)
        writer.writeBox(sampleTable)
    }
}
