import DASH
import Live
import Media
import NIOCore
import NIOHTTP1
import OpenSSLCrypto
import Packager
import PublishGuard
import Settings
import Timeline

/// Playlists and MPDs: of now, judged against the revision before; of other times and of fewer renditions; with parts, also
/// for who waits for the next one.
extension LiveContent {
    func manifest(
        _ path: ResourcePath, _ channel: LiveChannel, _ state: LiveChannel.EndpointState, to asker: Asker?,
        on eventLoop: any EventLoop
    ) -> OriginAnswer {
        let window = state.window
        var lowLatencyTrack: String?
        switch (path.resource, window.endpoint.package) {
        case (.mpd, .dash), (.multivariantPlaylist, .hls): break
        case (.mediaPlaylist(let track), .hls):
            let isOfNow = window.segments.isEmpty || window.hasPlaylist(track: track)
            // Of another time, rungs may be there that have left since.
            guard isOfNow || path.query != nil else { return .ready(.notFound) }
            if isOfNow, window.partTarget != nil, !window.isEnded { lowLatencyTrack = track }
        case (.iFramePlaylist, .hls), (.imagePlaylist, .hls), (.subtitlePlaylist, .hls):
            // Of another time as above.
            guard window.segments.isEmpty || window.has(path.resource) || path.query != nil else {
                return .ready(.notFound)
            }
        default: return .ready(.notFound)
        }
        if state.isWithheld { return .ready(Self.noKey) }
        guard !window.segments.isEmpty else { return .ready(Self.tooEarly) }
        guard !window.holdsNothing else { return .ready(Self.unholdable) }
        var request: (shift: ShiftedRange?, filter: ManifestFilter) = (nil, ManifestFilter())
        if path.query != nil {
            let storageSeconds = channel.profile.storageWindowSeconds
            do { request = try Self.request(path, window, storageSeconds: storageSeconds, now: clock()) } catch {
                return .ready(Self.refusal(error, window.endpoint))
            }
        }
        if let lowLatencyTrack, request.shift == nil {
            return playlist(path, lowLatencyTrack, channel, state, to: asker, on: eventLoop)
        }
        guard request.shift != nil || window.has(path.resource) else { return .ready(.notFound) }
        let name = path.text
        let key = "\(name)#\(state.version)"
        guard request.shift != nil || !request.filter.isNone else {
            return make(
                key, for: asker, on: eventLoop, isBrief: isBrief(name, channel, window),
                of: .init(revision: state.version, of: name)
            ) {
                try guarded(path, name, channel, window, version: state.version)
            }
        }
        let (shift, filter) = request
        let time = shift.map { "?\($0.query)#\($0.lastNumber)\($0.isComplete ? "." : "")" } ?? ""
        return make("\(key)\(time)#\(filter.text)", for: asker, on: eventLoop, by: .asked) {
            try asked(path, window, shift, filter)
        }
    }

    /// A media playlist with parts. RFC 8216bis (draft 16), clause 6.2.5.
    private func playlist(
        _ path: ResourcePath, _ track: String, _ channel: LiveChannel, _ state: LiveChannel.EndpointState,
        to asker: Asker?, on eventLoop: any EventLoop
    ) -> OriginAnswer {
        guard let directives = DeliveryDirectives(query: path.query ?? "") else { return .ready(Self.badDirective) }
        let window = state.window
        if let asker, let asked = directives.position, !window.reaches(asked, of: track) {
            let position = window.canonical(asked, of: track)
            guard !window.isTooFarAhead(position, of: track) else { return .ready(Self.tooFarAhead) }
            let goal = PartGoal(endpoint: path.endpoint, track: track, position: position)
            return later(path, channel, goal, state, to: asker)
        }
        let isThere = directives.position.map { window.reaches($0, of: track) }
        // Who waited and was woken for nothing, as by a reload, is to ask again.
        guard isThere != false else { return .ready(Self.notInTime) }
        // What was asked for by its number is as good for who asks for it later; the newest is old with the next part.
        let freshness = CachedResponse.Freshness.seconds(isThere == nil ? 1 : Int(window.targetDuration) * 6)
        let version = isThere == nil ? "\(state.partVersion)" : Self.version(of: track, state)
        let name = path.text
        let key = "\(name)#\(version)\(directives.isDelta ? "d" : "")"
        return make(
            key, for: asker, on: eventLoop, isBrief: isBrief(name, channel, window),
            of: .init(revision: state.partVersion, of: name)
        ) {
            try guarded(path, name, channel, window, version: state.partVersion, isDelta: directives.isDelta)
        }.with(freshness)
    }

    /// Whether a live manifest is made and judged before a thread would have begun with it, and without asking the disk.
    private func isBrief(_ name: String, _ channel: LiveChannel, _ window: EndpointWindow) -> Bool {
        guard window.hasBriefManifests, let last = window.listed.last?.number else { return false }
        let timeline = channel.timeline
        return channel.revisionGuard.isReady(for: name, upTo: last) { timeline.isInMemory(segment: $0) }
    }

    /// Of a playlist that was waited for: with a part of another rendition only what it reports of that one changes, and
    /// thousands who are being answered at that moment are to have one text.
    private static func version(of track: String, _ state: LiveChannel.EndpointState) -> String {
        guard let next = state.window.hinted(of: track) else { return "\(state.partVersion)" }
        return "\(state.version)-\(next.segment).\(next.part ?? 0)"
    }

    /// What the query asks for. Throws what `refusal` answers.
    private static func request(
        _ path: ResourcePath, _ window: EndpointWindow, storageSeconds: UInt32, now: Int64
    ) throws -> (shift: ShiftedRange?, filter: ManifestFilter) {
        let query = try ManifestQuery(parsing: path.query)
        // A media playlist is of one rendition: what a filter would leave is chosen already.
        let filter = path.playlistTrack == nil ? query.filter : ManifestFilter()
        guard !query.shift.isNone else { return (nil, filter) }
        return (try window.range(of: query.shift, storageSeconds: storageSeconds, now: now), filter)
    }

    private static func refusal(_ error: any Error, _ endpoint: EndpointProfile) -> CachedResponse {
        switch error {
        case NothingThere.notYet: tooEarly
        case NothingThere.gone:
            .text(
                endpoint.expiredStatus == .gone ? .gone : .notFound, "that time is not stored any more",
                freshness: .seconds(60))
        default: .text(.badRequest, "\(error)", freshness: .seconds(60))
        }
    }

    /// The live manifest; where it would break a rule against the one before, that one.
    /// - Parameters:
    ///   - name: the path's text.
    ///   - version: rises with what it is made from.
    ///   - isDelta: what the player knows may be skipped (RFC 8216bis, 6.2.5.1).
    private func guarded(
        _ path: ResourcePath, _ name: String, _ channel: LiveChannel, _ window: EndpointWindow, version: UInt64,
        isDelta: Bool = false
    ) throws -> CachedResponse {
        let text: String
        let contentType: String
        var mpd: MPD?
        if case .mpd = path.resource {
            let dated = channel.mpdHistory.dated(MPDPackager.description(of: window), of: name)
            (mpd, text, contentType) = (dated, dated.serialize(), ManifestText.mpdType)
        } else {
            (text, contentType) = try ManifestText.make(path.resource, window)
        }
        // An MPD of low latency changes with a part of the next key's first segment, whenever that comes.
        let freshness =
            mpd != nil && window.partTarget != nil
            ? CachedResponse.Freshness.seconds(1) : .until(epochMilliseconds: window.nextChangeMilliseconds)
        func response(_ text: String) -> CachedResponse { Self.manifest(text, contentType, freshness, window) }
        func published() throws -> CachedResponse {
            if let mpd { channel.mpdHistory.add(mpd, of: name) }
            return response(isDelta ? try ManifestText.make(path.resource, window, isDelta: true).text : text)
        }
        // Of renditions; what names them has nothing that could go back.
        if case .multivariantPlaylist = path.resource { return try published() }
        let verdict = channel.revisionGuard.judge(
            text, of: name, version: version, channel.expectations(of: window, track: path.playlistTrack))
        switch verdict {
        case .publish: return try published()
        case .stay(let last, nil): return response(last)
        case .stay(let last, let violation?):
            logFailure(name, "withheld, the revision before stays: \(violation)")
            return Self.manifest(last, contentType, .seconds(1), window)
        case .refuse(let violation):
            logFailure(name, "withheld: \(violation)")
            return Self.unpackable
        case .adopt(let violation):
            logFailure(name, "published though it breaks a rule, as nothing else has come: \(violation)")
            return try published()
        }
    }

    /// A manifest of another time, or of fewer renditions.
    private func asked(
        _ path: ResourcePath, _ live: EndpointWindow, _ shift: ShiftedRange?, _ filter: ManifestFilter
    ) throws -> CachedResponse {
        var window = shift.map { live.shifted(to: $0) } ?? live
        window.filter = filter
        guard filter.isNone || window.playlistTracks.contains(where: { window.names($0.track) }) else {
            return Self.nothingAdmitted
        }
        guard window.has(path.resource) else { return .notFound }
        let (text, contentType) = try ManifestText.make(path.resource, window)
        return Self.manifest(
            text, contentType,
            shift?.isComplete == true ? .seconds(60) : .until(epochMilliseconds: window.nextChangeMilliseconds), window)
    }

    static func manifest(
        _ text: String, _ contentType: String, _ freshness: CachedResponse.Freshness, _ window: EndpointWindow
    ) -> CachedResponse {
        let bytes = Array(text.utf8)
        let body = ByteBuffer(bytes: bytes)
        var response = CachedResponse(
            status: .ok, contentType: contentType, body: body,
            entityTag: hexadecimal(sha256(bytes).prefix(8)), freshness: freshness)
        response.gzip = GzipForm(of: body)
        // So far back players are; all that it lists can be fetched for longer than that.
        response.staleIfError = Int(window.targetDuration * 2)
        response.cmsd = CMSD.text(.manifest, of: window)
        return response
    }

    private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

extension EndpointWindow {
    /// Whether the endpoint has that manifest of its tracks.
    fileprivate func has(_ resource: ResourcePath.Resource) -> Bool {
        switch resource {
        case .mediaPlaylist(let track): hasPlaylist(track: track)
        case .iFramePlaylist(let track): iFrameTracks.contains { $0.track.name == track }
        case .imagePlaylist(let track): imageTracks.contains { $0.track.name == track }
        case .subtitlePlaylist(let track): subtitleTracks.contains { $0.track.name == track }
        default: true
        }
    }
}
