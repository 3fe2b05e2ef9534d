import EncryptionDesk
package import Live
import Media
import MediaMemory
package import NIOCore
import NIOHTTP1
package import NIOPosix
package import Packager
import Settings
import Timeline

/// The live channels as HTTP content: looks a path up, and makes what is not cached once, on a thread pool: one for what
/// is in memory, another for what only the disk has. A disk that stands still stops viewers of the past, and no other.
package struct LiveContent: Sendable {
    let channels: ChannelDirectory
    let cache: ResponseCache
    let blocked = BlockedRequests()
    let threads: NIOThreadPool
    let others: NIOThreadPool
    let readers: NIOThreadPool
    let desk: EncryptionDesk
    let clock: @Sendable () -> Int64
    let logFailure: @Sendable (_ path: String, _ reason: String) -> Void
    let longestWait: @Sendable (EndpointWindow) -> TimeAmount

    /// - Parameters:
    ///   - threads: make what needs no disk.
    ///   - others: make manifests of other times and of fewer renditions, of which there is no end: the live edge does not
    ///     wait behind them.
    ///   - readers: make what may have to wait for it.
    ///   - clock: milliseconds from the epoch.
    ///   - logFailure: told of every response that could not be made, with its path and why.
    ///   - longestWait: of a request for what is not there yet.
    package init(
        channels: ChannelDirectory, cache: ResponseCache, threads: NIOThreadPool, others: NIOThreadPool,
        readers: NIOThreadPool,
        clock: @escaping @Sendable () -> Int64,
        logFailure: @escaping @Sendable (_ path: String, _ reason: String) -> Void,
        longestWait: @escaping @Sendable (EndpointWindow) -> TimeAmount = Self.threeTargetDurations
    ) {
        self.channels = channels
        self.cache = cache
        self.threads = threads
        self.others = others
        self.readers = readers
        desk = EncryptionDesk(maximumRuns: System.coreCount) { run in threads.submit { _ in run() } }
        self.clock = clock
        self.logFailure = logFailure
        self.longestWait = longestWait
    }

    /// Requests that wait for what is not there yet, and for how many different things.
    package var waiting: (requests: Int, things: Int) { blocked.counts }
    /// Requests that were not let wait, as too many do.
    package var waitingRefused: UInt64 { blocked.refusals }

    /// Segments that were encrypted as a whole, of them those in step with others, and those that wait for a thread.
    package var encryption: (segments: UInt64, inStep: UInt64, waiting: Int) {
        let counters = desk.counters
        return (counters.segments, counters.inStep, desk.waiting)
    }

    package func response(for path: ResourcePath, to asker: Asker) -> OriginAnswer {
        guard let channel = channels.channel(named: path.channel),
            let state = channel.state(of: path.endpoint)
        else { return .ready(.notFound) }
        let answer = response(for: path, channel, state, to: asker, on: asker.eventLoop)
        guard case .ready(let response) = answer else { return answer }
        return .ready(response.stamped(state.stamp, of: path))
    }

    /// - Parameter asker: nil: whoever does not wait.
    private func response(
        for path: ResourcePath, _ channel: LiveChannel, _ state: LiveChannel.EndpointState, to asker: Asker?,
        on eventLoop: any EventLoop
    ) -> OriginAnswer {
        switch path.resource {
        case .time: return .ready(time())
        case .mpdPatch: return patch(path, channel, state, to: asker, on: eventLoop)
        case .multivariantPlaylist, .mpd, .mediaPlaylist, .iFramePlaylist, .imagePlaylist,
            .subtitlePlaylist:
            return manifest(path, channel, state, to: asker, on: eventLoop)
        case .header(let track, let revision, let generation, let period):
            return header(path, state, track, revision, generation, period, to: asker, on: eventLoop)
        case .segment(let track, let revision, let number, let isTransportStream):
            guard (state.window.endpoint.container == .ts) == isTransportStream else { return .ready(.notFound) }
            return segment(path, channel, state, track, revision, number, to: asker, on: eventLoop)
        case .iFrame(let track, let revision, let number, let isTransportStream):
            let endpoint = state.window.endpoint
            guard endpoint.includeIframeOnlyStream, (endpoint.container == .ts) == isTransportStream else {
                return .ready(.notFound)
            }
            return segment(path, channel, state, track, revision, number, asIFrame: true, to: asker, on: eventLoop)
        case .image(let track, let revision, let number):
            return aside(path, channel, state, track, revision, number, .image, to: asker, on: eventLoop)
        case .subtitles(let track, let revision, let number):
            guard state.window.endpoint.package == .hls else { return .ready(.notFound) }
            return aside(path, channel, state, track, revision, number, .text, to: asker, on: eventLoop)
        case .part(let track, let revision, let number, let part):
            let position = MediaPosition(segment: number, part: part)
            return self.part(path, channel, state, track, revision, position, to: asker, on: eventLoop)
        }
    }

    /// When there is more of a track, the answer as it is then.
    func later(
        _ path: ResourcePath, _ channel: LiveChannel, _ goal: PartGoal, _ state: LiveChannel.EndpointState,
        to asker: Asker
    ) -> OriginAnswer {
        let eventLoop = asker.eventLoop
        let answer = blocked.wait(
            for: goal, in: channel, atMost: longestWait(state.window), by: asker
        ).flatMap { outcome -> EventLoopFuture<CachedResponse> in
            switch outcome {
            case .reached:
                return asked(again: path, on: eventLoop)
            case .timedOut: return eventLoop.makeSucceededFuture(Self.notInTime)
            case .tooMany: return eventLoop.makeSucceededFuture(Self.tooManyWait)
            }
        }
        return .later(answer)
    }

    /// The answer to who does not wait.
    private func asked(again path: ResourcePath, on eventLoop: any EventLoop) -> EventLoopFuture<CachedResponse> {
        guard let channel = channels.channel(named: path.channel), let state = channel.state(of: path.endpoint) else {
            return eventLoop.makeSucceededFuture(.notFound)
        }
        switch response(for: path, channel, state, to: nil, on: eventLoop) {
        case .ready(let response): return eventLoop.makeSucceededFuture(response.stamped(state.stamp, of: path))
        case .later(let future): return future.map { $0.stamped(state.stamp, of: path) }
        }
    }

    /// Three target durations (RFC 8216bis, clause 6.2.5.2), but never so long that a connection counts as idle.
    package static func threeTargetDurations(_ window: EndpointWindow) -> TimeAmount {
        .seconds(min(window.targetDuration * 3, 45))
    }

    /// For UTCTiming http-xsdate: a CDN may hold it for a second at most, and need not.
    private func time() -> CachedResponse {
        CachedResponse(
            status: .ok, contentType: "text/plain",
            body: ByteBuffer(string: CivilTime(epochMilliseconds: clock()).iso8601),
            freshness: .noStore)
    }

    // MARK: Media

    private func header(
        _ path: ResourcePath, _ state: LiveChannel.EndpointState, _ track: String, _ revision: String,
        _ generation: UInt64, _ period: KeyPeriod?, to asker: Asker?, on eventLoop: any EventLoop
    ) -> OriginAnswer {
        let window = state.window
        // What is no file has no header.
        let isFile = window.trackSets[generation]?.tracks.first { $0.track.name == track }.map {
            window.isFile($0.track)
        }
        guard window.endpoint.container == .cmaf, window.endpoint.hasKeyInHeader == (period != nil), isFile != false
        else {
            return .ready(.notFound)
        }
        guard
            let (stored, keys) = window.header(of: track, revision: revision, generation: generation, period: period)
        else {
            return .ready(state.isWithheld && period != nil ? Self.noKey : .notFound)
        }
        return make(path.text, cost: 0, for: asker, on: eventLoop) {
            media(
                ByteBuffer(bytes: try SegmentPackager.header(of: stored, endpoint: window.endpoint, keys: keys)),
                contentType: stored.track.kind.contentType, path, ObjectNotes(cmsd: CMSD.text(.header, of: window)))
        }
    }

    private func segment(
        _ path: ResourcePath, _ channel: LiveChannel, _ state: LiveChannel.EndpointState, _ track: String,
        _ revision: String, _ number: UInt64, asIFrame: Bool = false, to asker: Asker?, on eventLoop: any EventLoop
    ) -> OriginAnswer {
        let window = state.window
        guard let bound = window.segment(number) else {
            guard revision == window.revision else { return .ready(.notFound) }
            let last = window.segments.last?.number ?? 0
            guard number > last else {
                return .ready(window.isGone(number, of: track) ? window.endpoint.expired : .notFound)
            }
            // Withheld: it may be there, without a key. Otherwise the next one or two are worth asking for again.
            if state.isWithheld { return .ready(Self.noKey) }
            let answer =
                asIFrame
                    || window.subtitleTracks.contains { $0.track.name == track }
                ? wholeUnderWay(path, channel, state, track: track, number: number, to: asker)
                : segmentUnderWay(path, channel, state, track: track, revision: revision, number: number, to: asker)
            if let answer { return answer }
            return .ready(number <= last + 2 ? window.endpoint.tooEarly : .notFound)
        }
        guard revision == window.revision(of: bound), let (stored, share) = window.share(of: track, in: bound),
            asIFrame ? stored.track.kind == .video : stored.track.kind.isPlayed || window.isFile(stored.track)
        else { return .ready(.notFound) }
        let timeline = channel.timeline
        @Sendable func read(_ number: UInt64, _ track: String) -> ClearMedia? {
            timeline.media(segment: number, track: track)
        }
        let isTransportStream = window.endpoint.container == .ts
        let contentType = isTransportStream ? "video/mp2t" : stored.track.kind.contentType
        @Sendable func residence() -> EvictionOrder.Residence { .init(path, number, in: window) }
        guard !asIFrame else {
            return make(
                path.text, cost: share.byteCount, for: asker, on: eventLoop,
                by: timeline.isInMemory(segment: number) ? .live : .disk, of: residence()
            ) {
                media(
                    try window.iFrame(of: stored, in: bound, read: read), contentType: contentType,
                    path, window.notes(beside: stored, share, .video))
            }
        }
        return makeMedia(
            path.text, cost: share.byteCount, for: asker, on: eventLoop,
            by: timeline.isInMemory(segment: number) ? .live : .disk, of: residence()
        ) {
            try window.packaged(stored, in: bound, read: read)
        } answer: { bytes in
            media(
                bytes, contentType: contentType, path,
                window.notes(of: stored, share, byteCount: bytes.count))
        }
    }

    func part(
        _ path: ResourcePath, _ channel: LiveChannel, _ state: LiveChannel.EndpointState, _ track: String,
        _ revision: String, _ position: MediaPosition, to asker: Asker?, on eventLoop: any EventLoop
    ) -> OriginAnswer {
        let window = state.window
        guard window.partTarget != nil, revision == window.revision else { return .ready(.notFound) }
        guard let (stored, place, bound) = window.part(position, of: track), stored.track.kind.isPlayed else {
            if state.isWithheld { return .ready(Self.noKey) }
            // What is hinted may be asked for before it is there (clause 6.2.6).
            guard let asker, window.hasPlaylist(track: track), window.hinted(of: track) == position else {
                return .ready(.notFound)
            }
            let goal = PartGoal(endpoint: path.endpoint, track: track, position: position)
            return later(path, channel, goal, state, to: asker)
        }
        let timeline = channel.timeline
        let (cost, isOfSegment) =
            switch place {
            case .chunk(let chunk, _): (chunk.bytes.count, false)
            case .range(let range, _): (range.count, true)
            }
        @Sendable func residence() -> EvictionOrder.Residence { .init(path, position.segment, in: window) }
        return makeMedia(
            path.text, cost: cost, for: asker, on: eventLoop,
            by: isOfSegment && !timeline.isInMemory(segment: position.segment) ? .disk : .live, of: residence()
        ) {
            let clear: ClearMedia
            var earlier: [ClearMedia] = []
            switch place {
            case .chunk(let chunk, let before): (clear, earlier) = (chunk, before)
            case .range(let range, let before):
                guard let media = timeline.media(segment: position.segment, track: track),
                    media.bytes.count == window.share(of: track, in: bound)?.1.byteCount,
                    range.upperBound <= media.bytes.count
                else { throw PackagingError.missingMedia(segment: position.segment, track: track) }
                clear = try media.chunk(range)
                if !before.isEmpty { earlier = [try media.chunk(before)] }
            }
            return try SegmentPackager.makeCMAF(
                clear, after: earlier, number: position.segment, track: stored, endpoint: window.endpoint,
                keys: bound.keys)
        } answer: { bytes in
            let notes = window.share(of: track, in: bound).map {
                window.notes(of: stored, $0.1, part: position.part ?? 0, byteCount: bytes.count)
            }
            return media(bytes, contentType: stored.track.kind.contentType, path, notes)
        }
    }

    func media(
        _ bytes: MediaBytes, contentType: String, _ path: ResourcePath, _ notes: ObjectNotes?
    ) -> CachedResponse {
        var response = media(ByteBuffer(lending: bytes), contentType: contentType, path, notes)
        response.media = bytes
        return response
    }

    func media(
        _ body: ByteBuffer, contentType: String, _ path: ResourcePath, _ notes: ObjectNotes?
    ) -> CachedResponse {
        var response = CachedResponse(
            status: .ok, contentType: contentType, body: body, entityTag: path.entityTag,
            freshness: .immutable)
        response.cmsd = notes?.cmsd
        response.lastModified = notes?.lastModified
        return response
    }

    static let noKey = CachedResponse.text(
        .serviceUnavailable, "no content key at the moment", freshness: .noStore, retryAfter: 2)
    static let nothingAdmitted = CachedResponse.text(
        .notFound, "no rendition is what the filter asks for", freshness: .seconds(1))
    static let tooEarly = CachedResponse.text(.notFound, "not yet", freshness: .seconds(1), retryAfter: 1)
    static let badDirective = CachedResponse.text(
        .badRequest, "_HLS_msn and _HLS_part are numbers, the second only with the first; _HLS_skip is YES or v2",
        freshness: .seconds(60))
    static let tooFarAhead = CachedResponse.text(
        .badRequest, "_HLS_msn or _HLS_part is too far ahead of the playlist", freshness: .seconds(1))
    static let notInTime = CachedResponse.text(
        .serviceUnavailable, "not there within three target durations", freshness: .noStore, retryAfter: 1)
    static let overloaded = CachedResponse.text(
        .serviceUnavailable, "too much is being packaged", freshness: .noStore, retryAfter: 1)
    private static let tooManyWait = CachedResponse.text(
        .serviceUnavailable, "too many requests wait", freshness: .noStore, retryAfter: 1)
    static let unholdable = CachedResponse.text(
        .notFound, "this endpoint's container holds nothing of what the encoder sends", freshness: .seconds(1))
    static let unpackable = CachedResponse.text(
        .serviceUnavailable, "this segment cannot be packaged", freshness: .noStore, retryAfter: 2)
}

extension CachedResponse {
    /// What is of the state alone holds for as long as that is the endpoint's; what the clock or more decides is looked at
    /// each time.
    fileprivate func stamped(_ stamp: ContentStamp, of path: ResourcePath) -> CachedResponse {
        guard path.isOfStateAlone, status == .ok, rest == nil else { return self }
        var response = self
        response.stamp = stamp
        return response
    }
}
