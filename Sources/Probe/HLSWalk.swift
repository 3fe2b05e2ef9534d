import CurlHTTP
import HLS
import Media

/// Walks an HLS presentation like a player that plays all renditions at once.
struct HLSWalk {
    private struct Playlist {
        var url: String
        var walk: RenditionWalk
        var history = PlaylistHistory()
        var current: MediaPlaylist?
        /// Whether it was asked what players of low latency ask.
        var isAsked = false
        /// The highest number fetched or passed over.
        var taken: UInt64?
        /// It was asked for a segment that had left.
        var hasAskedForGone = false
        /// Milliseconds of the probe's clock at which a reload last brought a segment.
        var changedAt: Int64 = 0
    }

    private let url: String
    private var multivariant: MultivariantPlaylist?
    private var playlists: [Playlist] = []
    private let firstLook: Int

    /// - Parameters:
    ///   - text: the playlist at `url`, fetched already.
    ///   - firstLook: how many of the newest segments are fetched at first.
    init(url: String, firstLook: Int) {
        self.url = url
        self.firstLook = firstLook
    }

    var renditions: [ProbeReport.Rendition] { playlists.map(\.walk.report) }
    var isEnded: Bool { !playlists.isEmpty && playlists.allSatisfy { $0.current?.isEnded == true } }

    /// Milliseconds until the playlists should be asked for again. RFC 8216, clause 6.3.4: a target duration after
    /// a change, half of it otherwise; the smaller one, so that no segment is missed.
    var reloadMilliseconds: Int64 {
        let target = playlists.compactMap { $0.current?.targetDuration }.min() ?? 2
        return Int64(clamping: min(max(target, 1), 60)) * 500
    }

    /// Reads the first playlist, whichever it is.
    mutating func start(_ response: HTTPResponse, _ context: inout ProbeContext) {
        let text = String(decoding: response.body, as: UTF8.self)
        let place = Reference.fileName(url)
        if let issue = PlaylistRules.startIssue(text) { return context.log.add(issue, at: place) }
        guard text.contains("#EXT-X-STREAM-INF") else {
            playlists = [Playlist(url: url, walk: RenditionWalk(name: Reference.name(url)))]
            return
        }
        context.log.add(PlaylistRules.versionIssues(text), at: place)
        do throws(PlaylistError) {
            let playlist = try MultivariantPlaylist(parsing: text)
            multivariant = playlist
            if playlist.variants.isEmpty { context.log.add(Issue(.playlistSyntax, "no variants"), at: place) }
            let subtitles = playlist.renditions.filter { $0.kind == .subtitles }.compactMap(\.uri)
            let others = playlist.renditions.filter { $0.kind != .subtitles }.compactMap(\.uri)
            let references =
                (playlist.variants.map(\.uri) + others).map { (uri: $0, isOfIFrames: false, isOfText: false) }
                + playlist.iFrameVariants.map { ($0.uri, true, false) } + subtitles.map { ($0, false, true) }
            for (reference, isOfIFrames, isOfText) in references {
                if !Reference.isRelative(reference) { context.log.add(Issue(.relative, reference), at: place) }
                guard let address = Reference.resolve(reference, against: url) else {
                    context.log.add(Issue(.playlistSyntax, "no URL: \(reference)"), at: place)
                    continue
                }
                if playlists.contains(where: { $0.url == address }) { continue }
                let name = Reference.name(reference) + (isOfIFrames ? " I-frames" : "")
                playlists.append(
                    Playlist(
                        url: address, walk: RenditionWalk(name: name, isOfIFrames: isOfIFrames, isOfText: isOfText)))
            }
            for variant in playlist.variants {
                if case .quoted(let texts)? = variant.others.first(where: { $0.name == "SUBTITLES" })?.value,
                    !playlist.renditions.contains(where: { $0.kind == .subtitles && $0.groupID == texts })
                {
                    context.log.add(Issue(.group, "no subtitle group \(texts)"), at: place)
                }
                guard let group = variant.audio else { continue }
                if !playlist.renditions.contains(where: { $0.kind == .audio && $0.groupID == group }) {
                    context.log.add(Issue(.group, "no audio group \(group)"), at: place)
                }
            }
        } catch {
            context.log.add(Issue(.playlistSyntax, "\(error)"), at: place)
        }
    }

    /// Reloads every playlist, then fetches the segments that are new.
    mutating func round(now: Int64, _ context: inout ProbeContext) async {
        for index in playlists.indices { await reload(index, now: now, &context) }
        var fetched: [(name: String, playlist: MediaPlaylist)] = []
        for playlist in playlists {
            if let current = playlist.current { fetched.append((playlist.walk.report.name, current)) }
        }
        context.log.add(LowLatencyRules.issues(together: fetched), at: Reference.fileName(url))
        for index in playlists.indices {
            guard !playlists[index].isAsked, let current = playlists[index].current else { continue }
            playlists[index].isAsked = true
            await LowLatencyWalk(url: playlists[index].url, place: playlists[index].walk.report.name)
                .check(current, &context)
        }
        for index in playlists.indices { await fetchSegments(index, &context) }
        // A picture that stands for a whole segment is no measure.
        let frames = playlists.compactMap { $0.walk.isOfIFrames ? nil : $0.walk.facts?.frame.microseconds }
        // Text has milliseconds; where nothing could be fetched, a frame of 25 a second.
        let frame = (frames.max() ?? 40_000) + 1000
        context.log.add(RenditionAlignment.issues(fetched, frame: frame), at: Reference.fileName(url))
        context.log.add(RenditionAlignment.mediaIssues(playlists.map(\.walk)), at: Reference.fileName(url))
    }

    private mutating func reload(_ index: Int, now: Int64, _ context: inout ProbeContext) async {
        let place = playlists[index].walk.report.name
        guard let response = await context.fetch(playlists[index].url, .playlist, place: place) else { return }
        let text = String(decoding: response.body, as: UTF8.self)
        if let issue = PlaylistRules.startIssue(text) { return context.log.add(issue, at: place) }
        let playlist: MediaPlaylist
        do throws(PlaylistError) {
            playlist = try MediaPlaylist(parsing: text)
        } catch {
            return context.log.add(Issue(.playlistSyntax, "\(error)"), at: place)
        }
        context.log.add(PlaylistRules.issues(text: text, playlist: playlist), at: place)
        context.log.add(playlists[index].history.take(playlist), at: place)
        let target = Int64(clamping: min(playlist.targetDuration, 3600))
        if !playlist.isEnded {
            context.log.add(ProbeContext.ageIssues(response, manifestLimit: max(target, 1)), at: place)
            if let end = playlist.endTime {
                context.log.add(
                    ProbeContext.edgeIssues(
                        age: now - end.milliseconds, segment: target * 1000,
                        heldBack: playlist.serverControl?.holdBack?.milliseconds), at: place)
            }
        }
        let before = playlists[index].current
        let newest = playlist.mediaSequence &+ UInt64(playlist.segments.count)
        if let before, before.mediaSequence &+ UInt64(before.segments.count) == newest, !playlist.isEnded {
            // The standard says one and a half; we look twice in a target duration, and machines are slow.
            let waited = now - playlists[index].changedAt
            if waited > target * 3000 {
                context.log.add(Issue(.reload, "nothing new for \(waited / 1000) s, target \(target) s"), at: place)
            }
        } else {
            playlists[index].changedAt = now
        }
        playlists[index].current = playlist
        if let before { await askForGone(index, before, playlist, &context) }
    }

    /// What has left stays for its own duration and that of the playlist. RFC 8216, clause 6.2.2. Asked once.
    private mutating func askForGone(
        _ index: Int, _ before: MediaPlaylist, _ playlist: MediaPlaylist, _ context: inout ProbeContext
    ) async {
        guard !playlists[index].hasAskedForGone, playlist.mediaSequence > before.mediaSequence,
            let place = Int(exactly: playlist.mediaSequence - before.mediaSequence - 1), place < before.segments.count,
            case let segment = before.segments[place], !segment.isGap, segment.byteRange == nil,
            let address = Reference.resolve(segment.uri, against: playlists[index].url)
        else { return }
        playlists[index].hasAskedForGone = true
        if let status = await context.status(of: address), status != 200 {
            context.log.add(
                Issue(.removal, "\(status) for \(segment.uri), which the playlist before had"),
                at: playlists[index].walk.report.name)
        }
    }

    private mutating func fetchSegments(_ index: Int, _ context: inout ProbeContext) async {
        guard let playlist = playlists[index].current else { return }
        let listed = playlist.segments.reduce(Int64(0)) { $0 + $1.duration.duration.milliseconds } / 1000
        let end = playlist.mediaSequence &+ UInt64(playlist.segments.count)
        let first = playlists[index].taken.map { $0 &+ 1 } ?? (end >= UInt64(firstLook) ? end - UInt64(firstLook) : 0)
        let target = Ticks(Int64(clamping: min(playlist.targetDuration, 3600)), timescale: 1)
        for (offset, segment) in playlist.segments.enumerated() {
            let number = playlist.mediaSequence &+ UInt64(offset)
            guard number >= first else { continue }
            playlists[index].taken = number
            guard !segment.isGap else { continue }
            guard let job = job(segment, number: number, base: playlists[index].url) else {
                context.log.add(
                    Issue(.playlistSyntax, "no URL: \(segment.uri)"), at: playlists[index].walk.report.name)
                continue
            }
            await playlists[index].walk.take(job, target: target, listedFor: listed, &context)
        }
    }

    private func job(_ segment: MediaSegment, number: UInt64, base: String) -> ListedSegment? {
        guard let address = Reference.resolve(segment.uri, against: base) else { return nil }
        var job = ListedSegment(
            number: number, url: address, range: segment.byteRange.flatMap { ByteRangeOfResource($0) },
            duration: segment.duration.duration, isDiscontinuity: segment.isDiscontinuity)
        if let map = segment.map {
            guard let address = Reference.resolve(map.uri, against: base) else { return nil }
            job.initialization = .init(
                url: address, range: map.byteRange.flatMap { ByteRangeOfResource($0) }, isClear: segment.isMapClear)
        }
        // Without one, the media sequence number counts. RFC 8216, clause 5.2.
        func iv(_ key: Key) -> [UInt8] {
            key.iv
                ?? (Array(repeating: 0, count: 8)
                    + stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) })
        }
        if let key = segment.keys.first(where: { $0.method == .aes128 }) {
            guard let address = key.uri.flatMap({ Reference.resolve($0, against: base) }) else { return nil }
            job.protection = .whole(keyURL: address, iv: iv(key))
        } else if segment.map == nil, let key = segment.keys.first, key.method == .sampleAES {
            let open = segment.keys.first { ($0.keyFormat ?? Key.identity) == Key.identity }
            job.protection = .streams(
                keyURL: open?.uri.flatMap { Reference.resolve($0, against: base) },
                keyID: segment.keys.lazy.compactMap { $0.keyID ?? $0.uri.flatMap(Self.fairPlayKeyID) }.first,
                iv: iv(open ?? key))
        } else if let key = segment.keys.first {
            job.protection = .samples(
                scheme: key.method == .sampleAES ? .cbcs : key.method == .sampleAESCTR ? .cenc : nil,
                keyID: segment.keys.compactMap(\.keyID).first)
        }
        return job
    }

    /// FairPlay names keys as their provider likes; where that is a KID, the key server can be asked for it.
    private static func fairPlayKeyID(_ uri: String) -> KeyID? {
        uri.hasPrefix("skd://") ? KeyID(parsing: uri.dropFirst(6)) : nil
    }

    // MARK: What the multivariant playlist promised

    /// Compares the variants with what was fetched of them, by the multivariant playlist as it is now.
    mutating func finish(_ context: inout ProbeContext) async {
        guard multivariant != nil else { return }
        let place = Reference.fileName(url)
        guard let response = await context.fetch(url, .playlist, place: place),
            let playlist = try? MultivariantPlaylist(parsing: String(decoding: response.body, as: UTF8.self))
        else { return }
        for variant in playlist.variants {
            guard let own = walk(of: variant.uri), let facts = own.facts else { continue }
            let audio = playlist.renditions.filter { $0.kind == .audio && $0.groupID == variant.audio }.compactMap {
                $0.uri.flatMap { walk(of: $0) }
            }
            // What could not be fetched, or is not there, has been said.
            let isWhole =
                audio.allSatisfy { $0.facts != nil }
                && (variant.audio == nil || playlist.renditions.contains { $0.groupID == variant.audio })
            let issues = Self.issues(
                bandwidth: variant.bandwidth, codecs: variant.codecs, resolution: variant.resolution,
                measured: own.peakBitrate + (audio.map(\.peakBitrate).max() ?? 0),
                isWhole ? facts.codecs + audio.flatMap { $0.facts?.codecs ?? [] } : variant.codecs, facts.size)
            context.log.add(issues, at: own.report.name)
        }
        for variant in playlist.iFrameVariants {
            guard let own = walk(of: variant.uri), let facts = own.facts else { continue }
            let issues = Self.issues(
                bandwidth: variant.bandwidth, codecs: variant.codecs, resolution: variant.resolution,
                measured: own.peakBitrate, facts.codecs, facts.size)
            context.log.add(issues, at: own.report.name)
        }
    }

    /// What a variant says beside what its media is.
    private static func issues(
        bandwidth: UInt64, codecs: [String], resolution: Resolution?, measured: Int64, _ mediaCodecs: [String],
        _ size: (width: Int, height: Int)?
    ) -> [Issue] {
        var issues: [Issue] = []
        if measured > Int64(clamping: bandwidth) {
            // A live encoder cannot know its next peak: what lies within a quarter is no mistake of the packager's.
            let isFar = measured - Int64(clamping: bandwidth) > Int64(clamping: bandwidth / 4)
            issues.append(
                Issue(
                    .bandwidth, "BANDWIDTH \(bandwidth), measured \(measured)",
                    severity: isFar ? .error : .warning))
        }
        if codecs.isEmpty {
            issues.append(Issue(.codecs, "none", severity: .warning))
        } else if Set(codecs.map { $0.lowercased() }) != Set(mediaCodecs.map { $0.lowercased() }) {
            issues.append(
                Issue(.codecs, "CODECS \(codecs.joined(separator: ",")), the media is \(mediaCodecs.sorted())"))
        }
        if let resolution, let size, size.width != Int(resolution.width) || size.height != Int(resolution.height) {
            issues.append(
                Issue(
                    .resolution,
                    "\(resolution.width)x\(resolution.height), the media is \(size.width)x\(size.height)"))
        }
        return issues
    }

    private func walk(of reference: String) -> RenditionWalk? {
        let address = Reference.resolve(reference, against: url)
        return playlists.first { $0.url == address }?.walk
    }
}

extension ByteRangeOfResource {
    /// Ranges that go on where the one before ended are not followed: nothing of ours writes them.
    fileprivate init?(_ range: ByteRange) {
        guard let offset = range.offset, range.length > 0 else { return nil }
        self.init(offset: offset, length: range.length)
    }
}
