package import Media

/// What a playlist says of the segment after its last one, of which there are parts and no more.
/// RFC 8216bis (draft 16), clause 4.4.4.9.
package struct SegmentInProgress: Sendable, Hashable {
    package var isDiscontinuity: Bool
    /// Since the Unix epoch.
    package var programDateTime: Ticks?
    package var keys: [Key]
    package var map: MediaInitialization?
    package var parts: [PartialSegment]
    /// Whole lines of tags not known here.
    package var unknownTags: [String]

    package init(
        isDiscontinuity: Bool = false, programDateTime: Ticks? = nil, keys: [Key] = [],
        map: MediaInitialization? = nil, parts: [PartialSegment], unknownTags: [String] = []
    ) {
        self.isDiscontinuity = isDiscontinuity
        self.programDateTime = programDateTime
        self.keys = keys
        self.map = map
        self.parts = parts
        self.unknownTags = unknownTags
    }
}
