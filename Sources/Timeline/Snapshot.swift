package import Media

/// The window of a channel at one moment. An immutable value: whoever holds one sees nothing change.
package struct Snapshot: Sendable {
    /// Of the channel; segment N starts nominally at N times this.
    package let segmentDuration: Ticks
    /// Every set a listed segment was made with, and the newest, by generation.
    package internal(set) var trackSets: [UInt64: TrackSet] = [:]
    /// By rising number; numbers may be missing where no encoder was there.
    package internal(set) var segments: [WindowSegment] = []
    /// The newest set, whether or not it has a whole segment yet.
    package internal(set) var currentGeneration: UInt64?

    package init(segmentDuration: Ticks) { self.segmentDuration = segmentDuration }

    package func segment(_ number: UInt64) -> WindowSegment? {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < segments.count && segments[low].number == number ? segments[low] : nil
    }

    package func trackSet(of segment: WindowSegment) -> TrackSet? { trackSets[segment.generation] }

    /// The nominal start of a segment from the epoch: its number times the segment duration. Saturates.
    package func nominalStart(of number: UInt64) -> Ticks {
        let (product, overflow) = Int64(clamping: number).multipliedReportingOverflow(by: segmentDuration.value)
        return Ticks(overflow ? .max : product, timescale: segmentDuration.timescale)
    }
}
