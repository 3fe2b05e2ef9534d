import DASH
import Media
import Settings
import Timeline

/// Trick mode: of each segment the first picture, in adaptation sets beside the ones they are from.
extension MPDPackager {
    /// - Parameters:
    ///   - set: an adaptation set of video.
    ///   - tracks: those of its representations.
    static func trickMode(
        beside set: AdaptationSet, _ tracks: [StoredTrack], _ run: Run, _ window: EndpointWindow
    ) -> AdaptationSet? {
        let tracks = tracks.filter { window.namesIFrames(of: $0.track) }
        guard !tracks.isEmpty else { return nil }
        var trick = set
        trick.id = 100 + set.id
        trick.essentialProperties = [.trickMode(of: set.id)]
        // Sets that players may switch between are those that are played.
        trick.supplementalProperties.removeAll { $0.schemeIDURI == Descriptor.switching(with: []).schemeIDURI }
        trick.segmentTemplate = nil
        trick.producerReferenceTime = nil
        trick.accessibilities = []
        trick.representations = tracks.map { stored in
            let track = stored.track
            var template = template(stored, run, window)
            // It is there when the segment is whole, not before.
            (template.availabilityTimeOffset, template.availabilityTimeComplete) = (nil, true)
            // A representation's id is its own; the files are beside the track's.
            template.initialization = template.initialization?.replacing("$RepresentationID$", with: track.name)
            template.media = template.media.replacing("$RepresentationID$", with: track.name)
                .replacing("$Number$", with: "iframe-$Number$")
            return Representation(
                id: "\(track.name)-iframes", bandwidth: UInt64(max(run.measured.iFramePeaks[track.name] ?? 1, 1)),
                codecs: track.codec.rfc6381, width: track.codec.pictureSize?.width,
                height: track.codec.pictureSize?.height, segmentTemplate: template,
                maximumPlayoutRate: picturesInASegment(track, window))
        }
        return trick
    }

    /// A decoder that can play the track can show the first pictures of that many segments in one's time.
    private static func picturesInASegment(_ track: Track, _ window: EndpointWindow) -> UInt32 {
        guard let rate = track.frameRate else { return 1 }
        let ticks = Ticks(window.segmentDuration.value, timescale: window.segmentDuration.timescale)
            .rescaled(to: rate.numerator).value
        return UInt32(clamping: max(ticks / Int64(rate.denominator), 1))
    }
}
