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

    /// Frames of two blocks: three of them are a sample.
    @Test func shortFramesOfEAC3AreJoined() throws {
        var bench = try Bench(ladder: Self.ladder([], [AudioRung(name: "sound", codec: .copy)]))
        let frame: [UInt8] = [0x0B, 0x77, 0, 3, 0x14, 0x87, 0xC0, 0]
        let messages = (0..<600).map { index in
            RTMPMessage(
                type: 8, timestamp: UInt32(index * 512 / 48), payload: [0x91] + Array("ec-3".utf8) + frame)
        }
        try bench.give(messages, wall: Bench.wall)
        try bench.finish()
        #expect(bench.events == [] && bench.numbers == [0, 1, 2, 3])
        let segments = bench.timeline.snapshot.segments
        #expect(segments.reduce(0) { $0 + $1.tracks[0].duration } == 200 * 1536)
        #expect(segments.allSatisfy { $0.tracks[0].duration % 1536 == 0 })
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

    /// Ten seconds are time enough for every track to begin.
    @Test func aTrackThatNeverComesIsToldOf() throws {
        let flash = try Flash()
        let video = VideoRung(name: "source", codec: .copy)
        let french = AudioRung(
            name: "french", codec: .aac, trackID: 1, bitrate: 64_000, sampleRate: 48000, channels: 2)
        func run(_ ladder: Ladder, _ kinds: Set<UInt8>) throws -> (reason: String, events: [String]) {
            var bench = try Bench(ladder: ladder)
            for second in 0..<12 as Range<Int64> {
                let media = flash.media(from: second * 1000, seconds: 1)
                let messages = ((second == 0 ? flash.configurations(at: 0) : []) + media).filter {
                    kinds.contains($0.type)
                }
                do { try bench.give(messages, wall: Bench.wall + second * 1000) } catch let error as IngestLine.Ended {
                    return (error.reason, bench.events)
                }
            }
            return ("", bench.events)
        }
        // An encoded rung is silent, one that copies would hold everything up.
        let silent = "the encoder sends no audio track 1, which the rung 'french' is made of: it is silent"
        #expect(try run(Self.ladder([video], [french]), [9]).events == [silent])
        #expect(try run(Self.ladder([video], [french]), [8, 9]).events.last == silent)
        #expect(
            try run(Self.ladder([video], [AudioRung(name: "sound", codec: .copy)]), [9]).reason
                == "the encoder sends no audio, which the rung 'sound' is made of")
        #expect(
            try run(Self.ladder([video], [french]), [8]).reason
                == "the encoder sends no video, which the rung 'source' is made of")
        let second = VideoRung(name: "sd", codec: .copy, trackID: 1)
        #expect(
            try run(Self.ladder([video, second], []), [9]).reason
                == "the encoder sends no video track 1, which the rung 'sd' is made of")
        let all = try run(Self.ladder([video], [AudioRung(name: "sound", codec: .copy)]), [8, 9])
        #expect(all.reason == "" && all.events == [])
    }

    /// A header that is sent again changes nothing; another one begins a new ladder where a rung copies.
    @Test func sequenceHeadersRepeatedAndChanged() throws {
        let recording = try Self.recording("hevc-opus")
        let isHeader = { (message: RTMPMessage) in message.payload.first == 0x90 }
        let later = recording.filter { $0.type != 18 }.map { message in
            var message = message
            message.timestamp += 400
            return message
        }
        let ladder = Self.ladder(
            [VideoRung(name: "source", codec: .copy)], [AudioRung(name: "sound", codec: .copy)])
        var bench = try Bench(ladder: ladder)
        try bench.give(recording + recording.filter(isHeader) + later, wall: Bench.wall)
        try bench.finish()
        #expect(bench.sets == 1 && bench.events == [])
        // The pre-skip, behind the FourCC and OpusHead, version and channels.
        let changed = later.map { message in
            var message = message
            if message.type == 8, isHeader(message) { message.payload[15] ^= 1 }
            return message
        }
        bench = try Bench(ladder: ladder)
        try bench.give(recording, wall: Bench.wall)
        try bench.give(changed, wall: Bench.wall + 2000)
        try bench.finish()
        #expect(bench.sets == 2)
        #expect(bench.events == ["started anew: the input's format changed, and a rung copies it"])
    }

    /// ModEx: at 30000/1001 pictures a second, every one lasts 3003 ticks, not 2970 or 3060 as milliseconds say.
    @Test func nanosecondsMakeTimesExact() throws {
        let flash = try Flash()
        var bench = try Bench(ladder: Self.ladder([VideoRung(name: "source", codec: .copy)], []))
        try bench.give(flash.configurations(at: 0).filter { $0.type == 9 }, wall: Bench.wall)
        for (index, message) in flash.media(from: 0, seconds: 6).filter({ $0.type == 9 }).enumerated() {
            let nanoseconds = Int64(index) * 1_001_000_000 / 30
            let offset = nanoseconds % 1_000_000
            var message = message
            message.timestamp = UInt32(nanoseconds / 1_000_000)
            message.payload =
                [
                    0x80 | message.payload[0] & 0x70 | 7, 2, UInt8(offset >> 16), UInt8(offset >> 8 & 255),
                    UInt8(offset & 255),
                ]
                + [0x03] + Self.avc1 + message.payload[5...]
            try bench.give([message], wall: Bench.wall)
        }
        try bench.finish()
        #expect(bench.events == [])
        let segments = bench.timeline.snapshot.segments
        #expect(segments.count == 3)
        #expect(segments.allSatisfy { ($0.tracks[0].decodeTime - Bench.wall * 90) % 3003 == 0 })
        // Thirty pictures from key frame to key frame.
        #expect(segments.dropLast().allSatisfy { $0.tracks[0].duration % (30 * 3003) == 0 })
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
