import Media
import Settings
import Timeline

/// The relative URLs of an endpoint's media, as manifests write them and the origin reads them.
enum MediaLocation {
    /// `init-GENERATION.mp4`, with the key period where the track is protected.
    static func headerName(generation: UInt64, period: KeyPeriod?) -> String {
        period.map { "init-\(generation)-\($0).mp4" } ?? "init-\(generation).mp4"
    }

    /// With the shift that the playlist naming it has; files have none in their names.
    static func playlist(track: String, _ shift: ShiftedRange?) -> String {
        let query = shift?.query ?? ""
        return "\(track)/playlist.m3u8" + (query.isEmpty ? "" : "?\(query)")
    }

    /// With the shift that the playlist naming it has.
    static func iFramePlaylist(track: String, _ shift: ShiftedRange?) -> String {
        let query = shift?.query ?? ""
        return "\(track)/iframes.m3u8" + (query.isEmpty ? "" : "?\(query)")
    }

    /// With the shift that the playlist naming it has.
    static func imagePlaylist(track: String, _ shift: ShiftedRange?) -> String {
        let query = shift?.query ?? ""
        return "\(track)/images.m3u8" + (query.isEmpty ? "" : "?\(query)")
    }

    /// With the shift that the playlist naming it has.
    static func subtitlePlaylist(track: String, _ shift: ShiftedRange?) -> String {
        let query = shift?.query ?? ""
        return "\(track)/subtitles.m3u8" + (query.isEmpty ? "" : "?\(query)")
    }

    static func subtitleName(number: UInt64) -> String { "\(number).vtt" }

    static func imageName(number: UInt64) -> String { "\(number).jpg" }

    /// `iframe-NUMBER.m4s` or `.ts`
    static func iFrameName(number: UInt64, container: EndpointProfile.Container) -> String {
        "iframe-" + segmentName(number: number, container: container)
    }

    static func segmentName(number: UInt64, container: EndpointProfile.Container) -> String {
        switch container {
        case .ts: String(number) + ".ts"
        case .cmaf: String(number) + ".m4s"
        }
    }

    /// `NUMBER.PART.m4s`
    static func partName(_ position: MediaPosition) -> String {
        String(position.segment) + "." + String(position.part ?? 0) + ".m4s"
    }
}
