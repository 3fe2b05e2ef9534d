import Media
import Settings

extension EndpointWindow {
    /// Whether each of the window's live manifests is made and judged in some 100 us: by what it lists, of which no more is
    /// known from before than of any window.
    package var hasBriefManifests: Bool {
        let listed = listed
        guard let first = listed.first?.number, let last = listed.last?.number, last - first < Self.briefCount else {
            return false
        }
        guard adBreaks.count < Self.briefBreaks else { return false }
        switch endpoint.package {
        case .hls:
            guard let partTarget else { return true }
            // Of three target durations, and of what is under way.
            let parts = (targetDuration * 3 + 1) * 1000 / max(partTarget.milliseconds, 1)
            return UInt64(clamping: parts) + (last - first) < Self.briefCount
        case .dash:
            let tracks = tracks.count
            // Of each Period every track is described, and each segment's time is looked up in each.
            let periods = segments.stretches(in: listed.indices).reduce(1) { count, _ in count + 1 }
            return periods * tracks <= Self.briefDescriptions
                && UInt64(tracks).multipliedReportingOverflow(by: last - first).partialValue < Self.briefCount
        }
    }

    /// Lines of playlists.
    private static let briefCount: UInt64 = 128
    /// Representations of MPDs.
    private static let briefDescriptions = 12
    private static let briefBreaks = 8
}
