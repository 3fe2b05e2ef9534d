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
    /// The parts of a segment, as far as they have been listed.
    private var parts: [UInt64: [PartialSegment]] = [:]
    private var last: MediaPlaylist?
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
        issues += typeIssues(playlist)
        issues += partIssues(playlist)
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
        parts = parts.filter { $0.key >= oldest }
        last = playlist
        mediaSequence = max(mediaSequence ?? 0, playlist.mediaSequence)
        targetDuration = playlist.targetDuration
        if !playlist.segments.isEmpty { newest = max(newest ?? 0, end &- 1) }
        return issues
    }

    /// Whether what is there may go, or come. RFC 8216, clauses 4.3.3.5, 6.2.1 and 6.2.2.
    private func typeIssues(_ playlist: MediaPlaylist) -> [Issue] {
        guard let last else { return [] }
        if last.playlistType != playlist.playlistType {
            let names = [last, playlist].map { $0.playlistType?.rawValue ?? "none" }
            return [Issue(.playlistType, "it is \(names[1]), it was \(names[0])")]
        }
        if last.isEnded, last.segments.map(\.uri) != playlist.segments.map(\.uri) || !playlist.isEnded {
            return [Issue(.playlistType, "it has changed, though it had ended")]
        }
        guard playlist.mediaSequence > last.mediaSequence else { return [] }
        if playlist.playlistType != nil {
            return [Issue(.playlistType, "\(playlist.mediaSequence - last.mediaSequence) segments have left")]
        }
        let listed = playlist.segments.reduce(Int64(0)) { $0 &+ $1.duration.duration.microseconds }
        guard !playlist.isEnded, listed / 3_000_000 < Int64(clamping: playlist.targetDuration) else { return [] }
        let detail = "segments have left, though no three target durations are left: \(listed / 1_000_000) s"
        return [Issue(.window, detail, severity: .error)]
    }

    /// A part that is listed stays what it is. RFC 8216bis (draft 16), clause 6.2.1.
    private mutating func partIssues(_ playlist: MediaPlaylist) -> [Issue] {
        var issues: [Issue] = []
        let skipped = playlist.skip?.segments ?? 0
        let listed = playlist.segments.map(\.parts) + [playlist.segmentInProgress?.parts ?? []]
        for (place, now) in listed.enumerated() where !now.isEmpty {
            let number = playlist.mediaSequence &+ skipped &+ UInt64(place)
            for (part, (old, new)) in zip(parts[number] ?? [], now).enumerated()
            where old.uri != new.uri || old.duration != new.duration || old.byteRange != new.byteRange {
                issues.append(Issue(.segmentIdentity, "part \(part) of \(number) was \(old.uri), is \(new.uri)"))
            }
            parts[number] = now
        }
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

extension RenditionAlignment {
    /// What was fetched of one number begins at the same media time everywhere, within a frame.
    static func mediaIssues(_ walks: [RenditionWalk]) -> [Issue] {
        guard let first = walks.first else { return [] }
        return walks.dropFirst().compactMap { walk in
            guard walk.hasWrappingTimes == first.hasWrappingTimes else { return nil }
            let frame = [walk, first].map { $0.isOfIFrames ? 0 : $0.facts?.frame.microseconds ?? 0 }.max() ?? 0
            for (number, time) in walk.shownAt.sorted(by: { $0.key < $1.key }) {
                guard let other = first.shownAt[number] else { continue }
                var difference = time &- other
                // 2^33 ticks of 90 kHz.
                let wrap: Int64 = 95_443_717_689
                if walk.hasWrappingTimes, difference > wrap / 2 { difference -= wrap }
                if walk.hasWrappingTimes, difference < -wrap / 2 { difference += wrap }
                if abs(difference) > frame + 1000 {
                    return Issue(
                        .matchingTimes,
                        "\(number) starts \(difference / 1000) ms later in the media of \(walk.report.name) than in "
                            + "that of \(first.report.name)")
                }
            }
            return nil
        }
    }
}

extension UInt64 {
    fileprivate func distance(from other: UInt64) -> UInt64 { self > other ? self - other : other - self }
}
