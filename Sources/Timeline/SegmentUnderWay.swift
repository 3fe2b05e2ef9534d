/// A segment that is not whole yet, with the media that is there of it.
///
/// Whatever is in one stays: the segment becomes whole with it, if only as a short one.
package struct SegmentUnderWay: Sendable, Equatable {
    /// As it would be listed if it ended here; every track has a chunk at least.
    package let segment: WindowSegment
    /// The chunks of each track.
    package let parts: [[ClearMedia]]
    /// Of each track, whether all chunks are there.
    package let isEnded: [Bool]
    /// The segment that its event began with.
    package let eventStart: UInt64?

    package init(segment: WindowSegment, parts: [[ClearMedia]], isEnded: [Bool], eventStart: UInt64?) {
        self.segment = segment
        self.parts = parts
        self.isEnded = isEnded
        self.eventStart = eventStart
    }
}
