import ISOBMFF
import Media
import Testing

@Suite struct CMAFHeaderTests {
    private func roundTrip(_ header: CMAFHeader) throws -> CMAFHeader {
        let bytes = header.serialize()
        return try CMAFHeader(
            parsing: bytes.span, name: header.track.name, reorderDelay: header.track.reorderDelay,
            frameRate: header.track.frameRate)
    }

    @Test func clearTracksComeBack() throws {
        let video = CMAFHeader(track: try Fixtures.videoTrack())
        #expect(try roundTrip(video) == video)
        for language in ["en", "und", "pt-BR", "yue", "zh-Hant"] {
            let audio = CMAFHeader(track: try Fixtures.audioTrack(language: language))
            #expect(try roundTrip(audio) == audio)
        }
    }

    @Test func protectedTracksComeBack() throws {
        let systemBoxes = [
            ProtectionSystemSpecificHeader.common(keyIDs: [Fixtures.keyID]).serialize(),
            ProtectionSystemSpecificHeader(systemID: .widevine, data: [8, 1]).serialize(),
        ]
        for track in [try Fixtures.videoTrack(), try Fixtures.audioTrack()] {
            let cenc = CMAFHeader(
                track: track, protection: .cenc(keyID: Fixtures.keyID, systemBoxes: systemBoxes))
            #expect(try roundTrip(cenc) == cenc)
            let cbcs = CMAFHeader(
                track: track,
                protection: .cbcs(
                    keyID: Fixtures.keyID, constantIV: Fixtures.constantIV, kind: track.kind,
                    systemBoxes: systemBoxes))
            #expect(try roundTrip(cbcs) == cbcs)
        }
    }

    /// The bytes of a box from its type on.
    private func box(_ type: String, _ parts: [UInt8]...) -> [UInt8] { Array(type.utf8) + parts.joined() }

    /// Byte for byte what ISO/IEC 23001-7 and the packagers in use have.
    @Test func trackEncryptionLayout() throws {
        let track = try Fixtures.audioTrack()
        let kid = Fixtures.keyID.bytes
        let cenc = CMAFHeader(track: track, protection: .cenc(keyID: Fixtures.keyID)).serialize()
        #expect(cenc.contains(box("tenc", [0, 0, 0, 0, 0, 0, 1, 8], kid)))
        #expect(cenc.contains(box("schm", [0, 0, 0, 0], Array("cenc".utf8), [0, 1, 0, 0])))
        let cbcs = CMAFHeader(
            track: try Fixtures.videoTrack(),
            protection: .cbcs(keyID: Fixtures.keyID, constantIV: Fixtures.constantIV, kind: .video)
        ).serialize()
        #expect(
            cbcs.contains(box("tenc", [1, 0, 0, 0, 0, 0x19, 1, 0], kid, [16], Fixtures.constantIV)))
        let audio = CMAFHeader(
            track: track, protection: .cbcs(keyID: Fixtures.keyID, constantIV: Fixtures.constantIV, kind: .audio)
        ).serialize()
        #expect(audio.contains(box("tenc", [1, 0, 0, 0, 0, 0, 1, 0], kid, [16], Fixtures.constantIV)))
    }

    @Test func errorsSayPathAndOffset() throws {
        var bytes = CMAFHeader(track: try Fixtures.videoTrack()).serialize()
        let version = try #require(bytes.firstRange(of: Array("mdhd".utf8))).upperBound
        bytes[version] = 9
        let error = #expect(throws: ParseError.self) { try CMAFHeader(parsing: bytes.span) }
        #expect(error?.code == .unsupported)
        #expect(error?.reason == "/moov/trak/mdia/mdhd: version 9")
        #expect(error?.offset == version)
    }

    @Test func otherCodecsAreRefused() throws {
        var bytes = CMAFHeader(track: try Fixtures.videoTrack()).serialize()
        let type = try #require(bytes.firstRange(of: Array("avc1".utf8)))
        bytes.replaceSubrange(type, with: Array("vp09".utf8))
        let unknown = #expect(throws: ParseError.self) { try CMAFHeader(parsing: bytes.span) }
        #expect(unknown?.reason.hasSuffix("sample entry vp09") == true)
        bytes.replaceSubrange(type, with: Array("hvc1".utf8))
        let mixed = #expect(throws: ParseError.self) { try CMAFHeader(parsing: bytes.span) }
        #expect(mixed?.reason.hasSuffix("hvc1 for avc1") == true)
    }

    @Test func aProtectedEntryWithoutSinfIsRefused() throws {
        var bytes = CMAFHeader(track: try Fixtures.videoTrack()).serialize()
        let type = try #require(bytes.firstRange(of: Array("avc1".utf8)))
        bytes.replaceSubrange(type, with: Array("encv".utf8))
        let error = #expect(throws: ParseError.self) { try CMAFHeader(parsing: bytes.span) }
        #expect(error?.reason.hasSuffix("encv without sinf") == true)
    }
}
