import Media
import Settings
package import Timeline

extension EndpointWindow {
    /// A segment of a track in the endpoint's container, protected by its key.
    ///
    /// - Parameter read: the clear bytes that are stored of a segment's share of a track; nil where they are lost.
    package func media(
        of stored: StoredTrack, in bound: BoundSegment, read: (_ number: UInt64, _ track: String) -> [UInt8]?
    ) throws(PackagingError) -> [UInt8] {
        guard endpoint.container == .ts else {
            return try SegmentPackager.cmaf(
                try clear(stored, in: bound, read: read), number: bound.number, track: stored, endpoint: endpoint,
                keys: bound.keys)
        }
        var shares: [(clear: [UInt8], track: StoredTrack)] = []
        for track in muxed(with: stored, in: bound) { shares.append((try clear(track, in: bound, read: read), track)) }
        return try SegmentPackager.transportStream(shares, number: bound.number, endpoint: endpoint, keys: bound.keys)
    }

    private func clear(
        _ stored: StoredTrack, in bound: BoundSegment, read: (_ number: UInt64, _ track: String) -> [UInt8]?
    ) throws(PackagingError) -> [UInt8] {
        let name = stored.track.name
        if bound.run.slate != nil {
            guard let bytes = slateMedia(of: name, in: bound) else {
                throw .missingMedia(segment: bound.number, track: name)
            }
            return bytes
        }
        // A file that is not what was listed is none.
        guard let bytes = read(bound.number, name), bytes.count == share(of: name, in: bound)?.1.byteCount else {
            throw .missingMedia(segment: bound.number, track: name)
        }
        return bytes
    }
}
