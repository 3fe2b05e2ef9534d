import MPEGTS
package import Media
package import Settings

extension EndpointProfile {
    /// How thumbnails and subtitles go out; nil: not at all, or as everything else does.
    func sideForm(of kind: Track.Kind) -> SideForm? {
        switch kind {
        case .video, .audio: nil
        case .image: thumbnailForm
        case .text: subtitleForm
        }
    }

    /// Whether a kind goes out in the clear, whatever the endpoint's protection is.
    package func isClear(_ kind: Track.Kind) -> Bool { sideForm(of: kind) == .clear }

    /// Why the endpoint does without a track: its container cannot hold it, or its protection; nil where it has it.
    package func refusal(of track: Track) -> String? {
        if !track.kind.isPlayed {
            return sideForm(of: track.kind) == nil
                ? "the endpoint does not have them, or nothing to protect them by" : nil
        }
        guard container == .ts else { return nil }
        return TransportStreamMuxer.refusal(of: track.codec, isSampleAES: encryption?.method == .sampleAES)
    }
}
