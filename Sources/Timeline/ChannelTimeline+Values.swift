package import Media

extension ChannelTimeline {
    package struct Limits: Sendable {
        package var segmentDuration: Ticks
        /// No segment is longer.
        package var longestSegment: Ticks
        /// How far back the window reaches.
        package var windowSeconds: UInt32
        package var memoryBytes: Int
        /// Of segments that are not whole.
        package var openBytes: Int
        /// Whether snapshots have the segment under way.
        package var showsParts: Bool

        /// - Parameters:
        ///   - longestSegment: nil: the duration of one.
        ///   - openBytes: what they may have if that is more than `leastOpenBytes`.
        package init(
            segmentDuration: Ticks, longestSegment: Ticks? = nil, windowSeconds: UInt32, memoryBytes: Int = 128 << 20,
            openBytes: Int = 0, showsParts: Bool = false
        ) {
            self.segmentDuration = segmentDuration
            self.longestSegment = longestSegment ?? segmentDuration
            self.windowSeconds = windowSeconds
            self.openBytes = max(openBytes, Self.leastOpenBytes)
            // However large segments are, one that is being listed does not push its own tracks out.
            self.memoryBytes = openBytes > Self.leastOpenBytes ? max(memoryBytes, 2 * openBytes) : memoryBytes
            self.showsParts = showsParts
        }

        package static let leastOpenBytes = 96 << 20

        /// What an encoder that waits may have at hand: three segments, as `openBytes` are two.
        package var standbyBytes: Int { openBytes > Self.leastOpenBytes ? 2 * openBytes : openBytes }

        var segmentsInWindow: UInt64 {
            let window = Ticks(Int64(windowSeconds), timescale: 1).rescaled(to: segmentDuration.timescale)
            return UInt64(clamping: window.value / max(segmentDuration.value, 1))
        }
    }

    /// What happened that an operator should know of.
    package enum Event: Sendable, Equatable {
        case segment(number: UInt64)
        /// There is more of the segment under way.
        case part(segment: UInt64)
        /// The disk refused, and may go on to: what it does not take is in memory only.
        case storageFailed(StorageError)
        /// It takes everything again, after so many segments of which it has not all.
        case storageRecovered(segments: Int)
        /// The storage cap, or a full disk, pushed a segment out before its time.
        case evictedEarly(number: UInt64)
        /// A segment that is listed cannot be read: it is not served. Said once for each file.
        case unreadable(StorageError)
        /// Lines of the journal could not be read; what they said is lost, what must not come twice is not.
        case journalDamaged(lines: Int)
    }
}
