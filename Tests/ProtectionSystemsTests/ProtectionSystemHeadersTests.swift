import ISOBMFF
import Media
import ProtectionSystems
import Testing

@Suite struct ProtectionSystemHeadersTests {
    private let ids: [KeyID]

    init() throws {
        ids = try ["00112233445566778899aabbccddeeff", "0102030405060708090a0b0c0d0e0f10"].map {
            try #require(KeyID(parsing: $0))
        }
    }

    @Test func severalBoxesAreReadAndNameTheirKeys() throws {
        let boxes = [
            ProtectionSystemSpecificHeader.common(keyIDs: ids),
            .init(systemID: .widevine, data: WidevineHeader(keyIDs: ids).serialize()),
            .init(
                systemID: .playReady,
                data: PlayReadyObject(PlayReadyHeader(ids.map { .init($0, .aesCTR) })).serialize()),
            .init(systemID: .fairPlay, data: [1]),
        ]
        let bytes = boxes.flatMap { $0.serialize() }
        let read = try ProtectionSystemHeaders.parse(bytes)
        #expect(read == boxes)
        #expect(try read.map { try $0.namedKeyIDs } == [ids, ids, ids, []])
    }

    @Test func otherBytesAreRefused() throws {
        let box = ProtectionSystemSpecificHeader.common(keyIDs: ids).serialize()
        let ends = [0, box.count, box.count * 2]
        for count in 0..<box.count * 2 where !ends.contains(count) {
            #expect(throws: ParseError.self) { try ProtectionSystemHeaders.parse(Array((box + box).prefix(count))) }
        }
        #expect(throws: ParseError.self) { try ProtectionSystemHeaders.parse([]) }
        for size in [0, 1, 7] as [UInt8] {
            #expect(throws: ParseError.self) {
                try ProtectionSystemHeaders.parse([0, 0, 0, size] + Array(box.dropFirst(4)))
            }
        }
        var named = box
        named.replaceSubrange(4..<8, with: "moof".utf8)
        #expect(throws: ParseError.self) { try ProtectionSystemHeaders.parse(named) }
    }

    /// Any byte of a box may be anything: no input stops the program.
    @Test func changedBytesNeverTrap() throws {
        let boxes: [ProtectionSystemSpecificHeader] = [
            .init(
                systemID: .widevine,
                data: WidevineHeader(keyIDs: ids, contentID: [1, 2], protectionScheme: "cbcs").serialize()),
            .init(
                systemID: .playReady,
                data: PlayReadyObject(PlayReadyHeader([.init(ids[0], .aesCBC)], licenseURL: "https://a/&")).serialize()),
        ]
        var refused = 0
        for bytes in boxes.map({ $0.serialize() }) {
            for index in bytes.indices {
                for value in [0, 1, 0x26, 0x3C, 0x3E, 0x7F, 0x80, 0xFF] as [UInt8] {
                    var changed = bytes
                    changed[index] = value
                    do throws(ParseError) {
                        for box in try ProtectionSystemHeaders.parse(changed) { _ = try box.namedKeyIDs }
                    } catch {
                        refused += 1
                    }
                }
            }
        }
        #expect(refused > 100)
    }
}
