import DASH
import Media
import Settings
import Timeline

/// Thumbnail tiles: adaptation sets of images, one for each segment. DASH-IF Interoperability Points 4.3, clause 6.2.6.
extension MPDPackager {
    /// - Parameter tracks: those of the run.
    static func thumbnails(_ tracks: [StoredTrack], _ run: Run, _ window: EndpointWindow) -> [AdaptationSet] {
        tracks.filter { $0.track.kind == .image && isThere($0, in: run, window) }.enumerated().compactMap {
            index, stored in
            guard case .jpeg(let tiles) = stored.track.codec else { return nil }
            var template = template(stored, run, window)
            // An image is there when its segment is whole, and says itself how it is to be read.
            (template.availabilityTimeOffset, template.availabilityTimeComplete) = (nil, true)
            template.initialization = nil
            template.media = template.media.replacing(".m4s", with: ".jpg")
            let bandwidth = MeasuredBandwidth(of: stored.track.name, run.measured, window).peak
            var representation = Representation(
                id: stored.track.name, bandwidth: UInt64(max(bandwidth, 1)),
                width: UInt32(clamping: tiles.sheetWidth), height: UInt32(clamping: tiles.sheetHeight))
            representation.essentialProperties = [.thumbnailTile(columns: tiles.columns, rows: tiles.rows)]
            return AdaptationSet(
                id: UInt32(200 + index), contentType: .image, mimeType: "image/jpeg", segmentAlignment: false,
                startWithSAP: nil, segmentTemplate: template, representations: [representation])
        }
    }

    /// A timeline without segments says nothing; a publication that ended with its first one may have no image.
    private static func isThere(_ stored: StoredTrack, in run: Run, _ window: EndpointWindow) -> Bool {
        window.endpoint.segmentTemplate == .number || run.segments.isEmpty
            || run.segments.contains { window.share(of: stored.track.name, in: $0) != nil }
    }
}
