import OpenSSLCrypto
import Sealing
import Testing

@Suite struct SealingKeyTests {
    private let key: SealingKey
    private let plain = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    private let context = ["segment", "news", "720p", "800000000"]

    init() throws {
        key = try HostKey.of(HostKeyTests.raw).key(for: .segments)
    }

    @Test func whatIsSealedOpens() throws {
        for count in [0, 1, 15, 16, 1000] {
            let message = Array(plain.prefix(count))
            let sealed = try key.sealing(message, context)
            #expect(sealed.count == count + SealingKey.overhead)
            #expect(key.opening(sealed, context) == message)
            #expect(key.openingSecret(sealed, context) == message)
        }
    }

    /// Made by hand of RFC 5869 and AES-GCM: the format must not change unnoticed, or windows become unreadable.
    @Test func theFormatIsWhatItSays() throws {
        let sealed = try key.sealing(plain, ["a", "bc"])
        #expect(Array(sealed.prefix(8)) == Array("sluice".utf8) + [0, 1])
        let raw = HostKeyTests.raw
        let own = hkdfSHA256(raw.span, salt: Array("sluice host key".utf8), info: Array("sluice segments 1".utf8))
        let message = hkdfSHA256(own.span, salt: Array(sealed[8..<32]), info: Array("sluice sealed message 1".utf8))
        let rest = Array(sealed[32...])
        let opened = try AESGCM.open(
            rest.span, key: message.span, nonce: [UInt8](repeating: 0, count: 12),
            authenticating: Array("sluice".utf8) + [0, 1] + Array("1:a2:bc".utf8))
        #expect(opened == plain)
    }

    @Test func equalMessagesLookDifferent() throws {
        let sealed = try (0..<100).map { _ in try key.sealing(plain, context) }
        #expect(Set(sealed.map { Array($0[8..<32]) }).count == 100)
        #expect(Set(sealed.map { Array($0[32...]) }).count == 100)
    }

    @Test(arguments: [
        ["segment", "news", "720p", "800000001"], ["segment", "news", "480p", "800000000"],
        ["segment", "new", "s720p", "800000000"], ["segment", "news", "720p"], [],
        ["segment", "news", "720p", "800000000", ""], ["segment4:news", "720p", "800000000"],
    ])
    func nothingOpensInAnothersPlace(_ other: [String]) throws {
        let sealed = try key.sealing(plain, context)
        #expect(key.opening(sealed, other) == nil)
        #expect(key.openingSecret(sealed, other) == nil)
    }

    @Test func everyChangeAndEveryTearIsNoticed() throws {
        let sealed = try key.sealing(Array(plain.prefix(40)), context)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1 << UInt8(index % 8)
            #expect(key.opening(changed, context) == nil)
            #expect(key.openingSecret(changed, context) == nil)
            #expect(key.opening(Array(sealed[..<index]), context) == nil)
        }
        #expect(key.opening(sealed + [0], context) == nil)
        #expect(key.opening([UInt8](repeating: 0, count: sealed.count), context) == nil)
    }
}
