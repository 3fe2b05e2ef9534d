import CommonEncryption
import ISOBMFF
package import Keys
import MPEGTS
import Media
package import Settings
package import Timeline

/// Makes the media an endpoint serves from the clear CMAF of the timeline: the same bytes for the same input.
///
/// Protection fails closed: where a sample cannot be parsed for it, the segment is not made.
package enum SegmentPackager {
    /// A CMAF header ("init segment"), with the key's signalling where the endpoint is protected by Common Encryption.
    package static func header(of stored: StoredTrack, endpoint: EndpointProfile, keys: PeriodKeys?) -> [UInt8] {
        guard let protection = protection(of: stored.track, endpoint: endpoint, keys: keys) else {
            return stored.header
        }
        return CMAFHeader(track: stored.track, protection: protection).serialize()
    }

    /// One track's segment as CMAF: the clear chunks, each protected on its own.
    package static func cmaf(
        _ clear: [UInt8], number: UInt64, track stored: StoredTrack, endpoint: EndpointProfile, keys: PeriodKeys?
    ) throws(PackagingError) -> [UInt8] {
        guard let encryption = endpoint.encryption else { return clear }
        // An endpoint with encryption and without a key is a mistake that must never end in clear bytes.
        guard let keys else {
            throw .media(segment: number, track: stored.track.name, reason: "no key for a protected endpoint")
        }
        let key = keys[stored.track.kind]
        switch encryption.scheme {
        case nil:
            return try wholeSegment(clear, number: number, track: stored, keys: keys)
        case .cenc?, .cbcs?:
            do {
                return try ChunkProtection(track: stored, key: key, scheme: encryption.scheme ?? .cbcs).protect(clear)
            } catch {
                throw .media(segment: number, track: stored.track.name, reason: "\(error)")
            }
        }
    }

    /// A segment as MPEG-2 TS: video with audio, or either alone, under AES-128 where the endpoint says so.
    package static func transportStream(
        _ shares: [(clear: [UInt8], track: StoredTrack)], number: UInt64, endpoint: EndpointProfile, keys: PeriodKeys?
    ) throws(PackagingError) -> [UInt8] {
        let name = shares.first?.track.track.name ?? ""
        let stream: [UInt8]
        do {
            let muxer = try TransportStreamMuxer(tracks: shares.map(\.track.track))
            var segments: [MPEGTS.TrackSegment] = []
            for share in shares {
                let table = try MovieFragmentTable(parsing: share.clear.span)
                let samples = table.fragments.flatMap { fragment in
                    fragment.samples.map {
                        SampleReference(
                            decodeTime: $0.decodeTime, compositionOffset: $0.compositionOffset, duration: $0.duration,
                            isSync: $0.isSync, offset: $0.offset, size: $0.size)
                    }
                }
                segments.append(MPEGTS.TrackSegment(samples: samples, source: share.clear))
            }
            stream = try muxer.mux(segments)
        } catch {
            throw .media(segment: number, track: name, reason: "\(error)")
        }
        guard endpoint.encryption != nil else { return stream }
        guard let keys, let first = shares.first else {
            throw .media(segment: number, track: name, reason: "no key for a protected endpoint")
        }
        return try wholeSegment(stream, number: number, track: first.track, keys: keys)
    }

    /// AES-128 over the whole resource. RFC 8216, clause 4.3.2.4.
    private static func wholeSegment(
        _ bytes: [UInt8], number: UInt64, track: StoredTrack, keys: PeriodKeys
    ) throws(PackagingError) -> [UInt8] {
        let key = keys[track.track.kind]
        let iv = InitializationVector.aes128IV(keyID: key.keyID, trackIndex: track.index, segmentNumber: number)
        do {
            return try AES128Segment.protect(bytes.span, key: key.key, iv: iv)
        } catch {
            throw .media(segment: number, track: track.track.name, reason: "\(error)")
        }
    }

    /// What the header of a protected track says; nil in the clear and for AES-128, which leaves headers alone.
    static func protection(of track: Track, endpoint: EndpointProfile, keys: PeriodKeys?) -> TrackProtection? {
        guard let scheme = endpoint.encryption?.scheme, let keys else { return nil }
        let key = keys[track.kind]
        let boxes = (endpoint.encryption?.systems ?? []).compactMap { key.signalling[$0]?.pssh }
        switch scheme {
        case .cenc: return .cenc(keyID: key.keyID, systemBoxes: boxes)
        case .cbcs:
            return .cbcs(keyID: key.keyID, constantIV: key.constantIV, kind: track.kind, systemBoxes: boxes)
        }
    }
}
