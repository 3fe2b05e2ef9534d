package import Media

/// `ftyp`: what the file follows. ISO/IEC 14496-12:2022, clause 4.3.
package struct FileType: Box {
    package static let boxType: FourCC = "ftyp"

    package var majorBrand: FourCC
    package var minorVersion: UInt32
    package var compatibleBrands: [FourCC]

    package init(majorBrand: FourCC, minorVersion: UInt32 = 0, compatibleBrands: [FourCC]) {
        self.majorBrand = majorBrand
        self.minorVersion = minorVersion
        self.compatibleBrands = compatibleBrands
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        majorBrand = try reader.readFourCC()
        minorVersion = try reader.read(UInt32.self)
        compatibleBrands = []
        while !reader.isAtEnd { compatibleBrands.append(try reader.readFourCC()) }
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.write(majorBrand)
        writer.write(minorVersion)
        for brand in compatibleBrands { writer.write(brand) }
    }

    package func describe(to description: inout BoxDescription) {
        description.field("major", majorBrand)
        description.field("minor", minorVersion)
        description.field("compatible", compatibleBrands.map(\.description).joined(separator: ","))
    }
}
