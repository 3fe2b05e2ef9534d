import CurlHTTP
import DASH
import Media

/// Segments that can be asked for while they are made: what an MPD says of them, and whether they come.
/// ISO/IEC 23009-1:2022, clauses 5.3.9.5.3 and 5.12, annex K.
enum EarlySegments {
    static func issues(_ mpd: MPD) -> [Issue] {
        let early = mpd.periods.indices.flatMap { mpd.representations(ofPeriod: $0) }.filter {
            !$0.template.availabilityTimeComplete
        }
        guard !early.isEmpty else { return [] }
        var issues: [Issue] = []
        for representation in early {
            let name = "\(representation.representation.id) of \(representation.period.id)"
            if representation.template.availabilityTimeOffset?.value ?? 0 <= 0 {
                issues.append(Issue(.earlySegment, "\(name) has no availabilityTimeOffset"))
            }
            guard let reference = representation.adaptationSet.producerReferenceTime else { continue }
            let template = representation.template
            let ticks = Int64(clamping: reference.presentationTime)
                .subtractingReportingOverflow(Int64(clamping: template.presentationTimeOffset)).partialValue
            let shown = representation.periodStart &+ Ticks(ticks, timescale: template.timescale).microseconds
            let start = (mpd.availabilityStartTime?.milliseconds ?? 0) &* 1000
            let difference = (reference.wallClockTime.microseconds &- start &- shown) / 1000
            if difference.magnitude > 10_000 {
                issues.append(
                    Issue(.earlySegment, "\(name): the time of day lies \(difference) ms off what is shown then"))
            }
        }
        guard let latency = mpd.serviceDescription?.latency else {
            return issues + [Issue(.earlySegment, "no Latency is asked for", severity: .warning)]
        }
        if let id = latency.referenceID,
            !early.contains(where: { $0.adaptationSet.producerReferenceTime?.id == id })
        {
            issues.append(Issue(.earlySegment, "Latency counts from ProducerReferenceTime \(id), which is not there"))
        }
        if let low = latency.minimum, let high = latency.maximum, !(low...max(low, high)).contains(latency.target) {
            issues.append(Issue(.earlySegment, "the target of Latency is not between min and max"))
        }
        return issues
    }

    /// The segment that is being made now, of the last period's first representation that has such: asked for, and
    /// again when it is whole.
    /// - Parameter elapsed: microseconds since the availability start time.
    static func ask(_ mpd: MPD, url: String, elapsed: Int64, _ context: inout ProbeContext) async {
        guard let last = mpd.periods.indices.last,
            let representation = mpd.representations(ofPeriod: last).first(where: {
                !$0.template.availabilityTimeComplete
            }), case .duration(let duration) = representation.template.addressing
        else { return }
        let length = Ticks(Int64(clamping: duration), timescale: representation.template.timescale).microseconds
        let ahead = representation.template.availabilityTimeOffset?.microseconds ?? 0
        guard length > 0, ahead > 0, ahead < length else { return }
        // What can be asked for ends that much later.
        guard
            let segment = representation.segments(
                periodEnd: mpd.periodEnd(last), now: elapsed + ahead, depth: length * 4
            ).last, segment.end > elapsed,
            let address = representation.url(of: segment).flatMap({ Reference.resolve($0, against: url) })
        else { return }
        let place = representation.representation.id
        guard let early = await context.fetch(address, .segment, place: place),
            let whole = await context.fetch(address, .segment, place: place)
        else { return }
        if early.body != whole.body {
            context.log.add(
                Issue(
                    .segmentUnderWay,
                    "segment \(segment.number) was \(early.body.count) bytes, and is \(whole.body.count) others"),
                at: place)
        }
    }
}
