import DASH
import Media
import PublishGuard
import Testing

/// Which revisions of an MPD are known, and when they were published.
@Suite struct MPDHistoryTests {
    private let history = MPDHistory()

    private func mpd(_ milliseconds: Int64, _ numbers: Range<UInt64>, isPatched: Bool = true) -> MPD {
        var timeline = SegmentTimeline()
        for number in numbers { timeline.append(start: number * 180_000, duration: 180_000) }
        let set = AdaptationSet(
            id: 1,
            segmentTemplate: SegmentTemplate(
                timescale: 90000, startNumber: numbers.lowerBound, media: "$Number$.m4s",
                addressing: .timeline(timeline)),
            representations: [Representation(id: "720p", bandwidth: 1)])
        return MPD(
            id: "a", type: .dynamic, publishTime: Ticks(milliseconds, timescale: 1000),
            minBufferTime: Ticks(1, timescale: 1),
            patchLocation: isPatched ? PatchLocation(url: "patch.mpp", lifetimeSeconds: 60) : nil,
            periods: [Period(id: "p", start: Ticks(0, timescale: 1), adaptationSets: [set])])
    }

    private func publish(_ mpd: MPD) -> Int64? {
        let dated = history.dated(mpd, of: "/x")
        history.add(dated, of: "/x")
        return dated.publishTime?.milliseconds
    }

    private func step(from milliseconds: Int64) -> MPDHistory.Step? {
        history.patch(of: "/x", from: Ticks(milliseconds, timescale: 1000))
    }

    @Test func theTimeChangesWithTheContentAndOnlyThen() {
        #expect(publish(mpd(1000, 1..<3)) == 1000)
        #expect(publish(mpd(2000, 1..<3)) == 1000, "nothing has changed")
        #expect(publish(mpd(3000, 1..<4)) == 3000)
        #expect(publish(mpd(3000, 2..<4)) == 3001, "something has, at the same time")
        #expect(publish(mpd(2500, 2..<5)) == 3002, "it never goes back")
        #expect(history.dated(mpd(1, 1..<3), of: "/y").publishTime?.milliseconds == 1, "another manifest")
    }

    @Test func whatIsKnownIsPatched() throws {
        #expect(step(from: 1000) == nil)
        for second in 1...80 as ClosedRange<Int64> { _ = publish(mpd(second * 1000, 1..<2 + UInt64(second))) }
        #expect(step(from: 80_000) == MPDHistory.Step.none)
        for second in [79, 50, 21] as [Int64] {
            guard case .patch(let patch)? = step(from: second * 1000) else {
                Issue.record("no patch from \(second)")
                continue
            }
            #expect(patch.originalPublishTime.milliseconds == second * 1000)
            #expect(patch.publishTime.milliseconds == 80_000)
        }
        for time in [1000, 18_000, 79_001, 81_000] as [Int64] {
            guard case .unknown(let patch)? = step(from: time) else {
                Issue.record("\(time) is known")
                continue
            }
            #expect(patch.originalPublishTime.milliseconds == 80_000, "nobody's who asks")
        }
    }

    @Test func memoryIsBounded() {
        // 100,000 runs each: the newest two have room.
        func long(_ second: Int64) -> MPD {
            var mpd = mpd(second * 1000, 1..<2)
            mpd.periods[0].adaptationSets[0].segmentTemplate?.addressing = .timeline(
                SegmentTimeline(
                    runs: (0..<100_000).map { .init(start: UInt64($0) * 3 + UInt64(second), duration: 1) }))
            return mpd
        }
        for second in 1...4 as ClosedRange<Int64> { _ = publish(long(second)) }
        if case .patch? = step(from: 2000) { Issue.record("more is kept than there is room for") }
        guard case .patch? = step(from: 3000) else {
            Issue.record("less is kept than there is room for")
            return
        }
    }

    @Test func withoutPatchesTheNewestIsEnough() {
        for second in 1...3 as ClosedRange<Int64> {
            _ = publish(mpd(second * 1000, 1..<2 + UInt64(second), isPatched: false))
        }
        if case .patch? = step(from: 2000) { Issue.record("an old one is kept") }
        #expect(step(from: 3000) == MPDHistory.Step.none)
    }
}
