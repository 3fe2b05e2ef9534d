import Media

extension Journal {
    /// A whole window, as a new journal begins with it.
    static func records(of snapshot: Snapshot, _ progress: WindowProgress) -> [Journal.Record] {
        let numbering = snapshot.numbering
        let duration = Journal.Record.segmentDuration(
            value: numbering.duration.value, timescale: numbering.duration.timescale, offset: numbering.offset)
        let floor = Journal.Record.floor(
            Journal.Floor(
                firstFreeNumber: progress.firstFreeNumber, nextGeneration: progress.nextGeneration,
                discontinuitySequence: progress.discontinuitySequence, ends: progress.ends,
                lastListed: progress.lastListed, eventStart: progress.eventStart))
        let tracks = progress.indexes.sorted { $0.value < $1.value }.map {
            Journal.Record.track(index: $0.value, name: $0.key)
        }
        let sets = snapshot.trackSets.values.sorted { $0.generation < $1.generation }.map(\.record)
        let underWay = progress.underWay.map { [Journal.Record.underWay($0)] } ?? []
        let breaks = snapshot.adBreaks.map { Journal.Record.adBreak($0) }
        return [duration, floor] + tracks + sets + snapshot.segments.map { .segment($0) } + underWay + breaks
    }
}
