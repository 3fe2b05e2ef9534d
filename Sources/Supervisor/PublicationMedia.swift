import ChunkStream
import Media
import Settings
import Synchronization
import Timeline

/// What becomes of a publication's media: it goes to the timeline, or waits.
///
/// Where encoders are hot, what waits is the chunks of the last segments, here; where they are cold, it is input, in the
/// worker, which is told when to begin.
final class PublicationMedia: Sendable {
    private struct State {
        var place = Place.nowhere
        /// Nil: there is no second encoder.
        var standby: RedundancySettings.Standby?
        /// What came last, on air too: who is off the air can be on it again at once.
        var buffer = StandbyBuffer(maximumBytes: ChannelTimeline.Limits.leastOpenBytes)
        /// Tells its worker to begin and to wait.
        var whisper: WorkerChannel.Whisper?
        /// From this segment on a cold worker has the input.
        var heldSegment: UInt64?
        /// What comes of a worker that was told to begin is of before, up to its tracks.
        var awaitsTracks = false

        /// It waits for what is filled in to end, with its media made, however encoders wait for each other.
        var waitsForFill = false

        var waits: Bool { if case .standby = place { true } else { false } }
        /// It waits, and its worker makes nothing.
        var isCold: Bool { waits && standby == .cold && !waitsForFill }
        var keepsMedia: Bool { standby == .hot || waitsForFill }

        /// Tells a cold worker to begin.
        /// - Returns: why it cannot.
        func begin(_ segment: UInt64) -> String? {
            whisper?.send(.begin(firstSegment: segment)) ?? false ? nil : "its worker does not listen"
        }
    }

    private enum Place: Sendable {
        case nowhere
        /// What it has of segments before the first was listed by another one.
        case onAir(token: UInt64, firstSegment: UInt64)
        case standby

        var token: UInt64? { if case .onAir(let token, _) = self { token } else { nil } }
    }

    private let state = Mutex(State())

    var isOnAir: Bool { state.withLock { $0.place.token != nil } }

    // MARK: On the publication's thread

    /// - Parameters:
    ///   - standby: nil: there is no second encoder.
    ///   - maximumBytes: of what waits.
    func open(standby: RedundancySettings.Standby?, maximumBytes: Int) {
        state.withLock { state in
            state.standby = standby
            state.buffer = StandbyBuffer(maximumBytes: maximumBytes)
        }
    }

    /// Its worker is about to make media, unless this waits cold.
    /// - Returns: whether it waits cold.
    func start(_ whisper: WorkerChannel.Whisper) -> Bool {
        state.withLock { state in
            state.whisper = whisper
            return state.isCold
        }
    }

    /// What the worker has that waits cold; nil where nothing.
    func holds(from segment: UInt64?) { state.withLock { $0.heldSegment = segment } }

    /// Whether it waits cold, with something at hand.
    var isReadyToBegin: Bool { state.withLock { $0.isCold && $0.heldSegment != nil } }

    func setTracks(_ tracks: [TrackDescription], _ timeline: ChannelTimeline) throws(ParseError) {
        let token = state.withLock { state -> UInt64? in
            state.buffer = state.buffer.emptied(tracks: tracks)
            state.awaitsTracks = false
            return state.place.token
        }
        try onAir(token) { token throws(ParseError) in try timeline.setTracks(tracks, publication: token) }
    }

    /// - Returns: whether it waits.
    func append(_ chunk: ClearChunk, _ timeline: ChannelTimeline) throws(ParseError) -> Bool {
        // In one step: who takes over writes what is in the buffer, and nothing else may.
        let (token, waits) = state.withLock { state -> (UInt64?, Bool) in
            if state.keepsMedia, !state.awaitsTracks { state.buffer.append(chunk) }
            guard case .onAir(let token, let first) = state.place, chunk.segment >= first, !state.awaitsTracks else {
                return (nil, state.waits)
            }
            return (token, false)
        }
        try onAir(token) { token throws(ParseError) in try timeline.append(chunk, publication: token) }
        return waits
    }

    /// Writes to the timeline, where this is on air.
    private func onAir(_ token: UInt64?, _ write: (_ token: UInt64) throws(ParseError) -> Void) throws(ParseError) {
        guard let token else { return }
        do throws(ParseError) { try write(token) } catch {
            // Else the other encoder took over meanwhile; what this was is in the buffer.
            if state.withLock({ $0.place.token }) == token { throw error }
        }
    }

    // MARK: On any thread, with the channel's decision at hand

    /// From now on its media waits; what was made for the timeline before is the other one's to drop.
    /// - Parameter forFill: not for another encoder, but for what is filled in to end.
    func wait(forFill: Bool = false) {
        state.withLock { state in
            state.place = .standby
            state.waitsForFill = forFill
            state.heldSegment = nil
            // A worker that cannot be told goes on in vain.
            if state.isCold { _ = state.whisper?.send(.wait) }
        }
    }

    /// Nothing whole has come from it for too long: it waits, and what it had counts for nothing.
    func displace() {
        state.withLock { state in
            state.place = .standby
            state.waitsForFill = true
            state.buffer = state.buffer.emptied()
        }
    }

    /// The first segment that it has whole, where it waits and has begun one in every track.
    var firstReady: UInt64? {
        state.withLock { state in state.waits && state.keepsMedia ? state.buffer.firstReady : nil }
    }

    func goOnAir(_ token: UInt64, from segment: UInt64) {
        state.withLock { $0.place = .onAir(token: token, firstSegment: segment) }
    }

    /// Waits on, for what is filled in to end with what it has whole; a cold worker begins to make its media.
    /// - Returns: why it cannot.
    func awaitFill(from segment: UInt64) -> String? {
        state.withLock { state in
            guard state.waits else { return nil }
            let isCold = state.isCold
            state.waitsForFill = true
            guard isCold else { return nil }
            state.awaitsTracks = true
            return state.begin(segment)
        }
    }

    /// Takes the timeline over with what waited: from the segment under way on, where that is here from its beginning.
    /// - Returns: why it cannot.
    func takeOver(_ timeline: ChannelTimeline) -> String? {
        state.withLock { state -> String? in
            guard state.waits else { return nil }
            let isCold = state.isCold
            let buffer = state.buffer
            var (token, firstSegment) = timeline.beginPublication(
                holding: isCold ? state.heldSegment : buffer.firstWhole)
            if isCold {
                state.place = .onAir(token: token, firstSegment: firstSegment)
                state.awaitsTracks = true
                return state.begin(firstSegment)
            }
            state.waitsForFill = false
            if state.standby != .hot { state.buffer = buffer.emptied() }
            defer { state.place = .onAir(token: token, firstSegment: firstSegment) }
            do throws(ParseError) {
                try timeline.setTracks(buffer.tracks, publication: token)
                // What is copied may begin before its segment does, where something else is listed already.
                let overlaps = buffer.chunks.contains {
                    $0.segment == firstSegment && !timeline.isFree($0.bytes, track: Int($0.track), publication: token)
                }
                if overlaps { firstSegment += 1 }
                for chunk in buffer.chunks where chunk.segment >= firstSegment {
                    try timeline.append(chunk, publication: token)
                }
                return nil
            } catch {
                return "what it had cannot be used: \(error)"
            }
        }
    }

    /// Whether it has a segment from its beginning on.
    func holds(_ segment: UInt64) -> Bool {
        state.withLock { state in
            (state.isCold ? state.heldSegment : state.buffer.firstWhole).map { $0 <= segment } ?? false
        }
    }

    func leaveAir(_ timeline: ChannelTimeline) {
        let token = state.withLock { state in
            defer { state.place = .nowhere }
            return state.place.token
        }
        if let token { timeline.endPublication(token) }
    }
}
