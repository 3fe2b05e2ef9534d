import Media
import NIOHTTP1
import Packager
import Settings
import Timeline

/// What is said of an object beside its bytes, made once with it.
struct ObjectNotes: Sendable {
    var cmsd: String
    var lastModified: LastModified?
}

/// When something was there: seconds from the epoch, and as HTTP writes them.
package struct LastModified: Sendable, Equatable {
    let epochSeconds: Int64
    let text: String

    /// - Parameter time: from the epoch, rounded down to the second.
    init(_ time: Ticks) {
        epochSeconds = time.rescaled(to: 1, rounding: .down).value
        text = CivilTime(epochMilliseconds: epochSeconds &* 1000).imfFixdate
    }
}

extension EndpointWindow {
    /// - Parameters:
    ///   - share: of the object; nil: what is under way, of which neither length nor end are known.
    func notes(of stored: StoredTrack, _ share: TrackSegment?, byteCount: Int) -> ObjectNotes {
        let type = objectType(of: stored.track)
        guard let share else { return ObjectNotes(cmsd: CMSD.text(type, of: self)) }
        return notes(
            type, stored, from: share.decodeTime, for: share.duration, byteCount: byteCount)
    }

    /// Of one part of a segment.
    func notes(of stored: StoredTrack, _ share: TrackSegment, part: UInt64, byteCount: Int) -> ObjectNotes {
        guard let place = Int(exactly: part), place < share.chunks.count else {
            return notes(of: stored, nil, byteCount: byteCount)
        }
        let before = share.chunks[..<place].reduce(0) { $0 + $1.duration }
        return notes(
            objectType(of: stored.track), stored, from: share.decodeTime + before, for: share.chunks[place].duration,
            byteCount: byteCount)
    }

    /// Of what goes with a segment for its time, and is not played through it.
    func notes(beside stored: StoredTrack, _ share: TrackSegment, _ type: CMSD.ObjectType) -> ObjectNotes {
        var notes = notes(type, stored, from: share.decodeTime, for: share.duration, byteCount: 0)
        notes.cmsd = CMSD.text(type, of: self)
        return notes
    }

    private func notes(
        _ type: CMSD.ObjectType, _ stored: StoredTrack, from start: Int64, for duration: Int64, byteCount: Int
    ) -> ObjectNotes {
        let timescale = stored.track.timescale
        let (end, isOver) = start.addingReportingOverflow(duration)
        return ObjectNotes(
            cmsd: CMSD.text(
                type, of: self, duration: Ticks(duration, timescale: timescale), byteCount: byteCount),
            lastModified: isOver ? nil : LastModified(Ticks(end, timescale: timescale)))
    }
}

extension EndpointWindow {
    /// Whether that was before all that is stored.
    func isGone(_ number: UInt64, of track: String) -> Bool {
        guard let first = segments.first?.number, number < first, let set = segments.last?.segment.generation else {
            return false
        }
        return trackSets[set]?.tracks.contains { $0.track.name == track } ?? false
    }
}

extension EndpointProfile {
    /// What is listed soon, and was asked for before that.
    var tooEarly: CachedResponse {
        guard tooEarlyStatus == .tooEarly else { return LiveContent.tooEarly }
        return .text(
            .custom(code: 425, reasonPhrase: "Too Early"), "not yet", freshness: .seconds(1), retryAfter: 1)
    }

    /// What was there and is not stored any more.
    var expired: CachedResponse {
        guard expiredStatus == .gone else { return .notFound }
        return .text(.gone, "not stored any more", freshness: .seconds(60))
    }
}
