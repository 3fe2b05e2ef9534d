import Media

/// Finds the operations that make one MPD of another, in the order in which they are applied.
enum MPDDifference {
    /// Nil where more has changed than time brings with it.
    static func operations(from old: MPD, to new: MPD) -> [MPDPatch.Operation]? {
        var rest = old
        rest.takeWhatChanges(from: new)
        guard rest == new else { return nil }
        let kept = old.periods.filter { period in new.periods.contains { $0.id == period.id } }
        guard !kept.isEmpty, new.periods.map(\.id).starts(with: kept.map(\.id)) else { return nil }
        var operations: [MPDPatch.Operation] = []
        for (name, (before, after)) in zip(MPD.changingNames, zip(old.changingAttributes, new.changingAttributes)) {
            operations += attribute(name, of: "/MPD", before, after)
        }
        if let location = new.patchLocation, let time = new.publishTime {
            let xml = XMLWriter.fragment { location.write(from: time, to: &$0, namespace: MPD.namespace) }
            operations.append(.replace(selector: "/MPD/PatchLocation[1]", xml: xml))
        }
        for period in old.periods where !new.periods.contains(where: { $0.id == period.id }) {
            operations.append(.remove(selector: path(period)))
        }
        for (before, after) in zip(kept, new.periods) { operations += changes(from: before, to: after) }
        var last = kept[kept.count - 1]
        for period in new.periods.dropFirst(kept.count) {
            let xml = XMLWriter.fragment { period.write(to: &$0, namespace: MPD.namespace) }
            operations.append(.add(selector: path(last), position: "after", xml: xml))
            last = period
        }
        return operations
    }

    private static func path(_ period: Period) -> String { "/MPD/Period[@id='\(period.id)']" }

    private static func attribute(
        _ name: String, of selector: String, _ old: String?, _ new: String?
    ) -> [MPDPatch.Operation] {
        switch (old, new) {
        case (let old?, let new?): old == new ? [] : [.replaceAttribute(selector: "\(selector)/@\(name)", value: new)]
        case (nil, let new?): [.addAttribute(selector: selector, name: name, value: new)]
        case (_?, nil): [.remove(selector: "\(selector)/@\(name)")]
        case (nil, nil): []
        }
    }

    private static func changes(from old: Period, to new: Period) -> [MPDPatch.Operation] {
        guard old != new else { return [] }
        let path = path(new)
        var rest = old
        rest.takeWhatChanges(from: new)
        guard rest == new else {
            return [.replace(selector: path, xml: XMLWriter.fragment { new.write(to: &$0, namespace: MPD.namespace) })]
        }
        var operations = attribute(
            "duration", of: path, old.duration.map(XMLTime.duration), new.duration.map(XMLTime.duration))
        if old.eventStreams != new.eventStreams {
            operations += old.eventStreams.map { _ in .remove(selector: "\(path)/EventStream[1]") }
            for stream in new.eventStreams.reversed() {
                let xml = XMLWriter.fragment { stream.write(to: &$0, namespace: MPD.namespace) }
                operations.append(.add(selector: path, position: "prepend", xml: xml))
            }
        }
        for (before, after) in zip(old.adaptationSets, new.adaptationSets) {
            let set = "\(path)/AdaptationSet[@id='\(after.id)']"
            operations += changes(from: before.segmentTemplate, to: after.segmentTemplate, in: set)
            for (was, now) in zip(before.representations, after.representations) {
                let representation = "\(set)/Representation[@id='\(now.id)']"
                operations += attribute("bandwidth", of: representation, String(was.bandwidth), String(now.bandwidth))
                operations += changes(from: was.segmentTemplate, to: now.segmentTemplate, in: representation)
            }
        }
        return operations
    }

    private static func changes(
        from old: SegmentTemplate?, to new: SegmentTemplate?, in parent: String
    ) -> [MPDPatch.Operation] {
        guard let old, let new, old != new, case .timeline(let before) = old.addressing,
            case .timeline(let after) = new.addressing
        else { return [] }
        let path = "\(parent)/SegmentTemplate"
        return attribute("startNumber", of: path, String(old.startNumber), String(new.startNumber))
            + changes(from: before, to: after, in: "\(path)/SegmentTimeline")
    }

    /// Segments leave at the front and come at the end: few elements change, however many there are.
    private static func changes(
        from old: SegmentTimeline, to new: SegmentTimeline, in path: String
    ) -> [MPDPatch.Operation] {
        let start = new.runs.first?.start ?? .max
        let gone = old.runs.prefix { ($0.end ?? .max) <= start }.count
        let (left, entries) = (old.entries.dropFirst(gone), new.entries)
        var changes: [MPDPatch.Operation] = []
        for (index, pair) in zip(left, entries).enumerated() where pair.0 != pair.1 {
            let xml = XMLWriter.fragment { pair.1.write(to: &$0, namespace: MPD.namespace) }
            changes.append(.replace(selector: "\(path)/S[\(index + 1)]", xml: xml))
        }
        guard left.count <= entries.count, changes.count + gone <= 8 + entries.count / 2 else {
            return [.replace(selector: path, xml: XMLWriter.fragment { new.write(to: &$0, namespace: MPD.namespace) })]
        }
        let added = entries.dropFirst(left.count)
        if !added.isEmpty {
            let xml = XMLWriter.fragment { for entry in added { entry.write(to: &$0, namespace: MPD.namespace) } }
            changes.append(.add(selector: path, position: nil, xml: xml))
        }
        return [MPDPatch.Operation](repeating: .remove(selector: "\(path)/S[1]"), count: gone) + changes
    }
}

extension MPD {
    fileprivate static let changingNames = [
        "type", "publishTime", "mediaPresentationDuration", "minimumUpdatePeriod", "timeShiftBufferDepth",
        "suggestedPresentationDelay", "maxSegmentDuration",
    ]

    fileprivate var changingAttributes: [String?] {
        [
            type.rawValue, publishTime.map(XMLTime.dateTime), mediaPresentationDuration.map(XMLTime.duration),
            minimumUpdatePeriod.map(XMLTime.duration), timeShiftBufferDepth.map(XMLTime.duration),
            suggestedPresentationDelay.map(XMLTime.duration), maxSegmentDuration.map(XMLTime.duration),
        ]
    }

    /// What operations can tell.
    fileprivate mutating func takeWhatChanges(from new: MPD) {
        type = new.type
        publishTime = new.publishTime
        mediaPresentationDuration = new.mediaPresentationDuration
        minimumUpdatePeriod = new.minimumUpdatePeriod
        timeShiftBufferDepth = new.timeShiftBufferDepth
        suggestedPresentationDelay = new.suggestedPresentationDelay
        maxSegmentDuration = new.maxSegmentDuration
        periods = new.periods
    }
}

extension Period {
    /// What operations can tell without the whole Period.
    fileprivate mutating func takeWhatChanges(from new: Period) {
        duration = new.duration
        eventStreams = new.eventStreams
        guard adaptationSets.count == new.adaptationSets.count else { return }
        for (place, set) in zip(adaptationSets.indices, new.adaptationSets) {
            adaptationSets[place].segmentTemplate?.takeTimeline(of: set.segmentTemplate)
            guard adaptationSets[place].representations.count == set.representations.count else { return }
            for (index, representation) in zip(set.representations.indices, set.representations) {
                adaptationSets[place].representations[index].bandwidth = representation.bandwidth
                adaptationSets[place].representations[index].segmentTemplate?.takeTimeline(
                    of: representation.segmentTemplate)
            }
        }
    }
}

extension SegmentTemplate {
    fileprivate mutating func takeTimeline(of new: SegmentTemplate?) {
        guard let new, case .timeline = addressing, case .timeline = new.addressing else { return }
        startNumber = new.startNumber
        addressing = new.addressing
    }
}
