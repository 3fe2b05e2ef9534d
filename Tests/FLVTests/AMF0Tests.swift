import FLV
import Media
import Testing

@Suite struct AMF0Tests {
    static let everything: [AMF0] = [
        .string("onMetaData"),
        .ecmaArray([
            .init("width", .number(1920)), .init("stereo", .boolean(true)), .init("encoder", .string("Lavf")),
            .init("nested", .object([.init("a", .null), .init("b", .undefined), .init("", .number(-0.5))])),
        ]),
        .strictArray([.string("avc1"), .strictArray([]), .date(1_700_000_000_000)]),
        .string(String(repeating: "ä", count: 40_000)),
        .object([]),
    ]

    @Test func roundTrip() throws {
        let bytes = AMF0.serialize(Self.everything)
        #expect(try AMF0.parse(bytes) == Self.everything)
        #expect(AMF0.serialize(try AMF0.parse(bytes)) == bytes)
    }

    /// connect with one property, written out by hand from the specification.
    @Test func knownBytes() throws {
        let bytes: [UInt8] =
            [0x02, 0, 7] + Array("connect".utf8) + [0x00, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0]
            + [0x03, 0, 3] + Array("app".utf8) + [0x02, 0, 4] + Array("news".utf8) + [0, 0, 9]
        let values: [AMF0] = [.string("connect"), .number(1), .object([.init("app", .string("news"))])]
        #expect(try AMF0.parse(bytes) == values)
        #expect(AMF0.serialize(values) == bytes)
        #expect(values[2]["app"]?.string == "news")
        #expect(values[2]["tcUrl"] == nil)
    }

    @Test func otherMarkersOfTheWire() throws {
        // Typed object with class name "C", unsupported, XML document, date with a time zone.
        #expect(try AMF0.parse([0x10, 0, 1, 0x43, 0, 1, 0x61, 0x05, 0, 0, 9]) == [.object([.init("a", .null)])])
        #expect(try AMF0.parse([0x0D]) == [.undefined])
        #expect(try AMF0.parse([0x0F, 0, 0, 0, 2, 0x3C, 0x3E]) == [.string("<>")])
        #expect(try AMF0.parse([0x0B, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xC4]) == [.date(0)])
        // An ECMA array whose count is wrong, as encoders write it.
        #expect(try AMF0.parse([0x08, 0, 0, 0, 99, 0, 1, 0x61, 0x05, 0, 0, 9]) == [.ecmaArray([.init("a", .null)])])
    }

    @Test func everyTruncationThrows() throws {
        let bytes = AMF0.serialize([Self.everything[1]])
        for count in 1..<bytes.count {
            #expect(throws: ParseError.self, "\(count) bytes") { try AMF0.parse(Array(bytes[..<count])) }
        }
    }

    @Test func whatIsNotAMF0Throws() {
        #expect(code { try AMF0.parse([0x11, 4, 1]) } == .unsupported)
        #expect(code { try AMF0.parse([0x07, 0, 1]) } == .unsupported)
        #expect(code { try AMF0.parse([0x42]) } == .invalid)
        #expect(code { try AMF0.parse([0x09]) } == .invalid)
    }

    @Test func boundsHold() {
        let array: [UInt8] = [0x0A, 0, 0, 0, 1]
        let nested = [[UInt8]](repeating: array, count: 100_000).joined() + [0x05]
        #expect(code { try AMF0.parse(Array(nested)) } == .tooLarge)
        let objects = Array([[UInt8]](repeating: [0x03, 0, 1, 0x61], count: 1000).joined())
        #expect(code { try AMF0.parse(objects) } == .tooLarge)
        #expect(code { try AMF0.parse([UInt8](repeating: 0x05, count: 10_000)) } == .tooLarge)
        #expect(code { try AMF0.parse([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x05]) } == .truncated)
        #expect(code { try AMF0.parse([UInt8](repeating: 0x05, count: 1 << 20 + 1)) } == .tooLarge)
    }

    private func code(_ body: () throws -> [AMF0]) -> ParseError.Code? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? ParseError)?.code
        }
    }
}
