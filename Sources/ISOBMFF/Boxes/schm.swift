package import Media

/// `schm`: the protection scheme. ISO/IEC 14496-12:2022, clause 8.12.5.
package struct SchemeType: Box {
    package static let boxType: FourCC = "schm"

    package var scheme: FourCC
    package var version: UInt32

    package init(scheme: FourCC, version: UInt32 = 0x0001_0000) {
        self.scheme = scheme
        self.version = version
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        let flags = try reader.readFullBox().flags
        scheme = try reader.readFourCC()
        version = try reader.read(UInt32.self)
        if flags & 1 == 1 { try reader.skip(reader.remaining) }  // a URI for people
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox()
        writer.write(scheme)
        writer.write(version)
    }

    package func describe(to description: inout BoxDescription) {
        description.field("scheme", scheme)
        description.field("version", flags: version)
    }
}
