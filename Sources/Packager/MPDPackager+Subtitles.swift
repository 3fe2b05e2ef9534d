import DASH
import Media
import Settings
import Timeline

/// Subtitles: an adaptation set of `wvtt` for each language, in the clear. DASH-IF Interoperability Points 4.3, clause 6.4.
extension MPDPackager {
    /// - Parameter tracks: those of the run.
    static func subtitles(_ tracks: [StoredTrack], _ run: Run, _ window: EndpointWindow) -> [AdaptationSet] {
        tracks.filter { $0.track.kind == .text }.enumerated().map { index, stored in
            var set = AdaptationSet(
                id: UInt32(50 + index), contentType: .text, mimeType: "application/mp4",
                language: stored.track.language, roles: [.subtitleRole])
            place([stored], run, window, in: &set)
            // They are there when the segment is whole.
            set.segmentTemplate?.availabilityTimeOffset = nil
            set.segmentTemplate?.availabilityTimeComplete = true
            return set
        }
    }
}
