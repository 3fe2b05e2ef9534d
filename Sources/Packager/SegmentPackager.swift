import CommonEncryption
import HLS
import ISOBMFF
package import Keys
import MPEGTS
import Media
package import MediaMemory
package import Settings
package import Timeline

/// Makes the media an endpoint serves from the clear CMAF of the timeline: the same bytes for the same input.
///
/// Protection fails closed: where a sample cannot be parsed for it, the segment is not made.
package enum SegmentPackager {
    /// A CMAF header ("init segment"), with the key's signalling where the endpoint is protected by Common Encryption.
    package static func header(
        of stored: StoredTrack, endpoint: EndpointProfile, keys: PeriodKeys?
    ) throws(PackagingError) -> [UInt8] {
        guard let encryption = endpoint.encryption, !endpoint.isClear(stored.track.kind) else { return stored.header }
        switch encryption.method {
        case .aes128, .sampleAES: return stored.header
        case .commonEncryption(let scheme):
            if encryption.rotationSignalling == .inband {
                guard try isProtected(stored, keys) else { return stored.header }
                return CMAFHeader(track: stored.track, protection: .keyless(scheme, stored.track.kind)).serialize()
            }
            guard let key = try key(for: stored, endpoint, keys) else { return stored.header }
            let protection = TrackProtection(stored.track.kind, scheme, key, key.systemBoxes(encryption))
            return CMAFHeader(track: stored.track, protection: protection).serialize()
        }
    }

    /// The key of a track; nil where the endpoint is clear, or its contract leaves the track in the clear.
    ///
    /// An endpoint with encryption and without a key is a mistake that must never end in clear bytes.
    private static func key(
        for stored: StoredTrack, _ endpoint: EndpointProfile, _ keys: PeriodKeys?
    ) throws(PackagingError) -> TrackKey? {
        guard endpoint.encryption != nil else { return nil }
        switch keys?.assignment(for: stored.track) {
        case .key(let key)?: return key
        case .unencrypted?: return nil
        case nil: throw .noKey(track: stored.track.name)
        }
    }

    /// One track's segment as CMAF: the clear chunks, each protected on its own, or all of them under AES-128.
    /// - Parameter isIFrame: the clear bytes are the segment's first picture by itself.
    package static func cmaf(
        _ clear: ClearMedia, number: UInt64, track stored: StoredTrack, endpoint: EndpointProfile, keys: PeriodKeys?,
        isIFrame: Bool = false
    ) throws(PackagingError) -> MediaBytes {
        try makeCMAF(clear, number: number, track: stored, endpoint: endpoint, keys: keys, isIFrame: isIFrame)
            .finished(segment: number, track: stored.track.name)
    }

    /// The same up to what may be left to others.
    /// - Parameter earlier: of a part, the segment's chunks before it, as `EndpointWindow.part` gives them.
    package static func makeCMAF(
        _ clear: ClearMedia, after earlier: [ClearMedia] = [], number: UInt64, track stored: StoredTrack,
        endpoint: EndpointProfile, keys: PeriodKeys?, isIFrame: Bool = false
    ) throws(PackagingError) -> PackagedMedia {
        if !stored.track.kind.isPlayed {
            // Pictures are no file, and text has no form under any protection of its samples.
            guard stored.track.kind == .text, endpoint.subtitleForm == .clear else {
                throw .media(segment: number, track: stored.track.name, reason: "\(stored.track.kind) as a file")
            }
            return .whole(clear.bytes)
        }
        guard let encryption = endpoint.encryption, let key = try key(for: stored, endpoint, keys) else {
            guard endpoint.inbandProducerReferenceTime else { return .whole(clear.bytes) }
            do throws(ParseError) { return .whole(try ReferenceTimes.add(to: clear, of: stored)) } catch {
                throw .media(segment: number, track: stored.track.name, reason: "\(error)")
            }
        }
        switch encryption.method {
        case .aes128:
            do throws(ProtectionError) {
                let iv = aes128IV(key, [stored], number: number, .cmaf, isIFrame: isIFrame)
                return .clear(try AES128Job(of: clear.bytes, key: key.key, iv: iv))
            } catch {
                throw .media(segment: number, track: stored.track.name, reason: "\(error)")
            }
        case .commonEncryption(let scheme):
            do {
                return .whole(
                    try ChunkProtection(
                        track: stored, key: key, scheme: scheme,
                        fragmentBoxes: encryption.rotationSignalling == .manifest ? nil : key.fragmentBoxes(encryption),
                        saysTime: endpoint.inbandProducerReferenceTime
                    ).protect(clear, after: earlier))
            } catch {
                throw .media(segment: number, track: stored.track.name, reason: "\(error)")
            }
        case .sampleAES:
            throw .media(segment: number, track: stored.track.name, reason: "SAMPLE-AES without cbcs is for TS")
        }
    }

    /// A sheet of thumbnails as the JPEG image that the clear chunk holds, or subtitles as a WebVTT file made of it;
    /// or that under AES-128. What has no form under the endpoint's protection is not made.
    package static func aside(
        _ clear: ClearMedia, number: UInt64, track stored: StoredTrack, endpoint: EndpointProfile, keys: PeriodKeys?
    ) throws(PackagingError) -> [UInt8] {
        func broken(_ reason: String) -> PackagingError {
            .media(segment: number, track: stored.track.name, reason: reason)
        }
        let isImage = stored.track.kind == .image
        guard let form = isImage ? endpoint.thumbnailForm : endpoint.subtitleForm else {
            throw broken("not in the endpoint, or nothing to protect it by")
        }
        let file: [UInt8]
        do throws(ParseError) {
            let samples = clear.table.fragments.flatMap(\.samples)
            file =
                isImage
                ? try image(samples, clear.bytes) : try subtitles(samples, clear.bytes, stored.track.timescale)
        } catch { throw broken("\(error)") }
        guard form == .aes128, let key = try key(for: stored, endpoint, keys) else { return file }
        do throws(ProtectionError) {
            return try AES128Segment.protect(
                file.span, key: key.key, iv: sideIV(key, stored, isImage ? .image(number) : .subtitles(number)))
        } catch { throw broken("\(error)") }
    }

    private static func image(_ samples: [SampleLocation], _ clear: MediaBytes) throws(ParseError) -> [UInt8] {
        guard samples.count == 1, let sample = samples.first else {
            throw ParseError(.invalid, at: 0, "\(samples.count) images in a sheet's segment")
        }
        return clear.array(sample.offset..<sample.offset + sample.size)
    }

    private static func subtitles(
        _ samples: [SampleLocation], _ clear: MediaBytes, _ timescale: UInt32
    ) throws(ParseError) -> [UInt8] {
        var cues: [SubtitleCue] = []
        for sample in samples {
            let cue = try WebVTTSample.parse(clear.span.extracting(sample.offset..<sample.offset + sample.size))
            guard let cue else { continue }
            cues.append(
                SubtitleCue(start: sample.decodeTime, end: sample.decodeTime &+ Int64(sample.duration), text: cue))
        }
        let origin = Ticks(samples.first?.decodeTime ?? 0, timescale: timescale)
        return Array(WebVTTSegment(origin: origin, cues: cues).text.utf8)
    }

    static func sideIV(_ key: TrackKey, _ stored: StoredTrack, _ resource: AES128Segment.Resource) -> [UInt8] {
        AES128Segment.iv(keyID: key.keyID, trackIndex: stored.index, resource)
    }

    /// A segment as MPEG-2 TS: video with audio, or either alone, under AES-128 where the endpoint says so.
    /// - Parameter isIFrame: the clear bytes are the segment's first picture by itself.
    package static func transportStream(
        _ shares: [(clear: ClearMedia, track: StoredTrack)], number: UInt64, endpoint: EndpointProfile,
        keys: PeriodKeys?,
        isIFrame: Bool = false
    ) throws(PackagingError) -> MediaBytes {
        try makeTransportStream(shares, number: number, endpoint: endpoint, keys: keys, isIFrame: isIFrame)
            .finished(segment: number, track: shares.first?.track.track.name ?? "")
    }

    /// The same up to what may be left to others.
    package static func makeTransportStream(
        _ shares: [(clear: ClearMedia, track: StoredTrack)], number: UInt64, endpoint: EndpointProfile,
        keys: PeriodKeys?,
        isIFrame: Bool = false
    ) throws(PackagingError) -> PackagedMedia {
        // One segment has one key: EXT-X-KEY is for all that is in it.
        var keyed: [TrackKey?] = []
        for share in shares { keyed.append(try key(for: share.track, endpoint, keys)) }
        let segmentKey = keyed.lazy.compactMap { $0 }.first
        let sampleAES = endpoint.encryption?.method == .sampleAES ? segmentKey : nil
        let stream = try mux(shares, sampleAES: sampleAES.map { key in keyed.map { $0 == nil ? nil : key } }, number)
        guard let segmentKey, endpoint.encryption?.method == .aes128 else { return .whole(stream.finish()) }
        // AES-128 is over the whole resource. RFC 8216, clause 4.3.2.4.
        let iv = aes128IV(segmentKey, shares.map(\.track), number: number, .ts, isIFrame: isIFrame)
        do throws(ProtectionError) {
            return .clear(try AES128Job(inPlace: stream, key: segmentKey.key, iv: iv))
        } catch {
            throw .media(segment: number, track: shares.first?.track.track.name ?? "", reason: "\(error)")
        }
    }

    /// - Parameter sampleAES: a key, or none, for each share; nil: none at all.
    private static func mux(
        _ shares: [(clear: ClearMedia, track: StoredTrack)], sampleAES: [TrackKey?]?, _ number: UInt64
    ) throws(PackagingError) -> MediaDraft {
        do {
            let keys = try sampleAES?.map { key in try key.map { try SampleAESKey(key: $0.key, iv: $0.constantIV) } }
            let muxer = try TransportStreamMuxer(tracks: shares.map(\.track.track), sampleAES: keys)
            let segments = shares.map { share in
                let samples = share.clear.table.fragments.flatMap { fragment in
                    fragment.samples.map {
                        SampleReference(
                            decodeTime: $0.decodeTime, compositionOffset: $0.compositionOffset, duration: $0.duration,
                            isSync: $0.isSync, offset: $0.offset, size: $0.size)
                    }
                }
                return MPEGTS.TrackSegment(samples: samples, source: share.clear.bytes)
            }
            return try muxer.draft(segments, spareCapacity: 16)
        } catch {
            throw .media(segment: number, track: shares.first?.track.track.name ?? "", reason: "\(error)")
        }
    }

    /// The IV of a segment of these tracks: the first is the one that the playlist is named after.
    static func aes128IV(
        _ key: TrackKey, _ tracks: [StoredTrack], number: UInt64, _ container: EndpointProfile.Container,
        isIFrame: Bool = false
    ) -> [UInt8] {
        let resource: AES128Segment.Resource =
            switch (container, isIFrame) {
            case (.cmaf, false): .segment(number)
            case (.cmaf, true): .iFrame(number)
            case (.ts, false): .transportStream(number, audio: tracks.dropFirst().first?.index)
            case (.ts, true): .iFrameTransportStream(number)
            }
        return AES128Segment.iv(keyID: key.keyID, trackIndex: tracks.first?.index ?? 0, resource)
    }

    /// Whether the contract protects a track, as far as its header is concerned: with or without the key at hand.
    private static func isProtected(_ stored: StoredTrack, _ keys: PeriodKeys?) throws(PackagingError) -> Bool {
        switch keys?.assignment(for: stored.track) {
        case .key?: true
        case .unencrypted?: false
        case nil: throw .noKey(track: stored.track.name)
        }
    }
}

extension TrackProtection {
    init(_ kind: Track.Kind, _ scheme: ProtectionScheme, _ key: TrackKey, _ boxes: [[UInt8]]) {
        switch scheme {
        case .cenc: self = .cenc(keyID: key.keyID, systemBoxes: boxes)
        case .cbcs: self = .cbcs(keyID: key.keyID, constantIV: key.constantIV, kind: kind, systemBoxes: boxes)
        }
    }

    /// For headers of tracks whose fragments say their keys: no KID of any key.
    fileprivate static func keyless(_ scheme: ProtectionScheme, _ kind: Track.Kind) -> TrackProtection {
        let none = [UInt8](repeating: 0, count: 16)
        guard let keyID = KeyID(bytes: none) else { preconditionFailure("not 16 bytes") }  // why: just made
        return switch scheme {
        case .cenc: .cenc(keyID: keyID)
        case .cbcs: .cbcs(keyID: keyID, constantIV: none, kind: kind)
        }
    }
}
