import HLS
import Media
import Settings
import Synchronization
import Timeline

/// What the segments cost that manifests list.
struct ListedMeasures: Sendable, Equatable {
    /// In bits a second.
    struct Rates: Sendable, Equatable {
        /// The highest of sets of segments.
        let peak: Int
        /// Over all; nil without any.
        let average: Int?
    }

    /// By track.
    var rates: [String: Rates] = [:]
    /// Of a picture track's I-frames by themselves, by track.
    var iFramePeaks: [String: Int] = [:]
    /// The longest of all; nil without any.
    var longest: Ticks?
}

/// What one window of an endpoint learns of the segments that it lists, kept for the windows that come after it: a new
/// segment costs itself, however many are listed.
///
/// Bounds: of each track of the listed segments, some 30 bytes a segment, and the lines of its playlists that were asked
/// for: a kilobyte a segment at most where there are less than `longPlaylist`, and otherwise a quarter of that.
package final class ManifestLedger: Sendable {
    private struct Measurement {
        /// Nil before the first.
        var stretches: ListedStretches?
        var sums = ListedSums(targetDuration: 0)
        var measures = ListedMeasures()
    }

    struct PlaylistName: Hashable {
        let track: String
        let form: PlaylistPackager.Form
    }

    private let measurement = Mutex(Measurement())
    private let playlists = Mutex<[PlaylistName: PlaylistBlocks]>([:])
    let keySayings = KeySayings()
    /// Playlists of fewer segments are written anew each time.
    let shortestKept: Int
    private let longPlaylist: Int
    private let blockCount: UInt64

    /// - Parameters:
    ///   - shortestKept: the segments from which on a playlist's lines are kept, each segment's by themselves.
    ///   - longPlaylist: the segments from which on they are kept in blocks.
    ///   - blockCount: of how many together.
    package init(shortestKept: Int = 3, longPlaylist: Int = 1024, blockCount: UInt64 = 128) {
        self.shortestKept = shortestKept
        self.longPlaylist = longPlaylist
        self.blockCount = max(blockCount, 1)
    }

    func measure(_ window: EndpointWindow) -> ListedMeasures {
        let stretches = ListedStretches(window)
        return measurement.withLock { known in
            if known.stretches == stretches { return known.measures }
            let listed = window.listed
            // In place, and nobody else holds them: they would be copied.
            if let last = known.stretches?.last, known.stretches?.goesOn(in: stretches) == true {
                let next = last < .max ? window.place(of: last + 1) : listed.endIndex
                known.sums.remove(before: listed.first?.number ?? .max)
                known.sums.append(listed[max(listed.startIndex, next)...], window)
            } else {
                var sums = ListedSums(targetDuration: window.targetDuration)
                sums.append(listed, window)
                // One of before, as for a request that took long, does not take the place of a later one.
                if let later = known.stretches, stretches.goesOn(in: later) { return sums.measures }
                known.sums = sums
            }
            known.stretches = stretches
            known.measures = known.sums.measures
            return known.measures
        }
    }

    /// The segments of a playlist up to a number, which lie behind what changes with each revision.
    /// - Parameters:
    ///   - name: of a track that the window has.
    ///   - numbers: all but the newest that are listed; at least one.
    ///   - entries: makes segments from nothing.
    /// - Returns: of consecutive numbers from the first on; `numbers` may go on behind them.
    func older(
        _ name: PlaylistName, _ numbers: Range<UInt64>, _ window: EndpointWindow,
        entries: (ClosedRange<UInt64>) throws(PackagingError) -> [MediaSegment]
    ) throws(PackagingError) -> [OlderSegments] {
        let stretches = ListedStretches(window)
        return try playlists.withLock { playlists throws(PackagingError) in
            if playlists[name] == nil {
                // Tracks that are gone take theirs with them.
                for other in Array(playlists.keys)
                where !window.tracks.contains(where: { $0.track.name == other.track }) {
                    playlists[other] = nil
                }
            }
            let blockCount = numbers.count < longPlaylist ? 1 : blockCount
            if playlists[name]?.blockCount != blockCount { playlists[name] = PlaylistBlocks(blockCount: blockCount) }
            return try playlists[name, default: PlaylistBlocks(blockCount: blockCount)].older(
                numbers, stretches, window, isIFramesOnly: name.form == .iFrames, entries: entries)
        }
    }
}

/// Sums and greatest values over segments that come at the end and leave at the front.
private struct ListedSums: Sendable {
    let targetDuration: Int64
    private var rates: [String: SlidingRate] = [:]
    private var iFramePeaks: [String: SlidingMaximum<Int>] = [:]
    private var longest = SlidingMaximum<Ticks>()

    init(targetDuration: Int64) { self.targetDuration = targetDuration }

    var measures: ListedMeasures {
        ListedMeasures(
            rates: rates.mapValues { ListedMeasures.Rates(peak: $0.peak, average: $0.average) },
            iFramePeaks: iFramePeaks.compactMapValues(\.maximum),
            longest: longest.maximum)
    }

    mutating func append(_ segments: BoundSegments.SubSequence, _ window: EndpointWindow) {
        for segment in segments { append(segment, window) }
    }

    private mutating func append(_ segment: BoundSegment, _ window: EndpointWindow) {
        let endpoint = window.endpoint
        var longest: Ticks?
        for track in window.trackSets[segment.segment.generation]?.tracks ?? [] {
            let name = track.track.name
            guard let (stored, share) = window.share(of: name, in: segment) else { continue }
            let length = Ticks(share.duration, timescale: stored.track.timescale)
            longest = max(longest ?? length, length)
            let duration = length.rescaled(to: SlidingRate.timescale).value
            guard duration > 0 else { continue }
            let bits = Int64(share.servedSize(of: stored.track, by: endpoint)) * 8
            rates[name, default: SlidingRate(targetDuration: targetDuration)].append(
                SlidingRate.Piece(number: segment.number, bits: bits, duration: duration))
            guard endpoint.includeIframeOnlyStream, stored.track.kind == .video else { continue }
            let size = Int64(share.servedIFrameSize(by: endpoint)) * 8
            iFramePeaks[name, default: SlidingMaximum()].append(
                SlidingRate.rate(size, over: duration), segment.number)
        }
        if let longest { self.longest.append(longest, segment.number) }
    }

    mutating func remove(before number: UInt64) {
        // Names of their own: a view of the keys would hold all, which is then copied.
        for name in Array(rates.keys) {
            rates[name]?.remove(before: number)
            if rates[name]?.isEmpty == true { rates[name] = nil }
        }
        for name in Array(iFramePeaks.keys) {
            iFramePeaks[name]?.remove(before: number)
            if iFramePeaks[name]?.maximum == nil { iFramePeaks[name] = nil }
        }
        longest.remove(before: number)
    }
}
