package import Media

/// EXT-X-DATERANGE: something that is so from one time on, or between two. RFC 8216, clause 4.3.2.7.
package struct DateRange: Sendable, Hashable {
    package static let tag = "#EXT-X-DATERANGE"

    /// Two tags with one ID describe one range, so their attributes must agree.
    package var id: String
    /// CLASS: ranges that share one have the same meaning to whom it is for.
    package var rangeClass: String?
    /// Since the Unix epoch.
    package var startDate: Ticks
    package var duration: Ticks?
    package var plannedDuration: Ticks?
    /// splice_info_section()s: of what begins a break, what ends it, and any other. Clause 4.3.2.7.1.
    package var spliceOut: [UInt8]?
    package var spliceIn: [UInt8]?
    package var spliceCommand: [UInt8]?
    /// X- attributes, and those that no property stands for.
    package var others: [Attribute]

    package init(
        id: String, rangeClass: String? = nil, startDate: Ticks, duration: Ticks? = nil, plannedDuration: Ticks? = nil,
        spliceOut: [UInt8]? = nil, spliceIn: [UInt8]? = nil, spliceCommand: [UInt8]? = nil, others: [Attribute] = []
    ) {
        self.id = id
        self.rangeClass = rangeClass
        self.startDate = startDate
        self.duration = duration
        self.plannedDuration = plannedDuration
        self.spliceOut = spliceOut
        self.spliceIn = spliceIn
        self.spliceCommand = spliceCommand
        self.others = others
    }

    /// The whole line. A playlist that has one must have an EXT-X-PROGRAM-DATE-TIME too.
    package var line: String {
        var writer = AttributeWriter(Self.tag)
        writer.quoted("ID", id)
        writer.quoted("CLASS", rangeClass)
        writer.quoted("START-DATE", CivilTime(startDate).iso8601)
        writer.seconds("DURATION", duration)
        writer.seconds("PLANNED-DURATION", plannedDuration)
        writer.hexadecimal("SCTE35-CMD", spliceCommand)
        writer.hexadecimal("SCTE35-OUT", spliceOut)
        writer.hexadecimal("SCTE35-IN", spliceIn)
        writer.others(others)
        return writer.line
    }

    /// - Parameter value: what follows the colon.
    package init(parsing value: Substring) throws(PlaylistError) {
        var reader = try AttributeReader(value)
        guard let id = try reader.takeQuoted("ID") else { throw PlaylistError("EXT-X-DATERANGE has no ID") }
        guard let text = try reader.takeQuoted("START-DATE"), let start = CivilTime(parsing: text)?.ticks else {
            throw PlaylistError("EXT-X-DATERANGE \(id.prefix(40)) has no START-DATE")
        }
        self.init(
            id: id, rangeClass: try reader.takeQuoted("CLASS"), startDate: start,
            duration: try reader.takeSeconds("DURATION"), plannedDuration: try reader.takeSeconds("PLANNED-DURATION"),
            spliceOut: try reader.takeHexadecimal("SCTE35-OUT", longest: Self.longestSection),
            spliceIn: try reader.takeHexadecimal("SCTE35-IN", longest: Self.longestSection),
            spliceCommand: try reader.takeHexadecimal("SCTE35-CMD", longest: Self.longestSection))
        others = reader.rest
    }

    /// Digits of the longest section.
    private static let longestSection = 8192

    /// Whether both can be of one range: no attribute that both have differs.
    package func agrees(with other: DateRange) -> Bool {
        func same<Value: Equatable>(_ left: Value?, _ right: Value?) -> Bool {
            left == nil || right == nil || left == right
        }
        return id == other.id && same(rangeClass, other.rangeClass) && startDate == other.startDate
            && same(duration, other.duration) && same(plannedDuration, other.plannedDuration)
            && same(spliceOut, other.spliceOut) && same(spliceIn, other.spliceIn)
            && same(spliceCommand, other.spliceCommand)
            && others.allSatisfy { own in other.others.allSatisfy { $0.name != own.name || $0 == own } }
    }
}

extension MediaPlaylist {
    /// Of all segments, and of what stands before and behind them.
    package var dateRangeLines: [String] {
        (unknownTags + segments.flatMap(\.unknownTags) + (segmentInProgress?.unknownTags ?? []) + trailingTags)
            .filter { $0.hasPrefix(DateRange.tag + ":") }
    }

    /// - Throws: for one that cannot be read.
    package func dateRanges() throws(PlaylistError) -> [DateRange] {
        var ranges: [DateRange] = []
        for line in dateRangeLines { ranges.append(try DateRange(parsing: line.dropFirst(DateRange.tag.count + 1))) }
        return ranges
    }
}
