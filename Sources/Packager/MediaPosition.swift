/// A segment, or a part of it, as players name it.
package struct MediaPosition: Sendable, Hashable {
    package var segment: UInt64
    /// From 0 on; nil: the segment as a whole.
    package var part: UInt64?

    package init(segment: UInt64, part: UInt64? = nil) {
        self.segment = segment
        self.part = part
    }
}
