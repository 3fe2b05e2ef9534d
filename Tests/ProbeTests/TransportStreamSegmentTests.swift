import Media
import Probe
import Testing

@Suite struct TransportStreamSegmentTests {
    private static let size = TransportStreamSegment.packetSize

    private func bytes(_ number: UInt64 = 5) throws -> [UInt8] {
        try RecordedMedia.transportStream(number, [RecordedMedia.video(), RecordedMedia.audio()])
    }

    @Test func facts() throws {
        let segment = TransportStreamSegment(parsing: try bytes())
        #expect(segment.issues.isEmpty && segment.mediaIssues.isEmpty)
        let facts = try #require(segment.facts)
        #expect(facts.codecs == ["avc1.64000d", "mp4a.40.2"])
        #expect(facts.start == Ticks(5 * 92_160, timescale: 90_000))
        #expect(facts.duration == Ticks(92_160, timescale: 90_000))
        #expect(facts.frame == Ticks(3840, timescale: 90_000))
        #expect(facts.size?.width == 320 && facts.size?.height == 180)
    }

    /// An encoder's own codecs, copied.
    @Test(arguments: [("ac3-stereo", "ac-3"), ("eac3-surround", "ec-3")])
    func otherCodecs(sound: String, codec: String) throws {
        let picture = try RecordedMedia.hevc()
        let segment = TransportStreamSegment(
            parsing: try RecordedMedia.transportStream(5, [picture, RecordedMedia.dolby(sound)]))
        #expect(segment.issues.isEmpty && segment.mediaIssues.isEmpty)
        let facts = try #require(segment.facts)
        #expect(facts.codecs == [picture.track.codec.rfc6381, codec])
        #expect(facts.duration == Ticks(picture.ticks, timescale: 90_000))
        let size = try #require(picture.track.codec.pictureSize)
        #expect(facts.size?.width == Int(size.width) && facts.size?.height == Int(size.height))
        let alone = TransportStreamSegment(parsing: try RecordedMedia.transportStream(5, [RecordedMedia.dolby(sound)]))
        #expect(alone.mediaIssues.isEmpty && alone.facts?.codecs == [codec])
        #expect(alone.facts?.duration.microseconds == 1_024_000)
        let late = TransportStreamSegment(
            parsing: try RecordedMedia.transportStream(5, [RecordedMedia.hevc().withoutFirstPicture]))
        #expect(!late.mediaIssues.isEmpty)
    }

    @Test func soundAlone() throws {
        let segment = TransportStreamSegment(parsing: try RecordedMedia.transportStream(5, [RecordedMedia.audio()]))
        #expect(segment.issues.isEmpty && segment.mediaIssues.isEmpty)
        #expect(segment.facts?.codecs == ["mp4a.40.2"])
        #expect(segment.facts?.duration.microseconds == 1_024_000)
    }

    @Test func timesWrap() throws {
        // 33 bits of 90 kHz end within this segment.
        let number = UInt64((1 << 33) / 92_160)
        let segment = TransportStreamSegment(parsing: try bytes(number))
        #expect(segment.issues.isEmpty)
        #expect(segment.facts?.duration == Ticks(92_160, timescale: 90_000))
    }

    @Test func lostPacket() throws {
        var bytes = try bytes()
        bytes.removeSubrange(10 * Self.size..<11 * Self.size)
        #expect(TransportStreamSegment(parsing: bytes).issues.map(\.rule.id).contains("ts.continuity"))
    }

    @Test func lostSync() throws {
        var bytes = try bytes()
        bytes[5 * Self.size] = 0
        #expect(TransportStreamSegment(parsing: bytes).issues.map(\.rule.id).contains("ts.packets"))
    }

    @Test func noTables() throws {
        let bytes = try bytes().dropFirst(2 * Self.size)
        #expect(TransportStreamSegment(parsing: Array(bytes)).issues.first?.rule.id == "ts.packets")
    }

    @Test func startsWithinAPictureGroup() throws {
        let bytes = try RecordedMedia.transportStream(5, [RecordedMedia.video().withoutFirstPicture])
        #expect(TransportStreamSegment(parsing: bytes).mediaIssues.map(\.rule.id).contains("media.sync"))
    }

    /// Cut anywhere, or with any byte changed: an answer, and no trap.
    @Test func hostileBytes() throws {
        let whole = Array(try bytes()[..<(6 * Self.size)])
        for count in stride(from: 0, to: 3 * Self.size, by: 5) {
            _ = TransportStreamSegment(parsing: Array(whole[..<count])).facts
        }
        // The headers of PAT, PMT and the first PES packets.
        for packet in 0..<4 {
            for index in 0..<40 {
                for value in [0, 0x47, 0xFF] as [UInt8] {
                    var bytes = whole
                    bytes[packet * Self.size + index] = value
                    let segment = TransportStreamSegment(parsing: bytes)
                    _ = segment.facts
                    _ = segment.mediaIssues
                }
            }
        }
        #expect(TransportStreamSegment(parsing: []).issues.count == 1)
    }
}
