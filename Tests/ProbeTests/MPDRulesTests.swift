import DASH
import Media
import Probe
import Testing

@Suite struct MPDRulesTests {
    private static let now: Int64 = 1006 * 1024

    /// The MPD of the test presentation, in which nothing is wrong.
    private func mpd() throws -> MPD {
        let file = try #require(try Presentation(.dash).files["/index.mpd"])
        return try MPD(parsing: file.bytes)
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var rules: [String]
        var plant: @Sendable (inout MPD) -> Void

        init(_ name: String, _ rules: [String], _ plant: @escaping @Sendable (inout MPD) -> Void) {
            testDescription = name
            self.rules = rules
            self.plant = plant
        }
    }

    private static func timeline(_ mpd: inout MPD, _ period: Int, _ change: (inout SegmentTimeline) -> Void) {
        for index in mpd.periods[period].adaptationSets.indices {
            guard case .timeline(var timeline) = mpd.periods[period].adaptationSets[index].segmentTemplate?.addressing
            else { continue }
            change(&timeline)
            mpd.periods[period].adaptationSets[index].segmentTemplate?.addressing = .timeline(timeline)
        }
    }

    /// Makes it one of low latency.
    private static func early(_ mpd: inout MPD) {
        mpd.serviceDescription = ServiceDescription(latency: .init(target: 1500, referenceID: 1))
        let start = mpd.periods[0].start ?? Ticks(0, timescale: 1)
        let wallClock = Ticks(
            start.milliseconds + (mpd.availabilityStartTime?.milliseconds ?? 0), timescale: 1000)
        for index in mpd.periods[0].adaptationSets.indices {
            let offset = mpd.periods[0].adaptationSets[index].segmentTemplate?.presentationTimeOffset ?? 0
            mpd.periods[0].adaptationSets[index].segmentTemplate?.availabilityTimeOffset = Ticks(1, timescale: 1)
            mpd.periods[0].adaptationSets[index].segmentTemplate?.availabilityTimeComplete = false
            mpd.periods[0].adaptationSets[index].producerReferenceTime = ProducerReferenceTime(
                id: UInt32(index + 1), wallClockTime: wallClock, presentationTime: offset)
        }
    }

    static let faults: [Fault] = [
        Fault("nothing", []) { _ in },
        Fault("no availabilityStartTime", ["dash.availability-start"]) { $0.availabilityStartTime = nil },
        Fault("no publishTime", ["dash.publish-time"]) { $0.publishTime = nil },
        Fault("no minimumUpdatePeriod", ["dash.minimum-update-period"]) { $0.minimumUpdatePeriod = nil },
        Fault("no UTCTiming", ["dash.utc-timing"]) { $0.utcTimings = [] },
        Fault("no periods", ["dash.periods"]) { $0.periods = [] },
        Fault("low latency", []) { early(&$0) },
        Fault("early, and not how early", ["dash.low-latency"]) { mpd in
            early(&mpd)
            mpd.periods[0].adaptationSets[0].segmentTemplate?.availabilityTimeOffset = nil
        },
        Fault("early without a latency", ["dash.low-latency"]) { mpd in
            early(&mpd)
            mpd.serviceDescription = nil
        },
        Fault("a latency from nowhere", ["dash.low-latency"]) { mpd in
            early(&mpd)
            mpd.serviceDescription?.latency?.referenceID = 77
        },
        Fault("another time of day", ["dash.low-latency"]) { mpd in
            early(&mpd)
            mpd.periods[0].adaptationSets[0].producerReferenceTime?.wallClockTime = Ticks(1, timescale: 1)
        },
        Fault("one id twice", ["dash.periods"]) { $0.periods[1].id = $0.periods[0].id },
        Fault("periods in the wrong order", ["dash.periods", "dash.period-gap"]) { $0.periods.swapAt(0, 1) },
        Fault("a hole", ["dash.timeline"]) { mpd in
            timeline(&mpd, 1) { $0.runs = [$0.runs[0], .init(start: $0.runs[0].start * 2, duration: 1)] }
        },
        Fault("a period too early", ["dash.period-continuity"]) {
            $0.periods[1].start = Ticks(1003 * 1024 - 100, timescale: 1000)
        },
        Fault("a gap that is said", ["dash.period-gap"]) { mpd in
            for index in mpd.periods[1].adaptationSets.indices {
                mpd.periods[1].adaptationSets[index].supplementalProperties = []
            }
            timeline(&mpd, 0) { $0.runs[0].repeats = 0 }
        },
        Fault("no KID", ["dash.default-kid"]) { mpd in
            mpd.periods[0].adaptationSets[0].contentProtections[0].defaultKeyID = nil
        },
        Fault("no system", ["dash.systems"]) { mpd in
            mpd.periods[0].adaptationSets[0].contentProtections.removeLast()
        },
        Fault("a system without data", ["dash.systems"]) { mpd in
            mpd.periods[0].adaptationSets[0].contentProtections[1].contents = []
        },
        Fault("absolute media", ["http.relative"]) { mpd in
            mpd.periods[0].adaptationSets[0].segmentTemplate?.media = "https://example.org/$Number$.m4s"
        },
    ]

    @Test(arguments: faults) func finds(_ fault: Fault) throws {
        var mpd = try mpd()
        fault.plant(&mpd)
        #expect(Set(MPDRules.issues(mpd, now: Self.now).map(\.rule.id)) == Set(fault.rules))
    }

    static let reloads: [Fault] = [
        Fault("a new publishTime", []) { $0.publishTime = Ticks(2000, timescale: 1) },
        Fault("changed under one publishTime", ["dash.publish-time"]) { _ in },
        Fault("falling publishTime", ["dash.publish-time"]) { $0.publishTime = Ticks(2, timescale: 1) },
        Fault("another availabilityStartTime", ["dash.availability-start"]) {
            $0.publishTime = Ticks(2000, timescale: 1)
            $0.availabilityStartTime = Ticks(1, timescale: 1)
        },
        Fault("a period moves", ["dash.periods"]) {
            $0.publishTime = Ticks(2000, timescale: 1)
            $0.periods[1].start = Ticks(1, timescale: 1)
        },
        Fault("a number moves", ["dash.segment-identity"]) { mpd in
            mpd.publishTime = Ticks(2000, timescale: 1)
            timeline(&mpd, 0) { $0.runs[0].start += 1 }
        },
    ]

    @Test(arguments: reloads) func reload(_ fault: Fault) throws {
        var history = MPDHistory()
        let first = try mpd()
        #expect(history.take(first, text: [1], elapsed: Self.now * 1000).isEmpty)
        #expect(history.take(first, text: [1], elapsed: Self.now * 1000).isEmpty)
        var second = first
        fault.plant(&second)
        #expect(Set(history.take(second, text: [2], elapsed: Self.now * 1000).map(\.rule.id)) == Set(fault.rules))
    }
}
