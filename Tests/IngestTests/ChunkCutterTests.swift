import ChunkStream
import ISOBMFF
import Media
import TestSupport
import Testing
import Transcode

@testable import Ingest

/// Samples of the ladder to chunks of a part duration, never over a segment's boundary.
@Suite struct ChunkCutterTests {
    private static let duration = Ticks(2, timescale: 1)
    private static let number: UInt64 = 800_000_000
    private let video: SyntheticTrack
    private let audio: SyntheticTrack

    init() throws {
        video = try .video()
        audio = try .audio()
    }

    private func cutter(partMilliseconds: UInt32 = 500) -> ChunkCutter {
        ChunkCutter(
            ladder: Ladder(
                video: [VideoRung(name: "720p", codec: .copy)], audio: [AudioRung(name: "stereo", codec: .copy)],
                segmentDurationSeconds: 2, partDurationMilliseconds: partMilliseconds))
    }

    private func outputs(_ track: Int, _ segment: UInt64) -> [TranscodeOutput] {
        (track == 0 ? video : audio).samples(of: segment, Self.duration).enumerated().map {
            .sample(track: track, $1, segmentNumber: segment, startsSegment: $0 == 0)
        }
    }

    private func announced(_ cutter: inout ChunkCutter) throws {
        #expect(try cutter.add(.track(index: 0, video.track)).isEmpty)
        let messages = try cutter.add(.track(index: 1, audio.track))
        guard case .tracks(let tracks)? = messages.first else {
            Issue.record("the tracks were not announced")
            return
        }
        #expect(messages.count == 1)
        #expect(tracks.map(\.name) == ["720p", "stereo"])
        #expect(tracks.map(\.header) == [video.header, audio.header])
        #expect(tracks.map(\.reorderDelay) == [3000, 0])
    }

    private func chunks(_ messages: [WorkerMessage]) -> [ClearChunk] {
        messages.compactMap { if case .chunk(let chunk) = $0 { chunk } else { nil } }
    }

    @Test func aSegmentIsItsParts() throws {
        var cutter = cutter()
        try announced(&cutter)
        var messages: [WorkerMessage] = []
        for number in [Self.number, Self.number + 1] {
            for output in outputs(0, number) { messages += try cutter.add(output) }
        }
        messages += cutter.finish()
        let chunks = chunks(messages)
        #expect(chunks.count == messages.count)
        #expect(
            chunks.map(\.segment) == Array(repeating: Self.number, count: 4)
                + Array(repeating: Self.number + 1, count: 4))
        #expect(chunks.map(\.endsSegment) == [false, false, false, true, false, false, false, false])
        for (index, chunk) in chunks.enumerated() {
            let fragment = try #require(try MovieFragmentTable(parsing: chunk.bytes.span).fragments.first)
            #expect(fragment.samples.count == 15)
            #expect(fragment.sequenceNumber == UInt32(index + 1))
        }
        #expect(cutter.finish().isEmpty)
    }

    @Test func everySampleComesOutOnceAndInOrder() throws {
        for part in [1, 20, 333, 1000, 5000] as [UInt32] {
            var cutter = cutter(partMilliseconds: part)
            try announced(&cutter)
            var messages: [WorkerMessage] = []
            for output in outputs(1, Self.number) + outputs(1, Self.number + 1) { messages += try cutter.add(output) }
            messages += cutter.finish()
            let times = try chunks(messages).flatMap { chunk in
                try MovieFragmentTable(parsing: chunk.bytes.span).fragments.flatMap { $0.samples.map(\.decodeTime) }
            }
            let given = (0..<2).flatMap { audio.samples(of: Self.number + $0, Self.duration) }.map(\.decodeTime)
            #expect(times == given)
        }
    }

    @Test func everythingWaitsUntilAllTracksAreKnown() throws {
        var cutter = cutter()
        #expect(try cutter.add(.track(index: 0, video.track)).isEmpty)
        for output in outputs(0, Self.number) { #expect(try cutter.add(output).isEmpty) }
        let messages = try cutter.add(.track(index: 1, audio.track))
        guard case .tracks? = messages.first else {
            Issue.record("the tracks do not come first")
            return
        }
        #expect(chunks(messages).map(\.track) == [0, 0, 0])
    }

    @Test func whatWaitsIsBounded() throws {
        var cutter = cutter()
        _ = try cutter.add(.track(index: 0, video.track))
        var sample = video.sample(at: 0, isSync: true)
        sample.data = [UInt8](repeating: 1, count: 1 << 20)
        var taken = 0
        #expect(throws: ChunkCutter.Overflow.self) {
            while taken < 100 {
                _ = try cutter.add(.sample(track: 0, sample, segmentNumber: 0, startsSegment: taken == 0))
                taken += 1
            }
        }
        #expect(taken == 64)
    }

    private func encodedLadder(partMilliseconds: UInt32) -> Ladder {
        Ladder(
            video: [VideoRung(name: "720p", codec: .h264, frameRate: FrameRate(30))],
            audio: [AudioRung(name: "stereo", codec: .aac, sampleRate: 48000)], segmentDurationSeconds: 2,
            partDurationMilliseconds: partMilliseconds)
    }

    private func encodedCutter(partMilliseconds: UInt32) -> ChunkCutter {
        ChunkCutter(ladder: encodedLadder(partMilliseconds: partMilliseconds))
    }

    /// A part of several seconds of a high rung is more than a message holds: it is several chunks.
    @Test func aChunkIsNoMoreThanAMessageHolds() throws {
        var cutter = cutter(partMilliseconds: 2000)
        try announced(&cutter)
        var messages: [WorkerMessage] = []
        let samples = video.samples(of: Self.number, Self.duration).prefix(9)
        for (index, var sample) in samples.enumerated() {
            sample.data = [UInt8](repeating: UInt8(index), count: 5_000_000)
            messages += try cutter.add(
                .sample(track: 0, sample, segmentNumber: Self.number, startsSegment: index == 0))
        }
        messages += cutter.finish()
        let chunks = chunks(messages)
        #expect(chunks.count == 5 && chunks.allSatisfy { $0.bytes.count < Frame.maximumBodySize })
        for message in messages { #expect(message.serialize().count > 4_000_000) }
        let times = try chunks.flatMap { chunk in
            try MovieFragmentTable(parsing: chunk.bytes.span).fragments.flatMap { $0.samples.map(\.decodeTime) }
        }
        #expect(times == samples.map(\.decodeTime))
    }

    /// As players of low latency need them: never longer than said, 85 % of it, and no short rest at the end of a segment:
    /// players that look for the next part by the time, and not to the quarter of a second, would pass it over.
    @Test func partsAreAlike() throws {
        for part in [100, 330, 334, 500, 1000] as [UInt32] {
            let target = encodedLadder(partMilliseconds: part).parts.target.value
            var cutter = encodedCutter(partMilliseconds: part)
            try announced(&cutter)
            for track in 0..<2 {
                var messages: [WorkerMessage] = []
                for number in [Self.number, Self.number + 1] {
                    for output in outputs(track, number) { messages += try cutter.add(output) }
                }
                let timescale: Int64 = track == 0 ? 90000 : 48000
                for chunk in chunks(messages) {
                    let duration = try MovieFragmentTable(parsing: chunk.bytes.span).fragments.reduce(0) {
                        $0 + $1.duration
                    }
                    #expect(duration * 1000 <= target * timescale)
                    let least: Int64 = part == 100 && track == 1 ? 60 : 85
                    #expect(duration * 100_000 >= target * timescale * least, "\(part) \(chunk.endsSegment)")
                }
            }
        }
    }

    /// An encoder joins in the middle of a segment: only the last part may be short.
    @Test func theFirstPartOfWhoJoinsIsNoRest() throws {
        let target = encodedLadder(partMilliseconds: 330).parts.target.value
        for track in 0..<2 {
            for first in [1, 7, 13, 21, 29, 59] {
                var cutter = encodedCutter(partMilliseconds: 330)
                try announced(&cutter)
                var messages: [WorkerMessage] = []
                for output in outputs(track, Self.number)[first...] { messages += try cutter.add(output) }
                let timescale: Int64 = track == 0 ? 90000 : 48000
                for chunk in chunks(messages) where !chunk.endsSegment {
                    let duration = try MovieFragmentTable(parsing: chunk.bytes.span).duration
                    #expect(duration * 1000 <= target * timescale && duration * 100_000 >= target * timescale * 85)
                }
                #expect(chunks(messages).last?.endsSegment == true)
            }
        }
    }

    /// A part is there with its last frame, and a segment too: nothing waits for the frame after it.
    @Test func aPartLeavesWithItsLastFrame() throws {
        var cutter = encodedCutter(partMilliseconds: 330)
        try announced(&cutter)
        for track in 0..<2 {
            let all = outputs(track, Self.number)
            let whole = track == 0 ? 10 : 16
            for output in all[..<(whole - 1)] { #expect(try cutter.add(output).isEmpty) }
            #expect(chunks(try cutter.add(all[whole - 1])).map(\.endsSegment) == [false])
            var rest: [WorkerMessage] = []
            for output in all[whole...] { rest += try cutter.add(output) }
            #expect(chunks(rest).last?.endsSegment == true)
            #expect(cutter.finish().isEmpty)
        }
    }

    /// A track with a hole in it: what follows is cut in parts as before, not sample by sample.
    @Test func partsGoOnInStepOverAHole() throws {
        var cutter = cutter(partMilliseconds: 100)
        try announced(&cutter)
        var messages: [WorkerMessage] = []
        let samples = video.samples(of: Self.number, Self.duration)
        for sample in samples[..<3] + samples[40...] {
            messages += try cutter.add(.sample(track: 0, sample, segmentNumber: Self.number, startsSegment: false))
        }
        messages += cutter.finish()
        let counts = try chunks(messages).map {
            try MovieFragmentTable(parsing: $0.bytes.span).fragments[0].samples.count
        }
        #expect(counts == [3, 3, 3, 3, 3, 3, 3, 2])
    }

    @Test func aTrackThatChangesAnnouncesASetAnew() throws {
        var cutter = cutter()
        try announced(&cutter)
        for output in outputs(0, Self.number).prefix(5) { #expect(try cutter.add(output).isEmpty) }
        let messages = try cutter.add(.track(index: 0, video.track))
        #expect(chunks(messages).map(\.endsSegment) == [false])
        guard case .tracks? = messages.last else {
            Issue.record("the new set was not announced")
            return
        }
    }
}
