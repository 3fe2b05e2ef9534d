import Captions
import ISOBMFF
import Media
import TestClips
import Testing

@testable import Transcode

/// Subtitles made of closed captions: without a hole, cut where segments are, for every kind of ladder.
@Suite struct CaptionTests {
    private static let rung = VideoRung.quick("low", width: 128, rate: FrameRate(30), gop: 60, bFrames: 2)

    private func ladder(_ video: [VideoRung] = [Self.rung]) -> Ladder {
        var ladder = Ladder(video, [.stereo])
        ladder.captions = [CaptionRung(channel: 1, language: "en"), CaptionRung(channel: 3, language: "es")]
        ladder.cutsAtSplices = true
        return ladder
    }

    /// A message in front of the picture's slices, with captions of the first field.
    private func captioned(_ clip: Clip, _ script: [Int64: [CaptionPair]]) -> Clip {
        var clip = clip
        var script = script
        for index in clip.samples.indices where clip.samples[index].isVideo {
            let sample = clip.samples[index]
            let time = sample.decodeMilliseconds + Int64(sample.compositionMilliseconds)
            guard let due = script.keys.filter({ abs($0 - time) <= 17 }).first,
                let pairs = script.removeValue(forKey: due)
            else { continue }
            let triplets = pairs.flatMap { [0xFC | UInt8($0.field), $0.first, $0.second] }
            let body = [0xB5, 0, 0x31, 0x47, 0x41, 0x39, 0x34, 3, 0x40 | UInt8(pairs.count), 0xFF] + triplets + [0xFF]
            let unit: [UInt8] = [6, 4, UInt8(body.count)] + body + [0x80]
            clip.samples[index].data = [0, 0, 0, UInt8(unit.count)] + unit + sample.data
        }
        return clip
    }

    private static func pair(_ first: UInt8, _ second: UInt8) -> CaptionPair {
        func parity(_ byte: UInt8) -> UInt8 { byte.nonzeroBitCount % 2 == 0 ? byte | 0x80 : byte }
        return CaptionPair(field: 0, first: parity(first), second: parity(second))
    }

    private static let hello = [
        pair(0x14, 0x20), pair(0x14, 0x2E), pair(0x14, 0x40), pair(0x48, 0x49), pair(0x20, 0x3C), pair(0x14, 0x2F),
    ]
    private static let erase = [pair(0x14, 0x2C)]

    private struct Shown: Equatable {
        var start: Int64
        var end: Int64
        var text: String?
    }

    private func shown(_ run: Run, _ track: Int) throws -> [(number: UInt64, cues: [Shown])] {
        try #require(run.whole[track]).map { segment in
            (
                segment.number,
                try segment.samples.map {
                    Shown(
                        start: $0.decodeTime, end: $0.decodeTime + Int64($0.duration),
                        text: try WebVTTSample.parse($0.data.span))
                }
            )
        }
    }

    private func expectWhole(_ run: Run, _ segments: [(number: UInt64, cues: [Shown])], video: Int) throws {
        let starts = try #require(run.samples[video]).filter(\.startsSegment)
        #expect(segments.map(\.number) == starts.map(\.segmentNumber))
        #expect(segments.map { $0.cues[0].start } == starts.map(\.sample.decodeTime))
        let all = segments.flatMap(\.cues)
        for (cue, next) in zip(all, all.dropFirst()) { #expect(cue.end == next.start) }
        #expect(all.allSatisfy { $0.end > $0.start })
    }

    /// The clip begins 0.25 s into a segment of 2 s.
    @Test(arguments: [false, true]) func aCaptionOverTheEndOfASegment(copies: Bool) throws {
        let clip = captioned(
            try Clip.testPicture(rate: "30", seconds: 7, gop: 30, bFrames: 2), [1000: Self.hello, 2500: Self.erase])
        let copy = VideoRung(name: "source", codec: .copy)
        let run = try Run(ladder(copies ? [copy] : [Self.rung]), clip)
        #expect(run.tracks[2]?.codec == .webVTT && run.tracks[2]?.name == "subtitles-cc1")
        #expect(run.tracks[3]?.language == "es")
        let segments = try shown(run, 2)
        try expectWhole(run, segments, video: 0)
        let texts = segments.prefix(3).map { $0.cues.map(\.text) }
        #expect(texts == [[nil, "HI &lt;"], ["HI &lt;", nil], [nil]], "\(texts)")
        let begins = Ticks(segments[0].cues[1].start, timescale: 90_000).milliseconds - Run.epochMilliseconds
        #expect(abs(begins - 1000) <= 40)
        let ends = Ticks(segments[1].cues[0].end, timescale: 90_000).milliseconds - Run.epochMilliseconds
        #expect(abs(ends - 2500) <= 40)
        // Nobody speaks Spanish: a sample of nothing in each.
        let silent = try shown(run, 3)
        #expect(silent.count == segments.count && silent.allSatisfy { $0.cues.map(\.text) == [nil] })
    }

    @Test func asManyAtSplices() throws {
        let clip = captioned(try Clip.testPicture(rate: "30", seconds: 8, gop: 50, bFrames: 0), [3000: Self.hello])
        let run = try Run(ladder(), clip, splices: [(told: 1400, at: 3300)])
        #expect(run.moves.count == 1)
        let segments = try shown(run, 2)
        try expectWhole(run, segments, video: 0)
        #expect(segments.last?.cues.map(\.text) == ["HI &lt;"], "nobody took it away")
    }
}
