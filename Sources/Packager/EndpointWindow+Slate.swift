package import Keys
package import Media
import Slate
package import Timeline

/// Where a slate stands for segments: the same numbers and times, other tracks, other addresses.
extension EndpointWindow {
    /// A part of a segment's URL, and of its header's: that of the endpoint, and of the slate where one stands there.
    package func revision(of segment: BoundSegment) -> String { revision(with: segment.run.slate) }

    func revision(with slate: String?) -> String { slate.map { "\(revision)-\($0)" } ?? revision }

    /// The tracks that a segment is made of; of a slate those that stand for one of the set that the container can hold.
    package func tracks(in segment: BoundSegment) -> [StoredTrack] {
        let tracks = trackSets[segment.segment.generation]?.tracks ?? []
        guard segment.run.slate != nil else { return tracks }
        return tracks.compactMap { track in
            guard endpoint.refusal(of: track.track) == nil else { return nil }
            return segment.slate?.track(named: track.track.name)?.stored(for: track)
        }
    }

    /// Discontinuities in the endpoint up to and with this segment.
    package func discontinuitySequence(of segment: BoundSegment) -> UInt64 {
        segment.segment.discontinuitySequence &+ segment.run.slateSwitches
    }

    /// Whether times, headers or both start anew at a segment.
    package func isDiscontinuity(_ segment: BoundSegment, after previous: BoundSegment) -> Bool {
        segment.segment.isDiscontinuity || segment.run.slate != previous.run.slate
    }

    /// The time that a segment's own share of a track takes, which a slate fills.
    private func time(of track: String, in segment: BoundSegment) -> (real: StoredTrack, start: Ticks, end: Ticks)? {
        guard let set = trackSets[segment.segment.generation], let place = set.index(of: track),
            place < segment.segment.tracks.count, endpoint.refusal(of: set.tracks[place].track) == nil
        else { return nil }
        let (stored, share) = (set.tracks[place], segment.segment.tracks[place])
        let (end, overflow) = share.decodeTime.addingReportingOverflow(share.duration)
        guard !overflow else { return nil }
        let timescale = stored.track.timescale
        return (stored, Ticks(share.decodeTime, timescale: timescale), Ticks(end, timescale: timescale))
    }

    func slateShare(of track: String, in segment: BoundSegment) -> (StoredTrack, TrackSegment)? {
        guard let made = segment.slate?.track(named: track), let time = time(of: track, in: segment),
            let share = made.share(from: time.start, to: time.end, origin: segment.run.origin.start)
        else { return nil }
        return (made.stored(for: time.real), share)
    }

    /// The clear media that stands for a segment's share of a track; nil where no slate stands there.
    package func slateMedia(of track: String, in segment: BoundSegment) -> [UInt8]? {
        guard let made = segment.slate?.track(named: track), let time = time(of: track, in: segment) else { return nil }
        return made.media(
            number: segment.number, from: time.start, to: time.end, origin: segment.run.origin.start)
    }

    /// A track's header by its URL's parts: the track, and keys under which it may be; nil where there is none.
    ///
    /// - Parameter period: as the URL says it.
    package func header(
        of track: String, revision: String, generation: UInt64, period: KeyPeriod?
    ) -> (StoredTrack, PeriodKeys?)? {
        guard revision != self.revision else {
            // Where no key is said in the header, any period tells whether the track is protected at all.
            let keys = period.map { self.keys(of: $0) } ?? segments.last?.keys
            guard period == nil || (keys != nil && period?.isReserve == false), let set = trackSets[generation],
                let index = set.index(of: track)
            else { return nil }
            return (set.tracks[index], keys)
        }
        let made = segments.lastOfRuns.first {
            $0.run.slate != nil && self.revision(of: $0) == revision && $0.segment.generation == generation
                && (period == nil || $0.run.keyPeriod == period)
        }
        guard let made, let stored = tracks(in: made).first(where: { $0.track.name == track }) else { return nil }
        return (stored, made.keys)
    }
}
