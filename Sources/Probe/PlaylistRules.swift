package import HLS
import Media

/// What one media playlist says by itself. RFC 8216, clauses 4 and 7.
///
/// Read from the text again where the order of lines or what is written counts, as values do not keep that.
package enum PlaylistRules {
    package static func issues(text: String, playlist: MediaPlaylist) -> [Issue] {
        versionIssues(text) + orderIssues(text) + segmentIssues(playlist) + LowLatencyRules.issues(playlist)
            + AdMarkerRules.issues(playlist)
    }

    package static func startIssue(_ text: String) -> Issue? {
        let first = text.utf8.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)[0]
        let line = String(Substring(first.last == UInt8(ascii: "\r") ? first.dropLast() : first))
        return line == "#EXTM3U" ? nil : Issue(.extM3U, "it is \(line.prefix(40).debugDescription)")
    }

    private static func lines(_ text: String) -> [Substring] {
        text.utf8.split(separator: UInt8(ascii: "\n")).map {
            Substring($0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0)
        }
    }

    /// Clause 7, from the tags as written.
    static func versionIssues(_ text: String) -> [Issue] {
        var announced = 1
        var needed: (version: Int, why: String) = (1, "")
        func need(_ version: Int, _ why: String) { if version > needed.version { needed = (version, why) } }
        let lines = lines(text)
        let isIFramesOnly = lines.contains("#EXT-X-I-FRAMES-ONLY")
        for line in lines {
            let value = line.drop { $0 != ":" }.dropFirst()
            switch line.prefix(while: { $0 != ":" }) {
            case "#EXT-X-VERSION": announced = Int(value) ?? 0
            case "#EXTINF": if value.prefix(while: { $0 != "," }).contains(".") { need(3, "decimal EXTINF") }
            case "#EXT-X-BYTERANGE": need(4, "EXT-X-BYTERANGE")
            case "#EXT-X-I-FRAMES-ONLY": need(4, "EXT-X-I-FRAMES-ONLY")
            case "#EXT-X-MEDIA": need(4, "EXT-X-MEDIA")
            case "#EXT-X-MAP": need(isIFramesOnly ? 5 : 6, "EXT-X-MAP")
            case "#EXT-X-SKIP": need(9, "EXT-X-SKIP")
            case "#EXT-X-KEY", "#EXT-X-SESSION-KEY":
                if value.contains("IV=0") { need(2, "IV") }
                if value.contains("KEYFORMAT") || value.contains("SAMPLE-AES") { need(5, "KEYFORMAT or SAMPLE-AES") }
            default: break
            }
        }
        guard announced < needed.version else { return [] }
        return [Issue(.version, "\(announced), but \(needed.why) needs \(needed.version)")]
    }

    /// A key applies to maps after it, not before it: within the tags of one segment the keys come first, but where
    /// AES-128 is to leave the map in the clear.
    static func orderIssues(_ text: String) -> [Issue] {
        var hasKey = false
        var map: (isThere: Bool, isClear: Bool) = (false, false)
        for line in lines(text) {
            if !line.hasPrefix("#") {
                map.isThere = false
            } else if line.hasPrefix("#EXT-X-MAP:") {
                map = (true, !hasKey)
            } else if line.hasPrefix("#EXT-X-KEY:") {
                if map.isThere, !map.isClear || !line.contains("METHOD=AES-128") {
                    return [Issue(.keyBeforeMap, "EXT-X-MAP stands before \(line.prefix(60))")]
                }
                hasKey = !line.contains("METHOD=NONE")
            }
        }
        return []
    }

    private static func segmentIssues(_ playlist: MediaPlaylist) -> [Issue] {
        var issues: [Issue] = []
        var ivs: [String: UInt64] = [:]
        var expected: Ticks?
        var missing = 0
        for (index, segment) in playlist.segments.enumerated() {
            let number = playlist.mediaSequence &+ UInt64(index)
            let duration = segment.duration.duration
            let rounded = duration.rescaled(to: 1, rounding: .nearest).value
            if rounded > Int64(clamping: playlist.targetDuration) {
                issues.append(
                    Issue(
                        .targetDuration, "\(duration.seconds) s of segment \(number) above \(playlist.targetDuration) s"
                    ))
            }
            issues += keyIssues(segment, number, &ivs)
            if !Reference.isRelative(segment.uri) { issues.append(Issue(.relative, segment.uri)) }
            if let map = segment.map, !Reference.isRelative(map.uri) { issues.append(Issue(.relative, map.uri)) }
            if segment.isGap { missing += 1 }
            if let time = segment.programDateTime {
                // Milliseconds are all the text has, and frames lie up to one apart from where the sum says.
                if let expected, !segment.isDiscontinuity, abs(time.microseconds - expected.microseconds) > 50_000 {
                    issues.append(
                        Issue(
                            .dateTime,
                            "segment \(number) is \((time.microseconds - expected.microseconds) / 1000) ms off its place"
                        ))
                }
                expected = time
            } else if segment.isDiscontinuity {
                expected = nil
            }
            expected = expected.map { Ticks($0.microseconds + duration.microseconds, timescale: 1_000_000) }
        }
        if missing > 0 { issues.append(Issue(.gap, "\(missing) of \(playlist.segments.count) are marked as gaps")) }
        if !playlist.isEnded, playlist.playlistType == nil {
            if !playlist.segments.contains(where: { $0.programDateTime != nil }) {
                issues.append(Issue(.noDateTime, "there is none"))
            }
            let listed = playlist.segments.reduce(Int64(0)) { $0 + $1.duration.duration.microseconds }
            let wanted = Int64(clamping: playlist.targetDuration).multipliedReportingOverflow(by: 3_000_000)
            if !wanted.overflow, listed < wanted.partialValue {
                issues.append(Issue(.window, "\(listed / 1_000_000) s, target duration \(playlist.targetDuration) s"))
            }
        }
        return issues
    }

    private static func keyIssues(_ segment: MediaSegment, _ number: UInt64, _ ivs: inout [String: UInt64]) -> [Issue] {
        guard let key = segment.keys.first(where: { $0.method == .aes128 }), !segment.isGap else { return [] }
        guard let iv = key.iv else { return [Issue(.keyIV, "segment \(number) has no IV")] }
        let use = (key.uri ?? "") + " " + iv.map { String($0) }.joined(separator: ".")
        if let other = ivs[use] { return [Issue(.keyIV, "segments \(other) and \(number) have the same key and IV")] }
        ivs[use] = number
        return []
    }
}

extension MediaPlaylist {
    /// Each segment's presentation time since the epoch, from the last EXT-X-PROGRAM-DATE-TIME on; nil before one.
    var programTimes: [Ticks?] {
        var next: Ticks?
        return segments.map { segment in
            let time = segment.programDateTime ?? (segment.isDiscontinuity ? nil : next)
            next = time.map { Ticks($0.microseconds + segment.duration.duration.microseconds, timescale: 1_000_000) }
            return time
        }
    }

    /// Each segment's discontinuity sequence number. RFC 8216, clause 6.2.1.
    var discontinuityNumbers: [UInt64] {
        var number = discontinuitySequence
        return segments.map { segment in
            if segment.isDiscontinuity { number &+= 1 }
            return number
        }
    }

    /// When its newest segment ends.
    var endTime: Ticks? {
        guard let last = segments.last, let time = programTimes.last ?? nil else { return nil }
        return Ticks(time.microseconds + last.duration.duration.microseconds, timescale: 1_000_000)
    }
}
