import MPEGTS
package import Media
package import Settings

extension EndpointProfile {
    /// Why the endpoint's container cannot hold a track; nil where it can.
    package func refusal(of track: Track) -> String? {
        guard container == .ts else { return nil }
        return TransportStreamMuxer.refusal(of: track.codec, isSampleAES: encryption?.method == .sampleAES)
    }
}
