import DASH
package import Media
import Settings
import Timeline

/// What makes an MPD one of low latency: its segments can be asked for when their first part is there, and come as they
/// are made. ISO/IEC 23009-1:2022, clauses 5.3.9.5.3, 5.12 and annex K; DASH-IF IOP, low-latency modes.
extension EndpointWindow {
    /// Whether an MPD has a Period for keys that no segment has yet.
    var announcesPeriods: Bool { endpoint.segmentTemplate == .number && endpoint.hasKeyInHeader && partTarget == nil }
}

extension MPDPackager {
    /// How long after its nominal start players ask for a segment, where they reckon with numbers.
    /// - Parameter partTarget: nil: not in low latency.
    package static func availabilityDelay(segmentDuration: Ticks, partTarget: Ticks?) -> Int64 {
        partTarget?.milliseconds ?? segmentDuration.milliseconds + publicationDelay.milliseconds
    }

    /// How long before its end a segment can be asked for: with its first part. Who asks a little earlier waits for it.
    static func availabilityTimeOffset(_ window: EndpointWindow) -> Ticks? {
        guard let partTarget = window.partTarget else { return nil }
        let milliseconds = window.segmentDuration.milliseconds - partTarget.milliseconds
        return Ticks(max(milliseconds, 0), timescale: 1000)
    }

    static func serviceDescription(_ window: EndpointWindow, _ periods: [Period]) -> ServiceDescription? {
        guard let partTarget = window.partTarget else { return nil }
        let reference = periods.last?.adaptationSets.first { $0.producerReferenceTime != nil }
        let target = targetLatency(window, partTarget)
        // Behind that players leap to where they should be: a segment more is what a slow network costs.
        let reach = UInt32(clamping: window.segmentDuration.milliseconds)
        let least = UInt32(clamping: partTarget.milliseconds &* 2)
        return ServiceDescription(
            latency: ServiceDescription.Latency(
                target: target, referenceID: reference?.producerReferenceTime?.id, minimum: min(least, target),
                maximum: UInt32(clamping: UInt64(target) * 2 + UInt64(reach))),
            playbackRate: ServiceDescription.PlaybackRate(minimum: 960, maximum: 1040))
    }

    /// Before a key changes players look oftener: they have less than the latency to learn of the next Period.
    static func updatePeriod(_ window: EndpointWindow) -> Ticks {
        let period = Ticks(Int64(window.endpoint.minUpdatePeriodSeconds), timescale: 1)
        guard window.partTarget != nil, window.next != nil else { return period }
        return Ticks(min(period.milliseconds, 500), timescale: 1000)
    }

    static func presentationDelay(_ window: EndpointWindow) -> Ticks {
        if let seconds = window.endpoint.suggestedPresentationDelaySeconds {
            return Ticks(Int64(seconds), timescale: 1)
        }
        let partTarget = window.partTarget ?? window.segmentDuration
        return Ticks(Int64(targetLatency(window, partTarget)), timescale: 1000)
    }

    private static func targetLatency(_ window: EndpointWindow, _ partTarget: Ticks) -> UInt32 {
        window.endpoint.targetLatencyMilliseconds ?? UInt32(clamping: max(partTarget.milliseconds &* 4, 1000))
    }

    /// Media time is the time of day at which the encoder's frames came in.
    /// - Parameters:
    ///   - id: of the adaptation set.
    ///   - start: of the Period, from the epoch.
    static func producerReferenceTime(
        id: UInt32, _ start: Ticks, timescale: UInt32, _ window: EndpointWindow
    ) -> ProducerReferenceTime? {
        guard window.partTarget != nil else { return nil }
        return ProducerReferenceTime(
            id: id, isInband: window.endpoint.inbandProducerReferenceTime, wallClockTime: start,
            presentationTime: UInt64(clamping: start.rescaled(to: timescale).value), utcTiming: utcTiming)
    }

    /// Whose clock it is: ours.
    static let utcTiming = UTCTiming.httpXSDate("time")
}
