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
        let (count, tracks) = (last - first + 1, UInt64(tracks.count))
        let systems = UInt64(endpoint.encryption?.systems.count ?? 0)
        let stretches = UInt64(segments.stretches(in: listed.indices).reduce(1) { count, _ in count + 1 })
        switch endpoint.package {
        case .hls:
            // A multivariant playlist has a line for each pair of picture and sound.
            guard tracks <= Self.briefTracks else { return false }
            // A key has an IV of its own for each segment under AES-128, and else what its systems want of players.
            let isWhole = endpoint.encryption?.method == .aes128
            var lines = count * (isWhole ? 1 + 2 * systems : 1) + (isWhole ? 0 : stretches * systems * Self.keyLines)
            // Each segment in a break says so.
            if !adBreaks.isEmpty { lines += 2 * count }
            // Of three target durations, and of what is under way.
            if let partTarget {
                lines += UInt64(clamping: (targetDuration * 3 + 1) * 1000 / max(partTarget.milliseconds, 1))
            }
            return lines < Self.briefCount
        case .dash:
            // Of each Period every track is described, picture and sound with their keys, and each segment's time is looked
            // up in each.
            return stretches * (tracks + 2 * systems) <= Self.briefDescriptions && tracks * count < Self.briefCount
        }
    }

    /// Lines of playlists.
    private static let briefCount: UInt64 = 128
    /// Representations of MPDs.
    private static let briefDescriptions: UInt64 = 16
    private static let briefTracks: UInt64 = 12
    /// That the words of one system take the place of.
    private static let keyLines: UInt64 = 8
    private static let briefBreaks = 8
}
