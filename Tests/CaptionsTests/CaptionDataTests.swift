import Captions
import Media
import Testing

@Suite struct CaptionDataTests {
    private static let head: [UInt8] = [0xB5, 0, 0x31, 0x47, 0x41, 0x39, 0x34, 3]
    private static let body: [UInt8] =
        head + [0x40 | 3, 0xFF, 0xFC, 0x94, 0x20, 0xFD, 0x80, 0x80, 0xFE, 1, 2] + [0xFF]

    private func sample(_ units: [[UInt8]]) -> [UInt8] {
        units.flatMap { [0, 0, UInt8($0.count >> 8), UInt8($0.count & 255)] + $0 }
    }

    private let expected = [
        CaptionPair(field: 0, first: 0x94, second: 0x20), CaptionPair(field: 1, first: 0x80, second: 0x80),
    ]

    @Test func theyAreFoundAmongOtherMessages() throws {
        // A message of another type, one of 255 bytes and more, and the captions.
        let long = [UInt8](repeating: 7, count: 300)
        let message: [UInt8] = [1, 2, 9, 9] + [5, 255, 45] + long + [4, UInt8(Self.body.count)] + Self.body + [0x80]
        #expect(
            try CaptionData.pairs(in: sample([[9, 0x10], [6] + message, [0x65, 1, 2]]), isHEVC: false) == expected)
        #expect(try CaptionData.pairs(in: sample([[39 << 1, 1] + message, [2, 1, 2]]), isHEVC: true) == expected)
        #expect(try CaptionData.pairs(in: sample([[0x65, 1, 2]]), isHEVC: false) == [])
    }

    @Test func emulationPreventionIsUndone() throws {
        let other = Self.head + [0x42, 0xFF, 0xFC, 0, 0, 0xFC, 0, 0, 0xFF]
        var more: [UInt8] = [6, 4, UInt8(other.count)]
        for byte in other {
            if more.suffix(2) == [0, 0], byte <= 3 { more.append(3) }
            more.append(byte)
        }
        #expect(try CaptionData.pairs(in: sample([more + [0x80]]), isHEVC: false).count == 2)
    }

    @Test(
        arguments: [
            ("another country", [0xB4] + body.dropFirst()),
            ("not of ATSC", Array(body.prefix(3)) + [1, 2, 3, 4] + body[7...]),
            ("no captions in it", head + [0x03, 0xFF] + body[10...]), ("nothing", []),
        ] as [(String, [UInt8])]) func othersAreNot(_ what: String, _ body: [UInt8]) throws
    {
        let unit = [6, 4, UInt8(body.count)] + body + [0x80]
        #expect(try CaptionData.pairs(in: sample([unit]), isHEVC: false) == [], "\(what)")
    }

    /// What is cut off says what came before that.
    @Test func anyPartOfIt() throws {
        let unit: [UInt8] = [6, 4, UInt8(Self.body.count)] + Self.body + [0x80]
        for count in 1...unit.count {
            let pairs = try CaptionData.pairs(in: sample([Array(unit[..<count])]), isHEVC: false)
            #expect(pairs.isEmpty || pairs == expected)
        }
        #expect(throws: ParseError.self) { _ = try CaptionData.pairs(in: [0, 0, 0, 9, 6], isHEVC: false) }
    }
}
