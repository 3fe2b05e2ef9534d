import CommonEncryption
import HLS
import Keys
import Media
import Settings
import Timeline

/// The HLS playlists of an endpoint, made from its window: pure text.
package enum PlaylistPackager {
    private static let audioGroup = "audio"
    private static let captionGroup = "captions"

    /// What a playlist lists of each segment.
    enum Form { case media, iFrames, images, subtitles }

    /// The multivariant playlist. RFC 8216, clause 4.3.4.
    package static func multivariant(_ window: EndpointWindow) -> String {
        let tracks = window.tracks.map(\.track).filter { window.names($0) }
        let measured = window.measured
        let video = tracks.filter { $0.kind == .video }
        let audio = tracks.filter { $0.kind == .audio }
        let usesGroups = !window.endpoint.muxesAudio && !video.isEmpty && !audio.isEmpty
        var playlist = MultivariantPlaylist(hasIndependentSegments: true)
        playlist.sessionKeys = sessionKeys(window)
        let groups = usesGroups ? groupedByCodec(audio) : []
        playlist.renditions = groups.flatMap { group in
            group.tracks.enumerated().map { index, track in
                Rendition(
                    kind: .audio, groupID: group.id, name: track.name, language: track.language,
                    isDefault: index == 0, isAutoselected: true, channels: track.channels,
                    uri: MediaLocation.playlist(track: track.name, window.shift))
            }
        }
        playlist.renditions += captions(window)
        playlist.renditions += subtitles(window)
        // Each picture with each sound that it may have: a player takes what it can decode.
        for track in video.isEmpty ? audio : video {
            if groups.isEmpty {
                // Only the first is inside.
                let inside = track.kind == .video ? Array(audio.prefix(1)) : []
                playlist.variants.append(variant(track, with: inside, group: nil, measured, window))
            }
            for group in groups {
                playlist.variants.append(variant(track, with: group.tracks, group: group.id, measured, window))
            }
        }
        playlist.iFrameVariants = window.iFrameTracks.map(\.track).filter { window.namesIFrames(of: $0) }.map { track in
            IFrameVariant(
                uri: MediaLocation.iFramePlaylist(track: track.name, window.shift),
                bandwidth: UInt64(MeasuredBandwidth(ofIFrames: track.name, in: window).peak),
                codecs: [track.codec.rfc6381], resolution: track.resolution)
        }
        playlist.imageVariants = imageVariants(window)
        return playlist.serialize()
    }

    private static func variant(
        _ track: Track, with audio: [Track], group: String?, _ measured: ListedMeasures, _ window: EndpointWindow
    ) -> Variant {
        let own = MeasuredBandwidth(of: track.name, measured, window)
        let loudest = audio.map { MeasuredBandwidth(of: $0.name, measured, window) }
        let codecs = [track.codec.rfc6381] + audio.map(\.codec.rfc6381)
        let texts = namedSubtitles(window).map { MeasuredBandwidth(of: $0.name, measured, window) }
        return Variant(
            uri: MediaLocation.playlist(track: track.name, window.shift),
            bandwidth: UInt64(own.peak + (loudest.map(\.peak).max() ?? 0) + (texts.map(\.peak).max() ?? 0)),
            averageBandwidth: UInt64(
                own.average + (loudest.map(\.average).max() ?? 0) + (texts.map(\.average).max() ?? 0)),
            codecs: codecs.reduce(into: []) { if !$0.contains($1) { $0.append($1) } },
            resolution: track.resolution, frameRate: track.frameRate, audio: group,
            closedCaptions: track.kind == .video
                ? (window.endpoint.captions.isEmpty ? Variant.ClosedCaptions.none : .group(captionGroup)) : nil,
            others: texts.isEmpty ? [] : [Attribute("SUBTITLES", .quoted(subtitleGroup))])
    }

    /// What is inside the pictures. RFC 8216, clause 4.3.4.1.
    private static func captions(_ window: EndpointWindow) -> [Rendition] {
        window.endpoint.captions.enumerated().map { index, service in
            let stream =
                switch service.channel {
                case .field(let number): "CC\(number)"
                case .service(let number): "SERVICE\(number)"
                }
            return Rendition(
                kind: .closedCaptions, groupID: captionGroup, name: service.name, language: service.language,
                isDefault: index == 0, isAutoselected: true, others: [Attribute("INSTREAM-ID", .quoted(stream))])
        }
    }

    /// Renditions of one codec: a group may offer nothing else (RFC 8216, clause 4.3.4.1.1).
    private static func groupedByCodec(_ audio: [Track]) -> [(id: String, tracks: [Track])] {
        var groups: [(codec: String, tracks: [Track])] = []
        for track in audio {
            let codec = track.codec.family
            if let index = groups.firstIndex(where: { $0.codec == codec }) {
                groups[index].tracks.append(track)
            } else {
                groups.append((codec, [track]))
            }
        }
        return groups.map { (groups.count == 1 ? audioGroup : "\(audioGroup)-\($0.codec)", $0.tracks) }
    }

    /// The media playlist of one track. RFC 8216, clauses 4.3.2 and 4.3.3.
    /// - Parameter isDelta: for who has the older segments from before; where the endpoint has parts.
    package static func media(
        _ track: String, _ window: EndpointWindow, isDelta: Bool = false
    ) throws(PackagingError) -> String {
        var playlist = try segments(of: track, window)
        guard !playlist.segments.isEmpty || !playlist.older.isEmpty else { return playlist.serialize() }
        playlist.trailingTags = announcements(track, window).map(\.line) + laterMarkers(window)
        try addParts(to: &playlist, track, window, window.listed, isDelta: isDelta)
        return playlist.serialize()
    }

    /// The playlist of a picture track's I-frames: of each segment the first, for the segment's time. RFC 8216, clause
    /// 4.3.3.6.
    package static func iFrames(_ track: String, _ window: EndpointWindow) throws(PackagingError) -> String {
        var playlist = try segments(of: track, window, as: .iFrames)
        playlist.isIFramesOnly = true
        return playlist.serialize()
    }

    static func segments(
        of track: String, _ window: EndpointWindow, as form: Form = .media
    ) throws(PackagingError) -> MediaPlaylist {
        let listed = window.listed
        guard let first = listed.first, let last = listed.last else { return MediaPlaylist() }
        var playlist = MediaPlaylist(
            targetDuration: UInt64(window.targetDuration), mediaSequence: first.number,
            discontinuitySequence: window.discontinuitySequence(of: first),
            playlistType: playlistType(window),
            hasIndependentSegments: true, start: window.shift?.beginsAtStart == true ? .beginning : nil,
            isEnded: window.isEnded)
        playlist.older = try older(of: track, first.number...last.number, window, as: form)
        let count = UInt64(playlist.older.reduce(0) { $0 + $1.count })
        if count <= last.number - first.number {
            playlist.segments = try entries(first.number + count...last.number, of: track, window, as: form)
        }
        return playlist
    }

    /// What of a playlist is kept from one revision to the next, but for what low latency changes at its end.
    private static func older(
        of track: String, _ numbers: ClosedRange<UInt64>, _ window: EndpointWindow, as form: Form
    ) throws(PackagingError) -> [OlderSegments] {
        guard numbers.count >= window.ledger.shortestKept else { return [] }
        var kept: UInt64 = 0
        if window.partTarget != nil {
            // Segments that are shorter than they should be are rare: so many last longer than what can be skipped.
            let reach = UInt64(
                clamping: skipBoundary(window).rescaled(to: 1000).value / max(window.segmentDuration.milliseconds, 1))
            kept = max(reach, 1) * 2 + 3
        }
        guard kept < UInt64(numbers.count), numbers.upperBound < .max else { return [] }
        let end = numbers.upperBound + 1 - kept
        let older = try window.ledger.older(
            ManifestLedger.PlaylistName(track: track, form: form), numbers.lowerBound..<end, window
        ) { numbers throws(PackagingError) in try entries(numbers, of: track, window, as: form) }
        return older
    }

    /// A segment for each number: where nobody published the numbers are there, the media is not.
    private static func entries(
        _ numbers: ClosedRange<UInt64>, of track: String, _ window: EndpointWindow, as form: Form
    ) throws(PackagingError) -> [MediaSegment] {
        let listed = window.listed
        var place = max(window.place(of: numbers.lowerBound), listed.startIndex)
        var previous = place > listed.startIndex ? listed[place - 1] : nil
        var common: InCommon?
        var entries: [MediaSegment] = []
        entries.reserveCapacity(numbers.count)
        for number in numbers {
            if place < listed.endIndex, listed[place].number == number {
                let segment = listed[place]
                entries.append(try entry(segment, track, window, previous: previous, &common, as: form))
                previous = segment
                place += 1
            } else {
                entries.append(try gap(number, track, window, like: previous, as: form))
            }
        }
        return entries
    }

    /// What all segments of a run say.
    private struct InCommon {
        let run: SegmentRun
        let map: MediaInitialization?
        let revision: String
        /// Nil where each has an IV of its own.
        let keys: [Key]?
    }

    private static func playlistType(_ window: EndpointWindow) -> MediaPlaylist.PlaylistType? {
        if window.isRecorded { return .vod }
        return window.endpoint.playlistType == .event && window.listsWholeEvent ? .event : nil
    }

    static func entry(
        _ segment: BoundSegment, _ name: String, _ window: EndpointWindow, previous: BoundSegment?
    ) throws(PackagingError) -> MediaSegment {
        var common: InCommon?
        return try entry(segment, name, window, previous: previous, &common, as: .media)
    }

    /// - Parameter common: of the run that the last one was of.
    private static func entry(
        _ segment: BoundSegment, _ name: String, _ window: EndpointWindow, previous: BoundSegment?,
        _ common: inout InCommon?, as form: Form
    ) throws(PackagingError) -> MediaSegment {
        guard let (stored, share) = window.share(of: name, in: segment) else {
            // The rung came later than this segment.
            return try gap(
                segment.number, name, window, like: nil, isDiscontinuity: isDiscontinuity(segment, previous, window),
                as: form)
        }
        let duration = Ticks(share.duration, timescale: stored.track.timescale)
        let start = Ticks(share.decodeTime, timescale: stored.track.timescale)
        let shared: InCommon
        if let common, common.run == segment.run {
            shared = common
        } else {
            shared = InCommon(
                run: segment.run, map: form.hasHeader ? map(segment, window) : nil,
                revision: window.revision(of: segment),
                keys: hasIVOfItsOwn(window, as: form) ? nil : try keys(segment, stored, window, as: form))
            common = shared
        }
        let keys = if let keys = shared.keys { keys } else { try Self.keys(segment, stored, window, as: form) }
        return MediaSegment(
            uri: uri(segment.number, window, shared.revision, as: form),
            duration: SegmentDuration(duration),
            isDiscontinuity: isDiscontinuity(segment, previous, window),
            programDateTime: saysTime(segment, previous, window) ? start : nil,
            keys: keys, map: shared.map,
            isMapClear: window.endpoint.encryption?.method == .aes128,
            unknownTags: try tags(at: segment, stored, previous, window, as: form))
    }

    private static func tags(
        at segment: BoundSegment, _ stored: StoredTrack, _ previous: BoundSegment?, _ window: EndpointWindow,
        as form: Form
    ) throws(PackagingError) -> [String] {
        switch form {
        case .media: markers(at: segment, previous, window)
        case .iFrames, .subtitles: []
        case .images: try [tiles(of: stored, in: segment, window)]
        }
    }

    private static func gap(
        _ number: UInt64, _ name: String, _ window: EndpointWindow, like previous: BoundSegment?,
        isDiscontinuity: Bool = false, as form: Form
    ) throws(PackagingError) -> MediaSegment {
        let stored = previous.flatMap { window.share(of: name, in: $0)?.0 }
        var keys: [Key] = []
        if let previous, let stored {
            keys = try Self.keys(previous, stored, window, number: number, as: form)
        }
        return MediaSegment(
            uri: uri(number, window, window.revision, as: form),
            duration: SegmentDuration(window.segmentDuration),
            isDiscontinuity: isDiscontinuity, isGap: true,
            keys: keys,
            map: form.hasHeader ? previous.flatMap { map($0, window) } : nil,
            isMapClear: window.endpoint.encryption?.method == .aes128)
    }

    private static func isDiscontinuity(
        _ segment: BoundSegment, _ previous: BoundSegment?, _ window: EndpointWindow
    ) -> Bool {
        // The first one listed has it counted in EXT-X-DISCONTINUITY-SEQUENCE.
        previous.map { window.isDiscontinuity(segment, after: $0) } ?? false
    }

    /// EXT-X-PROGRAM-DATE-TIME stands at the first segment, after each break, and once in each interval.
    private static func saysTime(
        _ segment: BoundSegment, _ previous: BoundSegment?, _ window: EndpointWindow
    ) -> Bool {
        guard let previous, !window.isDiscontinuity(segment, after: previous), previous.number + 1 == segment.number
        else { return true }
        let interval = UInt64(window.endpoint.programDateTimeIntervalSeconds)
        guard interval > 0 else { return false }
        func place(_ number: UInt64) -> Int64 {
            window.nominalStart(of: number).rescaled(to: 1).value / Int64(interval)
        }
        return place(segment.number) != place(previous.number)
    }

    private static func uri(
        _ number: UInt64, _ window: EndpointWindow, _ revision: String, as form: Form
    ) -> String {
        let container = window.endpoint.container
        let name =
            switch form {
            case .media: MediaLocation.segmentName(number: number, container: container)
            case .iFrames: MediaLocation.iFrameName(number: number, container: container)
            case .images: MediaLocation.imageName(number: number)
            case .subtitles: MediaLocation.subtitleName(number: number)
            }
        return revision + "/" + name
    }

    private static func map(_ segment: BoundSegment, _ window: EndpointWindow) -> MediaInitialization? {
        guard window.endpoint.container == .cmaf else { return nil }
        let period = window.endpoint.hasKeyInHeader ? segment.keys?.period : nil
        let name = MediaLocation.headerName(generation: segment.segment.generation, period: period)
        return MediaInitialization(uri: "\(window.revision(of: segment))/\(name)")
    }

    // MARK: Keys

    /// Whether each segment is encrypted with another IV, which its key says.
    private static func hasIVOfItsOwn(_ window: EndpointWindow, as form: Form) -> Bool {
        switch form {
        case .media, .iFrames: window.endpoint.encryption?.method == .aes128
        case .images, .subtitles: true
        }
    }

    private static func keys(
        _ segment: BoundSegment, _ stored: StoredTrack, _ window: EndpointWindow, number: UInt64? = nil,
        as form: Form
    ) throws(PackagingError) -> [Key] {
        guard let encryption = window.endpoint.encryption, !window.endpoint.isClear(stored.track.kind),
            let key = form == .media ? window.key(for: stored, in: segment) : segment.keys?.key(for: stored.track)
        else { return [] }
        let number = number ?? segment.number
        let iv =
            switch (encryption.method, form) {
            case (_, .images): SegmentPackager.sideIV(key, stored, .image(number))
            case (_, .subtitles): SegmentPackager.sideIV(key, stored, .subtitles(number))
            case (.aes128, .media):
                SegmentPackager.aes128IV(
                    key, window.muxed(with: stored, in: segment), number: number, window.endpoint.container)
            case (.aes128, .iFrames):
                SegmentPackager.aes128IV(key, [stored], number: number, window.endpoint.container, isIFrame: true)
            default: key.constantIV
            }
        let keys = window.ledger.keySayings.playlistKeys(of: key, encryption).with(iv: iv)
        guard !keys.isEmpty else { throw .noSignalling(track: stored.track.name) }
        return keys
    }

    /// The lines of the newest key, and of the one that comes next, so that players may ask for them ahead; none for
    /// AES-128, where a key is a plain fetch.
    private static func sessionKeys(_ window: EndpointWindow) -> [Key] {
        guard let encryption = window.endpoint.encryption, encryption.scheme != nil else { return [] }
        var lines: [Key] = []
        for keys in [window.segments.last?.keys, window.next?.keys] {
            for (_, key) in keys?.entries ?? [] {
                for line in window.ledger.keySayings.sessionKeys(of: key, encryption) where !lines.contains(line) {
                    lines.append(line)
                }
            }
        }
        return lines
    }

    /// Names the key that comes next to applications that fetch ahead: players know no tag for it, and an EXT-X-KEY
    /// without a segment means nothing to them. RFC 8216, clause 4.3.2.7.
    private static func announcements(_ name: String, _ window: EndpointWindow) -> [DateRange] {
        guard let next = window.next, let encryption = window.endpoint.encryption,
            let newest = window.segments.last, let (stored, _) = window.share(of: name, in: newest),
            let key = window.muxed(with: stored, in: newest).lazy.compactMap({ next.keys.key(for: $0.track) }).first
        else { return [] }
        return window.ledger.keySayings.playlistKeys(of: key, encryption).map { line in
            let format = line.keyFormat ?? Key.identity
            return DateRange(
                id: "key-\(key.keyID)-\(format)", rangeClass: "sluice-next-key",
                startDate: window.nominalStart(of: next.firstNumber),
                others: [
                    Attribute("X-KEYID", .plain("0x" + key.keyID.hex)), Attribute("X-KEYFORMAT", .quoted(format)),
                    Attribute("X-METHOD", .quoted(line.method.rawValue)), Attribute("X-URI", .quoted(line.uri ?? "")),
                ])
        }
    }
}

extension Track {
    var resolution: Resolution? {
        codec.pictureSize.map { Resolution(width: $0.width, height: $0.height) }
    }

    fileprivate var channels: String? { codec.channelCount.map { String($0) } }
}
