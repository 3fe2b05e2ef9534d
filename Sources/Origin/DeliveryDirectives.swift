package import Packager

/// What a player of low latency asks of a media playlist. RFC 8216bis (draft 16), clause 6.2.5.
package struct DeliveryDirectives: Sendable, Hashable {
    /// Answer when the playlist has come so far: `_HLS_msn`, `_HLS_part`.
    package var position: MediaPosition?
    /// Leave out what is known: `_HLS_skip`.
    package var isDelta = false

    /// Nil for what is no directive at all: a number that is none, or a part without its segment.
    /// - Parameter query: other parameters in it are passed over.
    package init?(query: String) {
        var segment: UInt64?
        var part: UInt64?
        // By bytes: to look for characters would cost as much as the answer.
        for field in query.utf8.split(separator: UInt8(ascii: "&")) {
            guard let mark = field.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let value = Substring(field[field.index(after: mark)...])
            switch Substring(field[..<mark]) {
            case "_HLS_msn":
                guard segment == nil, let number = Self.number(value) else { return nil }
                segment = number
            case "_HLS_part":
                guard part == nil, let number = Self.number(value) else { return nil }
                part = number
            case "_HLS_skip":
                guard value == "YES" || value == "v2" else { return nil }
                isDelta = true
            default: continue
            }
        }
        guard part == nil || segment != nil else { return nil }
        position = segment.map { MediaPosition(segment: $0, part: part) }
    }

    /// A decimal-integer. RFC 8216, clause 4.2.
    private static func number(_ text: Substring) -> UInt64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return UInt64(text)
    }
}
