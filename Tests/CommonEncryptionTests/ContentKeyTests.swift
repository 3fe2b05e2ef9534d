import CommonEncryption
import Testing

@Suite struct ContentKeyTests {
    private let bytes: [UInt8] = [0xDE, 0xAD, 0xBE, 0xEF, 0xFE, 0xED, 0xFA, 0xCE] + [UInt8](200..<208)

    @Test func holdsSixteenBytes() throws {
        let key = try #require(ContentKey(bytes))
        var copy: [UInt8] = []
        for index in 0..<key.bytes.count { copy.append(key.bytes[index]) }
        #expect(copy == bytes)
        for size in [0, 15, 17, 32] {
            let wrong = [UInt8](repeating: 7, count: size)
            #expect(ContentKey(wrong) == nil)
        }
    }

    @Test func movingClearsTheSource() throws {
        var source = bytes
        let key = try #require(ContentKey(moving: &source))
        #expect(source == [UInt8](repeating: 0, count: 16))
        #expect(ContentKey(bytes) == key)
        var wrong: [UInt8] = [1, 2, 3]
        #expect(ContentKey(moving: &wrong) == nil)
        #expect(wrong == [0, 0, 0])
    }

    @Test func equality() throws {
        let key = try #require(ContentKey(bytes))
        var other = bytes
        other[15] ^= 1
        #expect(try #require(ContentKey(bytes)) == key)
        #expect(try #require(ContentKey(other)) != key)
    }

    @Test func neverPrints() throws {
        struct Holder { var key: ContentKey }
        let key = try #require(ContentKey(bytes))
        var dumped = ""
        dump(Holder(key: key), to: &dumped)
        dump(Optional(key), to: &dumped)
        for text in ["\(key)", String(reflecting: key), "\(Holder(key: key))", "\([key])", dumped] {
            #expect(text.contains("redacted"))
            // More than one byte: names of local types hold addresses, in which any one may turn up.
            #expect(!text.contains("222, 173") && !text.lowercased().contains("deadbeef"))
        }
    }
}
