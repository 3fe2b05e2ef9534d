import ISOBMFF
import Media
import Testing

@Suite struct ProtectionSystemSpecificHeaderTests {
    /// The common system's box with one KID is the 52 bytes that browsers read.
    @Test func commonSystem() throws {
        let bytes = ProtectionSystemSpecificHeader.common(keyIDs: [Fixtures.keyID]).serialize()
        var expected: [UInt8] = [0, 0, 0, 52, 0x70, 0x73, 0x73, 0x68, 1, 0, 0, 0]
        expected += DRMSystemID.common.id.bytes
        expected += [0, 0, 0, 1] as [UInt8]
        expected += Fixtures.keyID.bytes
        expected += [0, 0, 0, 0] as [UInt8]
        #expect(bytes == expected)
        let box = try ProtectionSystemSpecificHeader(parsing: bytes.span)
        #expect(box.systemID == .common)
        #expect(box.keyIDs == [Fixtures.keyID])
    }

    @Test func bytesAfterTheBoxAreRefused() {
        let bytes = ProtectionSystemSpecificHeader(systemID: .playReady, data: [1]).serialize() + [0]
        #expect(throws: ParseError.self) { try ProtectionSystemSpecificHeader(parsing: bytes.span) }
    }

    @Test func aCountOfKeysBeyondTheBoxIsRefused() {
        var bytes = ProtectionSystemSpecificHeader.common(keyIDs: [Fixtures.keyID]).serialize()
        bytes.replaceSubrange(28..<32, with: [0xFF, 0xFF, 0xFF, 0xFF])
        let error = #expect(throws: ParseError.self) { try ProtectionSystemSpecificHeader(parsing: bytes.span) }
        #expect(error?.code == .truncated)
    }
}
