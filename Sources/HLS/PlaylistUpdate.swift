extension MediaPlaylist {
    /// The whole playlist that a delta update stands for. RFC 8216bis (draft 16), clause 6.3.7.
    ///
    /// - Parameter previous: an earlier whole one.
    /// - Throws: where that does not have what was skipped.
    package func completed(from previous: MediaPlaylist) throws(PlaylistError) -> MediaPlaylist {
        guard let skip else { return self }
        guard previous.skip == nil, mediaSequence >= previous.mediaSequence,
            let skipped = Int(exactly: skip.segments),
            let offset = Int(exactly: mediaSequence - previous.mediaSequence),
            offset <= previous.segments.count, skipped <= previous.segments.count - offset
        else { throw PlaylistError("a delta update that skips more than there was before") }
        var whole = self
        whole.skip = nil
        whole.segments = previous.segments[offset..<offset + skipped] + segments
        return whole
    }
}
