import Media
import ProtectionSystems
import Testing

@Suite struct WidevineHeaderTests {
    private let id = KeyID(bytes: Array(0..<16))

    @Test func fieldsStandInTheOrderOfTheirNumbers() throws {
        let id = try #require(id)
        let header = WidevineHeader(
            keyIDs: [id], provider: "p", contentID: [0xFF, 0], cryptoPeriodIndex: 300, protectionScheme: "cbcs",
            cryptoPeriodSeconds: 60)
        #expect(
            header.serialize() == [0x12, 16] + id.bytes
                + [0x1A, 1, 0x70, 0x22, 2, 0xFF, 0, 0x38, 0xAC, 0x02, 0x48, 0xF3, 0xC6, 0x89, 0x9B, 0x06, 0x50, 60])
        #expect(try WidevineHeader(parsing: header.serialize()) == header)
    }

    /// An algorithm, a policy, fields of fixed size, and a key id of another size.
    @Test func foreignFieldsArePassedOver() throws {
        let id = try #require(id)
        let policy: [UInt8] = [0x32, 1, 0x41]
        let fixed: [UInt8] = [0x7D, 1, 2, 3, 4, 0x79, 1, 2, 3, 4, 5, 6, 7, 8]
        let bytes =
            [0x08, 0x01, 0x12, 16] + id.bytes + policy + [0x12, 3, 1, 2, 3] + fixed + [
                0x48, 0xE3, 0xDC, 0x95, 0x9B, 0x06,
            ]
        let header = try WidevineHeader(parsing: bytes)
        #expect(header == WidevineHeader(keyIDs: [id], protectionScheme: "cenc"))
    }

    @Test func brokenBytesAreRefused() throws {
        let broken: [[UInt8]] = [
            [0x12], [0x12, 16, 1], [0x48], [0x48, 0x80], [0x00, 0x01], [0x0B], [0x0F],
            [0x48] + [UInt8](repeating: 0xFF, count: 10) + [1],
            [0x12] + [UInt8](repeating: 0xFF, count: 9) + [1],
        ]
        for bytes in broken { #expect(throws: ParseError.self, "\(bytes)") { try WidevineHeader(parsing: bytes) } }
    }
}
