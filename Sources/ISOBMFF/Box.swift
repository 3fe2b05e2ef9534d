package import Media

/// A box that this module knows: what follows its size and type, read and written in one place.
/// ISO/IEC 14496-12:2022, clause 4.2.
package protocol Box: Sendable, Equatable {
    static var boxType: FourCC { get }

    /// Reads the payload; `reader` holds exactly it, and errors count from its start.
    /// Bytes left over are an error of the caller's to raise.
    @_lifetime(reader: copy reader)
    init(reading reader: inout ByteReader) throws(ParseError)

    func writePayload(to writer: inout ByteWriter)

    /// The fields, for dumps; containers have none of their own.
    func describe(to description: inout BoxDescription)
}

extension Box {
    package func describe(to description: inout BoxDescription) {}

    /// The whole box as bytes.
    package func serialized() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeBox(self)
        return writer.bytes
    }

    /// Reads exactly one whole box of this type.
    package init(parsingBox bytes: Span<UInt8>) throws(ParseError) {
        var reader = ByteReader(bytes)
        let header = try reader.readBoxHeader()
        guard header.type == Self.boxType else {
            throw ParseError(.invalid, at: 0, "\(header.type) instead of \(Self.boxType)")
        }
        self = try reader.readBox(header)
        guard reader.isAtEnd else { throw ParseError(.invalid, at: reader.offset, "bytes after \(Self.boxType)") }
    }
}

/// What `BoxDump` shows of a box: fields on its line, entries of its tables on lines below.
package struct BoxDescription: Sendable {
    package private(set) var fields: [String] = []
    package private(set) var entries: [String] = []

    package init() {}

    package mutating func field(_ name: String, _ value: some CustomStringConvertible) {
        fields.append("\(name)=\(value)")
    }

    package mutating func field(_ name: String, hex bytes: some Sequence<UInt8>) {
        field(name, "0x" + bytes.map(Self.hex).joined())
    }

    /// A set of flag bits, shown as the standard writes them.
    package mutating func field(_ name: String, flags: UInt32) {
        field(name, "0x" + [24, 16, 8, 0].map { Self.hex(UInt8(truncatingIfNeeded: flags >> $0)) }.joined())
    }

    package mutating func entry(_ text: String) { entries.append(text) }

    private static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}
