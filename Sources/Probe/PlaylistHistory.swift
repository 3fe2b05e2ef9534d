package import HLS
import Media

/// What the reloads of one media playlist have said, to compare the next one with. RFC 8216, clause 6.2.
package struct PlaylistHistory: Sendable {
    private struct Entry: Sendable {
        var uri: String
        var discontinuity: UInt64
        var duration: Int64
        var cues: [String]
    }

    private var entries: [UInt64: Entry] = [:]
    private var mediaSequence: UInt64?
    private var targetDuration: UInt64?
    private var newest: UInt64?
    /// Of the reload before that speak of splices.
    private var splices: [DateRange] = []

    package init() {}

    /// Compares a reload with all before it, and remembers it.
    package mutating func take(_ playlist: MediaPlaylist) -> [Issue] {
        var issues: [Issue] = []
        if let mediaSequence, playlist.mediaSequence < mediaSequence {
            issues.append(Issue(.mediaSequence, "\(playlist.mediaSequence) after \(mediaSequence)"))
        }
        if let targetDuration, playlist.targetDuration != targetDuration {
            issues.append(Issue(.targetFixed, "\(playlist.targetDuration) after \(targetDuration)"))
        }
        let end = playlist.mediaSequence &+ UInt64(playlist.segments.count)
        if let newest, end <= newest {
            issues.append(Issue(.mediaSequence, "the newest segment is \(end &- 1), it was \(newest)"))
        }
        let discontinuities = playlist.discontinuityNumbers
        for (index, segment) in playlist.segments.enumerated() {
            let number = playlist.mediaSequence &+ UInt64(index)
            let entry = Entry(
                uri: segment.uri, discontinuity: discontinuities[index],
                duration: segment.duration.duration.microseconds, cues: AdMarkerRules.cues(segment))
            if let known = entries[number] {
                if known.uri != entry.uri {
                    issues.append(Issue(.segmentIdentity, "\(number) was \(known.uri), is \(entry.uri)"))
                } else if known.duration != entry.duration {
                    issues.append(Issue(.segmentIdentity, "the duration of \(number) has changed"))
                }
                if known.cues != entry.cues {
                    issues.append(Issue(.cue, "the ad markers of \(number) have changed"))
                }
                if known.discontinuity != entry.discontinuity {
                    issues.append(
                        Issue(
                            .discontinuitySequence, "\(entry.discontinuity) for \(number), was \(known.discontinuity)"))
                }
            }
            entries[number] = entry
        }
        let ranges = ((try? playlist.dateRanges()) ?? []).filter {
            $0.spliceOut != nil || $0.spliceIn != nil || $0.spliceCommand != nil
        }
        issues += AdMarkerRules.conflicts(ranges, with: splices)
        splices = ranges
        // As much as two windows: what is older cannot come back unseen, as mediaSequence must not fall.
        let oldest =
            playlist.mediaSequence >= UInt64(playlist.segments.count)
            ? playlist.mediaSequence - UInt64(playlist.segments.count) : 0
        entries = entries.filter { $0.key >= oldest }
        mediaSequence = max(mediaSequence ?? 0, playlist.mediaSequence)
        targetDuration = playlist.targetDuration
        if !playlist.segments.isEmpty { newest = max(newest ?? 0, end &- 1) }
        return issues
    }
}

/// Compares the playlists of all renditions of one presentation. RFC 8216, clause 6.2.4.
package enum RenditionAlignment {
    /// - Parameters:
    ///   - playlists: fetched one after the other, in this order.
    ///   - frame: microseconds by which starts may differ.
    package static func issues(_ playlists: [(name: String, playlist: MediaPlaylist)], frame: Int64) -> [Issue] {
        guard let first = playlists.first else { return [] }
        var issues: [Issue] = []
        let times = first.playlist.programTimes
        let discontinuities = first.playlist.discontinuityNumbers
        let start = first.playlist.mediaSequence
        let end = start &+ UInt64(times.count)
        for (name, playlist) in playlists.dropFirst() {
            let otherEnd = playlist.mediaSequence &+ UInt64(playlist.segments.count)
            // A reload between the two fetches may have brought one segment and taken one.
            guard otherEnd.distance(from: end) <= 1, playlist.mediaSequence.distance(from: start) <= 1 else {
                issues.append(
                    Issue(
                        .alignment,
                        "\(first.name) lists \(start)..<\(end), \(name) \(playlist.mediaSequence)..<\(otherEnd)"))
                continue
            }
            let otherTimes = playlist.programTimes
            let otherDiscontinuities = playlist.discontinuityNumbers
            for index in otherTimes.indices {
                let number = playlist.mediaSequence &+ UInt64(index)
                guard number >= start, number < end else { continue }
                let same = Int(number - start)
                if discontinuities[same] != otherDiscontinuities[index] {
                    issues.append(
                        Issue(
                            .alignment,
                            "the discontinuity sequence of \(number) is \(discontinuities[same]) in \(first.name), "
                                + "\(otherDiscontinuities[index]) in \(name)"))
                }
                if first.playlist.segments[same].isGap || playlist.segments[index].isGap { continue }
                if let time = times[same], let other = otherTimes[index],
                    abs(time.microseconds - other.microseconds) > frame
                {
                    issues.append(
                        Issue(
                            .alignedTimes,
                            "\(number) starts \((other.microseconds - time.microseconds) / 1000) ms later in \(name) "
                                + "than in \(first.name)"))
                }
            }
        }
        return issues
    }
}

extension UInt64 {
    fileprivate func distance(from other: UInt64) -> UInt64 { self > other ? self - other : other - self }
}
