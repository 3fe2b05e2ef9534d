package import Media

/// The CMAF header of one track, the "init segment": `ftyp` and `moov`. ISO/IEC 23000-19:2024, clause 7.3.1.
package struct CMAFHeader: Sendable, Equatable {
    package var track: Track
    /// Nil for a track in the clear.
    package var protection: TrackProtection?

    package init(track: Track, protection: TrackProtection? = nil) {
        self.track = track
        self.protection = protection
    }

    /// Reads a header of exactly one track.
    ///
    /// The file does not hold the track's name, reorder delay and frame rate; they come from the caller.
    package init(
        parsing bytes: Span<UInt8>, name: String = "", reorderDelay: UInt32 = 0, frameRate: FrameRate? = nil
    ) throws(ParseError) {
        throw ParseError(.unsupported, at: 0, "not written yet")
    }

    package func serialize() -> [UInt8] { [] }
}
