package import Media

/// One entry of a media playlist with all that applies to it. RFC 8216, clause 4.3.2.
///
/// Keys and map are stated in full at every segment; the playlist writes them where they change.
package struct MediaSegment: Sendable, Hashable {
    package var uri: String
    package var duration: SegmentDuration
    package var byteRange: ByteRange?
    /// EXT-X-DISCONTINUITY stands before it.
    package var isDiscontinuity: Bool
    /// Since the Unix epoch; nil where the segment has no EXT-X-PROGRAM-DATE-TIME of its own.
    package var programDateTime: Ticks?
    /// EXT-X-GAP: there is nothing to fetch. RFC 8216bis (draft 14), clause 4.4.4.7.
    package var isGap: Bool
    /// The keys in force, one for each key format; none where the segment is clear.
    package var keys: [Key]
    /// The initialization in force. Where it changes, or the keys do, it is written after the keys, so that
    /// with AES-128 the keys apply to it as well.
    package var map: MediaInitialization?
    /// The initialization is in the clear, whatever the keys: it is written before them, with METHOD=NONE in force.
    package var isMapClear: Bool
    /// What it was made known by before it was whole, while that is said.
    package var parts: [PartialSegment]
    /// Whole lines of tags not known here that stand before the segment.
    package var unknownTags: [String]

    package init(
        uri: String, duration: SegmentDuration, byteRange: ByteRange? = nil, isDiscontinuity: Bool = false,
        programDateTime: Ticks? = nil, isGap: Bool = false, keys: [Key] = [], map: MediaInitialization? = nil,
        isMapClear: Bool = false, parts: [PartialSegment] = [], unknownTags: [String] = []
    ) {
        self.uri = uri
        self.duration = duration
        self.byteRange = byteRange
        self.isDiscontinuity = isDiscontinuity
        self.programDateTime = programDateTime
        self.isGap = isGap
        self.keys = keys
        self.map = map
        self.isMapClear = isMapClear
        self.parts = parts
        self.unknownTags = unknownTags
    }
}
