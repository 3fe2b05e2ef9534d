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
    /// X- attributes, and those that no property stands for.
    package var others: [Attribute]

    package init(id: String, rangeClass: String? = nil, startDate: Ticks, others: [Attribute] = []) {
        self.id = id
        self.rangeClass = rangeClass
        self.startDate = startDate
        self.others = others
    }

    /// The whole line. A playlist that has one must have an EXT-X-PROGRAM-DATE-TIME too.
    package var line: String {
        var writer = AttributeWriter()
        writer.quoted("ID", id)
        writer.quoted("CLASS", rangeClass)
        writer.quoted("START-DATE", CivilTime(startDate).iso8601)
        writer.others(others)
        return Self.tag + ":" + writer.text
    }
}
