import Live
import Media
import NIOCore
import NIOHTTP1
import Packager
import Settings
import Timeline

/// A segment that is sent while it is made, for DASH: its parts as they come, which are the bytes of the whole segment.
/// ISO/IEC 23009-1:2022, clause 5.3.9.5.3 (`availabilityTimeComplete`); RFC 9112, clause 7.1 (chunked).
extension LiveContent {
    /// The answer for a segment that is not whole yet.
    ///
    /// The one under way is sent from its first part on; who asks for it or the one after it before that waits. Nil
    /// where nothing is sent that is not whole, or the segment is too far ahead.
    func segmentUnderWay(
        _ path: ResourcePath, _ channel: LiveChannel, _ state: LiveChannel.EndpointState, track: String,
        revision: String, number: UInt64, to asker: Asker?
    ) -> OriginAnswer? {
        let window = state.window
        guard window.partTarget != nil, window.endpoint.package == .dash, revision == window.revision, !window.isEnded,
            window.hasPlaylist(track: track), let last = window.segments.last?.number, number > last,
            number - last <= 2
        else { return nil }
        guard let contentType = window.contentTypeUnderWay(number, of: track) else {
            guard let asker else { return nil }
            let goal = PartGoal(
                endpoint: path.endpoint, track: track, position: MediaPosition(segment: number, part: 0))
            return later(path, channel, goal, state, to: asker)
        }
        let stream = ResponseStream(
            next: { index, asker in
                piece(
                    index, of: path, track: track, revision: revision, number: number, to: asker, on: asker.eventLoop)
            },
            whole: { asker in
                let goal = PartGoal(
                    endpoint: path.endpoint, track: track, position: MediaPosition(segment: number))
                switch later(path, channel, goal, state, to: asker) {
                case .ready(let response): return asker.eventLoop.makeSucceededFuture(response)
                case .later(let future): return future
                }
            })
        var response = CachedResponse(
            status: .ok, contentType: contentType, body: ByteBuffer(), entityTag: path.entityTag, freshness: .immutable,
            rest: stream)
        response.cmsd = window.share(ofUnderWay: track).map { CMSD.text(window.objectType(of: $0.track), of: window) }
        return .ready(response)
    }

    /// The answer for the first picture, or the subtitles, of a segment that is not whole yet: players of low latency
    /// reckon with the time at which it ends, and it is listed a little later. Nil where they do not, or it is too far
    /// ahead.
    func wholeUnderWay(
        _ path: ResourcePath, _ channel: LiveChannel, _ state: LiveChannel.EndpointState, track: String,
        number: UInt64, to asker: Asker?
    ) -> OriginAnswer? {
        let window = state.window
        guard let asker, window.partTarget != nil, window.endpoint.package == .dash, !window.isEnded,
            (window.iFrameTracks + window.subtitleTracks).contains(where: { $0.track.name == track }),
            let last = window.segments.last?.number, number > last, number - last <= 2
        else { return nil }
        let goal = PartGoal(endpoint: path.endpoint, track: track, position: MediaPosition(segment: number))
        return later(path, channel, goal, state, to: asker)
    }

    /// What comes next of the segment. Looks everything up anew: between two pieces the channel may have been replaced.
    private func piece(
        _ index: Int, of path: ResourcePath, track: String, revision: String, number: UInt64, to asker: Asker?,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<ResponseStream.Step> {
        guard let channel = channels.channel(named: path.channel), let state = channel.state(of: path.endpoint),
            let (count, isWhole) = state.window.progress(of: number, track: track, revision: revision)
        else { return eventLoop.makeSucceededFuture(.broken) }
        let position = MediaPosition(segment: number, part: UInt64(index))
        if index < count {
            let answer = part(
                path.naming(track, revision, position), channel, state, track, revision, position, to: nil,
                on: eventLoop)
            switch answer {
            case .ready(let response): return eventLoop.makeSucceededFuture(Self.step(response))
            case .later(let future): return future.map(Self.step)
            }
        }
        if isWhole { return eventLoop.makeSucceededFuture(.end) }
        // Woken for nothing: its keys are gone, or the channel leaves.
        guard let asker else { return eventLoop.makeSucceededFuture(.broken) }
        let goal = PartGoal(endpoint: path.endpoint, track: track, position: position, isOfSegment: true)
        return blocked.wait(for: goal, in: channel, atMost: longestWait(state.window), by: asker).flatMap {
            guard case .reached = $0 else { return eventLoop.makeSucceededFuture(.broken) }
            return piece(
                index, of: path, track: track, revision: revision, number: number, to: nil, on: eventLoop)
        }
    }

    private static func step(_ response: CachedResponse) -> ResponseStream.Step {
        response.status == .ok ? .bytes(response.body) : .broken
    }
}

extension EndpointWindow {
    fileprivate func share(ofUnderWay track: String) -> StoredTrack? {
        underWay.flatMap { share(of: track, in: $0.bound)?.0 }
    }

    /// Nil where nothing is there yet of a track in the segment under way, or that is another one.
    fileprivate func contentTypeUnderWay(_ number: UInt64, of track: String) -> String? {
        guard underWay?.bound.number == number, let (stored, _, _) = part(.init(segment: number, part: 0), of: track)
        else { return nil }
        return stored.track.kind.contentType
    }
}

extension ResourcePath {
    /// The path of a part.
    fileprivate func naming(_ track: String, _ revision: String, _ position: MediaPosition) -> ResourcePath {
        ResourcePath(
            channel: channel, endpoint: endpoint,
            resource: .part(
                track: track, revision: revision, number: position.segment, part: position.part ?? 0))
    }
}
