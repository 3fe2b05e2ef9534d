import DASH
import Media
import Settings
import Timeline

/// What MPDs make of splices: Periods that begin and end with breaks, and events that say why.
enum AdPeriods {
    /// The part of a run that a segment belongs to, where breaks begin and end Periods: from the last splice on.
    static func run(of number: UInt64, in run: SegmentRun, _ window: EndpointWindow) -> SegmentRun {
        let before = splices(in: run, window).filter { $0.number <= number }
        guard let last = before.max(by: { $0.number < $1.number }) else { return run }
        return SegmentRun(
            firstNumber: last.number, generation: run.generation, keyPeriod: run.keyPeriod,
            start: Ticks(last.start, timescale: 90_000), slate: run.slate, slateSwitches: run.slateSwitches)
    }

    /// The parts of a run that segments belong to, in order, each with its segments.
    static func runs(
        of places: Range<Int>, in run: SegmentRun, _ window: EndpointWindow
    ) -> [(run: SegmentRun, places: Range<Int>)] {
        let cuts = Set(
            splices(in: run, window).map { min(max(window.place(of: $0.number), places.lowerBound), places.upperBound) }
        )
        .subtracting([places.lowerBound, places.upperBound]).sorted()
        let borders = [places.lowerBound] + cuts + [places.upperBound]
        return zip(borders, borders.dropFirst()).map { begin, end in
            (Self.run(of: window.segments[begin].number, in: run, window), begin..<end)
        }
    }

    /// Where breaks begin and end within a run.
    private static func splices(in run: SegmentRun, _ window: EndpointWindow) -> [AdBreak.Place] {
        guard window.endpoint.periodTriggers.contains(.ads) else { return [] }
        return window.adBreaks.filter { $0.kind == .avail }.flatMap { [$0.begin, $0.end] }.compactMap(\.self)
            .filter { $0.number > run.firstNumber }
    }

    /// The sections of a Period: each with the segment that it begins with, or, while that is to come, in the last one.
    ///
    /// - Parameters:
    ///   - numbers: of the Period's segments, from its first on, listed or not any more.
    ///   - start: the media time of its start.
    static func events(
        _ numbers: ClosedRange<UInt64>, from start: Ticks, isLast: Bool, _ window: EndpointWindow
    ) -> [EventStream] {
        guard window.endpoint.adMarkers.contains(.binary) else { return [] }
        let offset = start.rescaled(to: 90_000, rounding: .nearest)
        let firstListed = window.listed.first?.number ?? 0
        var events: [EventStream.Event] = []
        func add(_ section: [UInt8], _ time: Int64, _ place: AdBreak.Place?, duration: Int64?, id: String) {
            guard place.map({ numbers.contains($0.number) }) ?? isLast else { return }
            // Before its Period nothing can happen.
            let event = EventStream.Event(
                id: UInt64(hash(id)), time: Ticks(max(time, offset.value), timescale: 90_000),
                duration: duration.map { Ticks($0, timescale: 90_000) }, spliceInfoSection: section)
            // Two descriptors in one section are one event.
            if !events.contains(where: { $0.time == event.time && $0.spliceInfoSection == section }) {
                events.append(event)
            }
        }
        for one in window.adBreaks where !one.isCancelled && one.end.map({ $0.number >= firstListed }) ?? true {
            add(one.section, one.start, one.begin, duration: one.plannedDuration, id: one.id)
            guard one.kind == .avail, let section = one.returnSection, let time = one.returnTime else { continue }
            add(section, time, one.end, duration: nil, id: one.id + "-in")
        }
        guard !events.isEmpty else { return [] }
        return [.spliceInfoSections(events.sorted { $0.time < $1.time }, presentationTimeOffset: offset)]
    }

    /// FNV-1a: the same for the same name, in every node.
    private static func hash(_ name: String) -> UInt32 {
        name.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }
}
