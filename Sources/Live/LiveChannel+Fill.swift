import Logging
import Media
import MediaMemory
import Settings
package import Slate
import Synchronization
import Timeline

/// What is shown while nothing comes from the encoder. What changes who is on air is called while taking the channel.
extension LiveChannel {
    static func holdSettings(_ profile: ChannelProfile) -> InputHold.Settings {
        let loss = profile.ingest.inputLoss
        return InputHold.Settings(
            duration: profile.ladder.segmentDuration,
            partMilliseconds: profile.ladder.parts.length.rescaled(to: 1000, rounding: .up).value,
            holdMilliseconds: Int64(loss.holdSeconds) * 1000, fills: loss.fill != .none,
            ends: profile.ingest.sourceEndBehavior == .end)
    }

    private var fill: InputLoss.Fill { profile.ingest.inputLoss.fill }

    package var wantsFill: Bool { fill != .none }

    package var inputState: InputHold.State { filling.withLock { $0.hold.state } }

    /// Since when nothing comes, in milliseconds from the epoch.
    package var inputLostSince: Int64? { filling.withLock { $0.hold.lostSince } }

    /// Whether an encoder that comes has to wait until `giveWay`.
    package var fillsNow: Bool { filling.withLock { $0.hold.fillsNow } }

    /// From now on losses are acted on: one that an earlier run has left, at once.
    package func attend(_ watch: InputWatch) {
        filling.withLock { state in
            state.watch = watch
            // The clock may have gone on since the channel was opened.
            state.offset = clock() &- steady()
        }
        guard let last = timeline.snapshot.segments.last else { return }
        let snapshot = timeline.snapshot
        let ends = zip(snapshot.trackSet(of: last)?.tracks ?? [], last.tracks).map { stored, share in
            Ticks(share.decodeTime &+ share.duration, timescale: stored.track.timescale).milliseconds
        }
        let since = last.fillsSince ?? ends.max() ?? 0
        whileTaking { act { $0.restored(since: since, firstFree: $2, now: $1) } }
    }

    /// An encoder has come: its times are reckoned from the clock as it is now.
    package func inputTaken() { filling.withLock { $0.offset = clock() &- steady() } }

    /// Nobody publishes any more.
    package func inputLeft() { act { $0.left(firstFree: $2, now: $1) } }

    /// An encoder has everything from a segment on.
    package func giveWay(to first: UInt64) { act { hold, now, _ in hold.giveWay(to: first, now: now) } }

    /// The last picture as one that does not move; nil where none can be made: black is shown instead.
    package func setStill(_ still: Slate?) {
        whileTaking {
            filling.withLock { state in
                state.still = still
                state.isStillPending = false
            }
            prepareIfPossible()
        }
    }

    /// What is filled in from a slate can be.
    func pictureIsReady() { whileTaking { prepareIfPossible() } }

    /// A segment is listed; called by the timeline.
    func segmentListed() {
        guard timeline.snapshot.segments.last?.fillsSince == nil else { return }
        let now = mediaNow
        filling.withLock { $0.hold.listed(now: now) }
        hasInputAgain()
        arm()
    }

    /// What was shown last of the best rung whose segment is not larger than `bytes`: its header and its media.
    package func lastPicture(atMost bytes: Int) -> [UInt8]? {
        let snapshot = timeline.snapshot
        guard let last = snapshot.segments.last(where: { $0.fillsSince == nil }),
            let set = snapshot.trackSet(of: last)
        else { return nil }
        let rungs = zip(set.tracks, last.tracks).compactMap { stored, share -> (area: UInt32, StoredTrack)? in
            guard stored.track.kind == .video, let size = stored.track.codec.pictureSize, share.byteCount <= bytes
            else { return nil }
            return (size.width &* size.height, stored)
        }
        guard let best = rungs.max(by: { $0.area < $1.area })?.1,
            let media = timeline.media(segment: last.number, track: best.track.name)
        else { return nil }
        return best.header + media.bytes.array
    }

    // MARK: Decisions, and what follows from them

    private var mediaNow: Int64 {
        let time = steady()
        return filling.withLock { time &+ $0.offset }
    }

    /// The timeline calls `segmentListed` with its own lock held: it is never asked with ours.
    private func act(_ decide: (inout InputHold, _ now: Int64, _ firstFree: UInt64) -> [InputHold.Action]) {
        guard !isLeaving else { return }
        let (now, firstFree) = (mediaNow, timeline.firstFree)
        let actions = filling.withLock { decide(&$0.hold, now, firstFree) }
        for action in actions { perform(action) }
        arm()
    }

    private func arm() {
        let now = mediaNow
        let due = filling.withLock { state -> Int64? in
            guard let deadline = state.hold.deadline else { return nil }
            if let alarm = state.alarm, alarm > now, alarm <= deadline { return nil }
            state.alarm = deadline
            return deadline
        }
        guard let due else { return }
        setAlarm(clock() &+ max(due &- now, 0)) { [weak self] in self?.alarmed(for: due) }
    }

    private func alarmed(for due: Int64) {
        whileTaking {
            filling.withLock { if $0.alarm == due { $0.alarm = nil } }
            act { $0.elapsed(firstFree: $2, now: $1) }
        }
    }

    private func perform(_ action: InputHold.Action) {
        switch action {
        case .prepare:
            logger.warning(
                "the input is lost",
                metadata: ["fill": "\(fill.rawValue)", "holdSeconds": "\(profile.ingest.inputLoss.holdSeconds)"])
            let watch = filling.withLock { state in
                state.still = nil
                state.isStillPending = fill == .repeat && state.watch != nil
                return state.watch
            }
            if fill == .repeat, let watch { watch.makeStill() } else { prepareIfPossible() }
        case .begin(let since): begin(since)
        case .fill(let segment, let part): append(segment, part)
        case .stop:
            filling.withLock { state in
                state.run = nil
                state.still = nil
            }
            logger.notice("filling in is over", metadata: ["fill": "\(fill.rawValue)"])
        case .end:
            logger.notice("the source has ended: manifests say so")
            setEnded(true)
        }
    }

    /// The hold waits for a picture, and there is one.
    private func prepareIfPossible() {
        guard let slate = filling.withLock({ $0.isStillPending ? nil : $0.still ?? slates.current(for: .lostInput) }),
            fillsNow
        else { return }
        let set = lastSet
        // Of a lost input there are no thumbnails and no subtitles.
        let other = set?.tracks.first { stored in
            stored.track.kind.isPlayed
                && slate.track(named: stored.track.name)?.stored.track.codec.family != stored.track.codec.family
        }
        if let other {
            logger.warning(
                "a lost input cannot be filled in with what the channel has: there is a gap instead",
                metadata: ["rung": "\(other.track.name)", "codec": "\(other.track.codec.rfc6381)"])
        }
        act { hold, now, _ in hold.prepared(isBarren: other != nil, now: now) }
    }

    /// The tracks of the newest segment.
    private var lastSet: TrackSet? {
        let snapshot = timeline.snapshot
        return snapshot.segments.last.flatMap { snapshot.trackSet(of: $0) }
    }

    private func begin(_ since: Int64) {
        let (slate, watch) = filling.withLock { ($0.still ?? slates.current(for: .lostInput), $0.watch) }
        guard let slate else { return }
        watch?.displace()
        let (token, first) = timeline.beginPublication()
        // In the order, and with the decode times ahead, of what was there before.
        let set = lastSet?.tracks.filter { $0.track.kind.isPlayed } ?? slate.tracks.map(\.stored)
        let tracks = set.compactMap { slate.track(named: $0.track.name) }
        let described = zip(tracks, set).map { made, stored in
            let track = made.stored(for: stored).track
            return (track.name, track.reorderDelay, track.frameRate, made.stored.header)
        }
        do throws(ParseError) {
            try timeline.setTracks(described, publication: token, fillsSince: since)
            filling.withLock { $0.run = FillState.Run(token: token, firstSegment: first, tracks: tracks) }
            logger.notice("filling in", metadata: ["fill": "\(fill.rawValue)", "from": "\(first)"])
        } catch { giveUp(error) }
    }

    private func append(_ segment: UInt64, _ part: Int) {
        guard var run = filling.withLock({ $0.run }), segment >= run.firstSegment else { return }
        if run.segment != segment {
            run.segment = segment
            let (begin, end) = filling.withLock { $0.hold.span(of: segment) }
            let origin = run.origin ?? begin
            run.origin = origin
            run.chunks = run.tracks.map { track in
                // What an encoder copied may reach over the end of its segment.
                let start = max(begin, endOfMedia(of: track.stored.track.name) ?? begin)
                return track.media(number: segment, from: start, to: end, origin: origin, inChunksOf: parts)
            }
            filling.withLock { $0.run = run }
        }
        do throws(ParseError) {
            let isLast = filling.withLock { $0.hold.isLast(part) }
            for (track, chunks) in run.chunks.enumerated() where part < chunks.count {
                // Of what begins late there are fewer, and all of them with the last.
                for place in part..<(isLast ? chunks.count : part + 1) {
                    try timeline.append(
                        track: track, segment: segment, endsSegment: place == chunks.count - 1, bytes: chunks[place],
                        publication: run.token)
                }
            }
        } catch { giveUp(error) }
    }

    private func endOfMedia(of track: String) -> Ticks? {
        let snapshot = timeline.snapshot
        guard let last = snapshot.segments.last, let set = snapshot.trackSet(of: last),
            let index = set.index(of: track),
            index < last.tracks.count
        else { return nil }
        let share = last.tracks[index]
        return Ticks(share.decodeTime &+ share.duration, timescale: set.tracks[index].track.timescale)
    }

    private func giveUp(_ error: ParseError) {
        logger.error("a lost input cannot be filled in: \(error)")
        filling.withLock { $0.run = nil }
        act { hold, now, _ in hold.prepared(isBarren: true, now: now) }
    }
}
