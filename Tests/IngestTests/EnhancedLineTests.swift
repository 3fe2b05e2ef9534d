import ChunkStream
import Foundation
import Media
import RTMPServer
import Testing
import Timeline

@testable import Ingest

/// What comes by Enhanced RTMP, through the whole line into the daemon's timeline.
@Suite struct EnhancedLineTests {
    private static let avc1 = Array("avc1".utf8)

    /// FFmpeg 8's recordings (Tests/FLVTests/Fixtures), a quarter of a second each.
    private static func recording(_ name: String) throws -> [RTMPMessage] {
        let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../FLVTests/Fixtures")
        let file = [UInt8](try Data(contentsOf: fixtures.appending(path: "\(name).flv").standardized))
        var messages: [RTMPMessage] = []
        func number(_ range: Range<Int>) -> Int { file[range].reduce(0) { $0 << 8 | Int($1) } }
        var offset = 13
        while offset + 11 <= file.count {
            let size = number(offset + 1..<offset + 4)
            messages.append(
                RTMPMessage(
                    type: file[offset], timestamp: UInt32(number(offset + 4..<offset + 7)),
                    payload: Array(file[offset + 11..<offset + 11 + size])))
            offset += 11 + size + 4
        }
        return messages
    }

    private static func ladder(_ video: [VideoRung], _ audio: [AudioRung]) -> Ladder {
        Ladder(video: video, audio: audio, segmentDurationSeconds: 2, partDurationMilliseconds: 500)
    }

    private static let encoded = VideoRung(
        name: "low", codec: .h264, width: 32, height: 18, frameRate: FrameRate(25), bitrate: 100_000, gopSize: 50,
        bFrames: 0, preset: "ultrafast")
    private static let stereo = AudioRung(
        name: "stereo", codec: .aac, bitrate: 64_000, sampleRate: 48000, channels: 2)

    /// Why the line ended; empty where it went on.
    private static func ending(_ bench: inout Bench, _ messages: [RTMPMessage]) throws -> String {
        do { try bench.give(messages, wall: Bench.wall) } catch let error as IngestLine.Ended { return error.reason }
        return ""
    }

    @Test(arguments: ["hevc-opus", "av1-flac", "vp9-ac3", "avc-eac3", "avc-mp3", "tracks"])
    func everyCodecBecomesTheLadder(name: String) throws {
        var bench = try Bench(ladder: Self.ladder([Self.encoded], [Self.stereo]))
        try bench.give(Self.recording(name), wall: Bench.wall)
        try bench.finish()
        #expect(bench.numbers == [0])
        #expect(bench.events.allSatisfy { $0.contains("no rung takes the encoder's") })
        #expect(bench.events.count == (name == "tracks" ? 2 : 0))
        let segment = try #require(bench.timeline.snapshot.segments.first)
        // Six pictures at 25 a second, and as much sound.
        #expect(segment.tracks[0].duration == 6 * 3600)
        #expect((9 * 1024...18 * 1024).contains(segment.tracks[1].duration))
        var statistics = IngestStatistics()
        bench.line.fill(&statistics)
        #expect(statistics.decodeErrors == 0 && statistics.framesDropped == 0)
    }

    @Test(
        arguments: [
            ("hevc-opus", "hvc1.1.6.L30.90", "opus"), ("av1-flac", "av01.0.00M.08", nil),
            ("avc-eac3", "avc1.42c00a", "ec-3"),
            ("vp9-ac3", nil, "ac-3"),
        ] as [(String, String?, String?)])
    func copiesAreAsTheyCame(name: String, video: String?, audio: String?) throws {
        let sound =
            audio == nil ? Self.stereo : AudioRung(name: "sound", codec: .copy)
        let picture = video == nil ? Self.encoded : VideoRung(name: "source", codec: .copy)
        var bench = try Bench(ladder: Self.ladder([picture], [sound]))
        try bench.give(Self.recording(name), wall: Bench.wall)
        try bench.finish()
        #expect(bench.events == [] && bench.numbers == [0])
        let tracks = try #require(bench.timeline.snapshot.trackSets.values.first).tracks.map(\.track)
        if let video { #expect(tracks[0].codec.rfc6381 == video && tracks[0].codec.pictureSize ?? (0, 0) == (64, 36)) }
        if let audio { #expect(tracks[1].codec.rfc6381 == audio && tracks[1].timescale == 48000) }
        let segment = try #require(bench.timeline.snapshot.segments.first)
        #expect(abs(segment.tracks[0].duration - 6 * 3600) <= 90)
        if audio == "opus" { #expect(segment.tracks[1].duration % 960 == 0) }
        // The first block lies before the first picture.
        if audio == "ec-3" || audio == "ac-3" { #expect(segment.tracks[1].duration == 7 * 1536) }
    }

    /// The second video track and the second language, out of a recording that has two of each.
    @Test func rungsTakeTheirTracks() throws {
        let ladder = Self.ladder(
            [VideoRung(name: "source", codec: .copy, trackID: 1)],
            [
                AudioRung(name: "english", codec: .copy, language: "en"),
                AudioRung(name: "french", codec: .copy, trackID: 1, language: "fr"),
            ])
        var bench = try Bench(ladder: ladder)
        try bench.give(Self.recording("tracks"), wall: Bench.wall)
        try bench.finish()
        #expect(bench.events == ["no rung takes the encoder's video track 0 (H.264)"])
        let tracks = try #require(bench.timeline.snapshot.trackSets.values.first).tracks.map(\.track)
        #expect(tracks.map(\.codec.family) == ["hvc1", "mp4a", "opus"])
        #expect(tracks.map(\.language) == ["und", "en", "fr"])
        #expect(bench.numbers == [0])
    }

    /// Ten seconds of the same picture in two tracks; the second one comes first in each moment.
    @Test func simulcastIsCutAlike() throws {
        let flash = try Flash()
        var bench = try Bench(
            ladder: Self.ladder(
                [VideoRung(name: "hd", codec: .copy), VideoRung(name: "sd", codec: .copy, trackID: 1)],
                [AudioRung(name: "sound", codec: .copy)]))
        let messages = (flash.configurations(at: 0) + flash.media(from: 0, seconds: 10)).flatMap { message in
            message.type == 9 ? [Self.onTrack(1, message), Self.onTrack(7, message), message] : [message]
        }
        try bench.give(messages, wall: Bench.wall)
        try bench.finish()
        #expect(bench.numbers == [0, 1, 2, 3, 4])
        #expect(bench.sets == 1)
        #expect(bench.events == ["no rung takes the encoder's video track 7 (H.264)"])
        for segment in bench.timeline.snapshot.segments {
            #expect(segment.tracks[0].decodeTime == segment.tracks[1].decodeTime)
            #expect(segment.tracks[0].duration == segment.tracks[1].duration)
        }
    }

    /// A track that does not lead cannot make the line start anew.
    @Test func aJumpOfAnotherTrackIsItsOwnLoss() throws {
        let flash = try Flash()
        var bench = try Bench(
            ladder: Self.ladder(
                [VideoRung(name: "hd", codec: .copy), VideoRung(name: "sd", codec: .copy, trackID: 1)], []))
        for message in flash.configurations(at: 0) + flash.media(from: 0, seconds: 6) where message.type == 9 {
            var other = Self.onTrack(1, message)
            try bench.give([message, other], wall: Bench.wall)
            other.timestamp = other.timestamp &+ 50_000_000
            if message.payload.first == 0x27 { try bench.give([other], wall: Bench.wall) }
        }
        try bench.finish()
        #expect(bench.events == [] && bench.sets == 1)
        #expect(bench.numbers == [0, 1, 2])
    }

    /// An Enhanced RTMP message of one track, of what is H.264 in Adobe's form.
    private static func onTrack(_ track: UInt8, _ message: RTMPMessage) -> RTMPMessage {
        var message = message
        let frameType = 0x80 | message.payload[0] & 0x70
        let isConfiguration = message.payload[1] == 0
        let body = isConfiguration ? message.payload[5...] : message.payload[2...]
        message.payload = [frameType | 6, isConfiguration ? 0 : 1] + avc1 + [track] + body
        return message
    }

    @Test func whatIsNotTakenEndsThePublicationThatNeedsIt() throws {
        let flash = try Flash()
        let vp8 = RTMPMessage(type: 9, timestamp: 0, payload: [0x90] + Array("vp08".utf8) + [1])
        let speex = RTMPMessage(type: 8, timestamp: 0, payload: [0xB2, 1])
        var bench = try Bench(ladder: Self.ladder([Self.encoded], [Self.stereo]))
        #expect(
            try Self.ending(&bench, [vp8])
                == "the encoder sends what is not taken: VP8 video (Enhanced RTMP vp08); send H.264, HEVC, AV1 or VP9")
        bench = try Bench(ladder: Self.ladder([Self.encoded], [Self.stereo]))
        #expect(
            try Self.ending(&bench, [speex])
                == "the encoder sends what is not taken: Speex audio; send AAC, Opus, FLAC, AC-3, E-AC-3 or MP3")
        // Where no rung needs it, or the track has begun, it is a line of the log.
        bench = try Bench(ladder: Self.ladder([VideoRung(name: "source", codec: .copy)], []))
        #expect(try Self.ending(&bench, [speex] + flash.configurations(at: 0) + [vp8]) == "")
        #expect(bench.events.count == 3)
        #expect(bench.events.filter { $0.contains("what is not taken") }.count == 2)
    }

    @Test func whatCannotBePackagedIsNotCopied() throws {
        let copy = Self.ladder([VideoRung(name: "source", codec: .copy)], [AudioRung(name: "sound", codec: .copy)])
        var bench = try Bench(ladder: copy)
        #expect(
            try Self.ending(&bench, Self.recording("vp9-ac3"))
                == "the rung 'source' copies the input, and VP9 cannot be packaged: send H.264, HEVC or AV1, "
                + "or encode the rung")
        bench = try Bench(ladder: copy)
        #expect(
            try Self.ending(&bench, Self.recording("avc-mp3"))
                == "the rung 'sound' copies the input, and MP3 cannot be packaged: send AAC, Opus, AC-3 or E-AC-3, "
                + "or encode the rung")
    }
}
