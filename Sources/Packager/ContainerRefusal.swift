import MPEGTS
package import Media
package import Settings

extension EndpointProfile {
    /// Why the endpoint does without a track: its container cannot hold it, or its protection; nil where it has it.
    package func refusal(of track: Track) -> String? {
        if track.kind == .image {
            return thumbnailForm == nil ? "the endpoint has no thumbnails, or nothing to protect them by" : nil
        }
        guard container == .ts else { return nil }
        return TransportStreamMuxer.refusal(of: track.codec, isSampleAES: encryption?.method == .sampleAES)
    }
}
