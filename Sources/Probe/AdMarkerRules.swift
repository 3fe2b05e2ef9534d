package import HLS
import Media
import SCTE35

/// What media playlists say of ad breaks. RFC 8216, clause 4.3.2.7; for EXT-X-CUE-OUT and EXT-X-CUE-IN, AWS Elemental's use.
package enum AdMarkerRules {
    package static func issues(_ playlist: MediaPlaylist) -> [Issue] {
        rangeIssues(playlist) + cueIssues(playlist)
    }

    private static func rangeIssues(_ playlist: MediaPlaylist) -> [Issue] {
        let ranges: [DateRange]
        do throws(PlaylistError) { ranges = try playlist.dateRanges() } catch { return [Issue(.dateRange, "\(error)")] }
        guard !ranges.isEmpty else { return [] }
        var issues = conflicts(ranges, with: ranges)
        if playlist.segments.allSatisfy({ $0.programDateTime == nil }) {
            issues.append(Issue(.dateRange, "there is no EXT-X-PROGRAM-DATE-TIME that they could be placed by"))
        }
        for range in ranges {
            for section in [range.spliceOut, range.spliceIn, range.spliceCommand].compactMap(\.self) {
                do throws(ParseError) { _ = try SpliceInfoSection(parsing: section) } catch {
                    issues.append(Issue(.spliceSection, "\(range.id): \(error)"))
                }
            }
        }
        return issues
    }

    static func conflicts(_ ranges: [DateRange], with others: [DateRange]) -> [Issue] {
        var named: Set<String> = []
        return ranges.compactMap { range in
            guard others.contains(where: { $0.id == range.id && !$0.agrees(with: range) }),
                named.insert(range.id).inserted
            else { return nil }
            return Issue(.dateRange, "\(range.id) is said twice, in different ways")
        }
    }

    /// The lines about cues before a segment.
    static func cues(_ segment: MediaSegment) -> [String] {
        segment.unknownTags.filter { $0.hasPrefix("#EXT-X-CUE-") || $0.hasPrefix(SpliceSection.tag) }
    }

    /// A break begins once, goes on in every segment, and ends.
    private static func cueIssues(_ playlist: MediaPlaylist) -> [Issue] {
        var issues: [Issue] = []
        // Whether the segment before is within one; nil: nobody knows.
        var isOut: Bool?
        for (index, segment) in playlist.segments.enumerated() where !segment.isGap {
            let number = playlist.mediaSequence &+ UInt64(index)
            var isSaid = false
            for line in cues(segment) {
                let name = line.prefix { $0 != ":" }
                let value = line.dropFirst(name.utf8.count + 1)
                switch name {
                case CueIn.tag:
                    if isOut == false { issues.append(Issue(.cue, "EXT-X-CUE-IN at \(number), and no break is on")) }
                    isOut = false
                case CueOut.tag:
                    if isOut == true { issues.append(Issue(.cue, "EXT-X-CUE-OUT at \(number), within a break")) }
                    if (try? CueOut(parsing: value)) == nil {
                        issues.append(Issue(.cue, "\(line.prefix(60)) cannot be read"))
                    }
                    (isOut, isSaid) = (true, true)
                case CueOutContinued.tag:
                    if isOut == false { issues.append(Issue(.cue, "EXT-X-CUE-OUT-CONT at \(number), out of a break")) }
                    (isOut, isSaid) = (true, true)
                case SpliceSection.tag:
                    guard let bytes = SpliceText.bytes(of: String(value)),
                        (try? SpliceInfoSection(parsing: bytes)) != nil
                    else {
                        issues.append(Issue(.spliceSection, "\(line.prefix(60)) cannot be read"))
                        continue
                    }
                default: break
                }
            }
            // Packagers that never say EXT-X-CUE-OUT-CONT leave it out everywhere.
            if isOut == true, !isSaid, playlist.segments.contains(where: { Self.continues($0) }) {
                issues.append(Issue(.cue, "segment \(number) is within a break and does not say so"))
            }
            isOut = isOut ?? false
        }
        return issues
    }

    private static func continues(_ segment: MediaSegment) -> Bool {
        segment.unknownTags.contains { $0.hasPrefix(CueOutContinued.tag) }
    }
}
