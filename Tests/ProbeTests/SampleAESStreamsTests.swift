import CommonEncryption
import MPEGTS
import Media
import Probe
import Testing

/// SAMPLE-AES as the packager writes it, opened by the probe, which was written apart.
@Suite struct SampleAESStreamsTests {
    private static let media = [RecordedMedia.video, RecordedMedia.audio]

    private func segment(_ keys: [SampleAESKey?]) throws -> TransportStreamSegment {
        TransportStreamSegment(
            parsing: try RecordedMedia.transportStream(5, Self.media.map { try $0() }, sampleAES: keys))
    }

    /// The clear segment, with nothing said of protection.
    private func clear() throws -> TransportStreamSegment {
        TransportStreamSegment(parsing: try RecordedMedia.transportStream(5, Self.media.map { try $0() }))
    }

    @Test(arguments: [[true, true], [true, false], [false, true]]) func givesTheClearStreams(_ isProtected: [Bool])
        throws
    {
        let key = try RecordedMedia.sampleAESKey()
        var segment = try segment(isProtected.map { $0 ? key : nil })
        let clear = try clear()
        #expect(segment.issues.isEmpty && segment.hasProtectedStreams && !clear.hasProtectedStreams)
        #expect(segment.payloads != clear.payloads)
        var evidence = SoundEvidence()
        #expect(segment.open(key: key.key, iv: key.iv, evidence: &evidence).isEmpty)
        #expect(segment.payloads == clear.payloads)
        #expect(!segment.hasProtectedStreams && segment.mediaIssues.isEmpty && segment.facts == clear.facts)
    }

    @Test func soundTellsAWrongKey() throws {
        let key = try RecordedMedia.sampleAESKey()
        for sound in [[key, key], [nil, key]] {
            var evidence = SoundEvidence()
            var issues: [Probe.Issue] = []
            for _ in 0..<3 {
                var segment = try segment(sound)
                issues = segment.open(
                    key: try RecordedMedia.key(Array(repeating: 9, count: 16)), iv: key.iv, evidence: &evidence)
            }
            #expect(issues.map(\.rule.id) == ["media.payload"], "\(issues)")
        }
    }

    /// Streams that only say so: types and descriptors of the protected map over the packets of the clear one.
    @Test func soundInTheClear() throws {
        let key = try RecordedMedia.sampleAESKey()
        let said = try RecordedMedia.transportStream(5, [RecordedMedia.audio()], sampleAES: [key])
        var bytes = try RecordedMedia.transportStream(5, [RecordedMedia.audio()])
        try #require(said.count == bytes.count)
        for start in stride(from: 0, to: bytes.count, by: TransportStreamSegment.packetSize)
        where said[start + 4..<start + 6].elementsEqual([0, 2]) {
            try #require(bytes[start..<start + 4].elementsEqual(said[start..<start + 4]), "tables lie in other places")
            bytes.replaceSubrange(start..<start + 188, with: said[start..<start + 188])
        }
        var evidence = SoundEvidence()
        var issues: [Probe.Issue] = []
        for _ in 0..<4 {
            var segment = TransportStreamSegment(parsing: bytes)
            try #require(segment.hasProtectedStreams, "the map was not replaced")
            issues = segment.open(key: key.key, iv: key.iv, evidence: &evidence)
        }
        #expect(issues.map(\.rule.id) == ["media.clear"])
    }

    @Test func descriptorMissing() throws {
        let key = try RecordedMedia.sampleAESKey()
        var bytes = try RecordedMedia.transportStream(5, [RecordedMedia.video()], sampleAES: [key])
        let name = Array("zavc".utf8)
        for start in bytes.indices.dropLast(4) where Array(bytes[start..<start + 4]) == name { bytes[start] = 0x79 }
        var segment = TransportStreamSegment(parsing: bytes)
        var evidence = SoundEvidence()
        #expect(segment.open(key: key.key, iv: key.iv, evidence: &evidence).map(\.rule.id) == ["ts.sample-aes"])
    }

    /// Cut anywhere, or with any byte changed: an answer, and no trap.
    @Test func hostileBytes() throws {
        let key = try RecordedMedia.sampleAESKey()
        let whole = Array(
            try RecordedMedia.transportStream(
                5, Self.media.map { try $0() }, sampleAES: [key, key]
            )[..<(6 * TransportStreamSegment.packetSize)])
        for packet in 0..<6 {
            for index in 0..<60 {
                for value in [0, 0x47, 0xFF] as [UInt8] {
                    var bytes = whole
                    bytes[packet * TransportStreamSegment.packetSize + index] = value
                    var segment = TransportStreamSegment(parsing: bytes)
                    var evidence = SoundEvidence()
                    _ = segment.open(key: key.key, iv: key.iv, evidence: &evidence)
                    _ = segment.mediaIssues
                }
            }
        }
    }
}
