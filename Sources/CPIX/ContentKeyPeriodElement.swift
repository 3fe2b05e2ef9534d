import Media

/// One key period. CPIX 2.4, `ContentKeyPeriod`.
package struct ContentKeyPeriodElement: Sendable, Equatable {
    /// Referred to by `KeyPeriodFilter@periodId`.
    package var id: String?
    /// Wraps at 32 bits.
    package var index: UInt32?
    /// `@start` and `@end` of live content, in milliseconds since the epoch: from `start` on, before `end`. SPEKE 2.1.
    package var start: Int64?
    package var end: Int64?
    /// `@startOffset` and `@endOffset` of stored content, as they stand there. SPEKE 2.1.
    package var startOffset: String?
    package var endOffset: String?

    package init(id: String?, index: UInt32?, start: Int64? = nil, end: Int64? = nil) {
        self.id = id
        self.index = index
        self.start = start
        self.end = end
    }

    init(reading element: ElementTree) throws(CPIXError) {
        id = element.attributes["id"]
        if let text = element.attributes["index"] {
            guard let index = UInt32(text) else {
                throw CPIXError(.invalid, "ContentKeyPeriod@index is not a 32-bit number")
            }
            self.index = index
        }
        start = try Self.time("start", of: element)
        end = try Self.time("end", of: element)
        startOffset = element.attributes["startOffset"]
        endOffset = element.attributes["endOffset"]
    }

    private static func time(_ name: String, of element: ElementTree) throws(CPIXError) -> Int64? {
        guard let text = element.attributes[name], !text.isEmpty else { return nil }
        guard let time = CivilTime(parsing: text) else {
            throw CPIXError(.invalid, "ContentKeyPeriod@\(name) is not a date and time")
        }
        return time.epochMilliseconds
    }

    func write(to writer: inout XMLTextWriter) {
        func text(_ time: Int64?) -> String? { time.map { CivilTime(epochMilliseconds: $0).xmlDateTime } }
        writer.element(
            "cpix:ContentKeyPeriod",
            [
                ("id", id), ("index", index.map { "\($0)" }), ("start", text(start)), ("end", text(end)),
                ("startOffset", startOffset), ("endOffset", endOffset),
            ])
    }
}
