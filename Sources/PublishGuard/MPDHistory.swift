package import DASH
package import Media
import Synchronization

/// The revisions of a channel's MPDs that went out last: from them follow their publish times and their patches.
///
/// Bounds: revisions of the last `lifetimeSeconds` of the patch location, and so many that their timelines have `maximumRuns` runs in all; the
/// newest always. One for each opening of a channel.
package final class MPDHistory: Sendable {
    package enum Step: Sendable, Equatable {
        /// That is the newest.
        case none
        case patch(MPDPatch)
        /// A patch for nobody: who asks has a revision that is not known any more, and is to get the MPD.
        case unknown(MPDPatch)
    }

    private static let maximumRuns = 250_000

    /// Of one manifest, with a lock of its own: MPDs of days take milliseconds to compare.
    private final class Record: Sendable {
        let revisions = Mutex<[MPD]>([])
    }

    private let records = Mutex<[String: Record]>([:])

    package init() {}

    private func revisions(of name: String) -> [MPD] {
        records.withLock { $0[name] }?.revisions.withLock { $0 } ?? []
    }

    /// The MPD as it is published: publishTime changes where something else does, and then it rises.
    /// ISO/IEC 23009-1:2022, clause 5.3.1.2.
    /// - Parameter name: of the manifest: its path.
    package func dated(_ mpd: MPD, of name: String) -> MPD {
        guard let last = revisions(of: name).last, let known = last.publishTime?.milliseconds,
            let time = mpd.publishTime?.milliseconds
        else { return mpd }
        var dated = mpd
        dated.publishTime = last.publishTime
        if dated != last { dated.publishTime = Ticks(max(time, known + 1), timescale: 1000) }
        return dated
    }

    /// It went out.
    package func add(_ mpd: MPD, of name: String) {
        let record = records.withLock { records in
            if let record = records[name] { return record }
            let record = Record()
            records[name] = record
            return record
        }
        record.revisions.withLock { kept in
            guard kept.last != mpd else { return }
            // Another thread was faster with a later one.
            let time = mpd.publishTime?.milliseconds ?? .max
            guard time > kept.last?.publishTime?.milliseconds ?? .min else { return }
            kept.append(mpd)
            let oldest = (mpd.publishTime?.milliseconds ?? 0) - Int64(mpd.patchLocation?.lifetimeSeconds ?? 0) * 1000
            // Of one that cannot be patched the newest is enough.
            let first = kept.lastIndex { mpd.patchLocation == nil || $0.publishTime?.milliseconds ?? 0 < oldest }
            if let first { kept.removeFirst(min(first + 1, kept.count - 1)) }
            var runs = 0
            let fitting = kept.reversed().prefix {
                runs += $0.runCount
                return runs <= Self.maximumRuns
            }.count
            kept.removeFirst(kept.count - max(fitting, 1))
        }
    }

    /// Whether a revision of that time can still be patched.
    package func knows(_ publishTime: Ticks, of name: String) -> Bool {
        revisions(of: name).contains { $0.publishTime?.milliseconds == publishTime.milliseconds }
    }

    /// What brings a player that has the revision of that time to the newest; nil where none went out.
    package func patch(of name: String, from publishTime: Ticks) -> Step? {
        let kept = revisions(of: name)
        guard let newest = kept.last else { return nil }
        if newest.publishTime?.milliseconds == publishTime.milliseconds { return Step.none }
        if let base = kept.last(where: { $0.publishTime?.milliseconds == publishTime.milliseconds }),
            let patch = MPDPatch(from: base, to: newest)
        {
            return .patch(patch)
        }
        return MPDPatch(none: newest).map { .unknown($0) }
    }
}

extension MPD {
    fileprivate var runCount: Int {
        periods.reduce(0) { sum, period in
            period.adaptationSets.reduce(sum + 1) { sum, set in
                ([set.segmentTemplate] + set.representations.map(\.segmentTemplate)).reduce(sum) { sum, template in
                    guard case .timeline(let timeline)? = template?.addressing else { return sum }
                    return sum + timeline.runs.count
                }
            }
        }
    }
}
