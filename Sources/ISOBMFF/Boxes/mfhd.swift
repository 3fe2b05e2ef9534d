package import Media

/// `mfhd`: the number of a fragment. ISO/IEC 14496-12:2022, clause 8.8.5.
package struct MovieFragmentHeader: Box {
    package static let boxType: FourCC = "mfhd"

    package var sequenceNumber: UInt32

    package init(sequenceNumber: UInt32) { self.sequenceNumber = sequenceNumber }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        _ = try reader.readFullBox()
        sequenceNumber = try reader.read(UInt32.self)
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox()
        writer.write(sequenceNumber)
    }

    package func describe(to description: inout BoxDescription) { description.field("sequence", sequenceNumber) }
}
