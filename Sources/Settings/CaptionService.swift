/// Closed captions that travel inside the picture, and what players are told of them. ANSI/SCTE 128-1; CTA-608, CTA-708.
package struct CaptionService: Sendable, Hashable {
    package enum Channel: Sendable, Hashable {
        /// CEA-608: 1 to 4.
        case field(UInt8)
        /// CEA-708: 1 to 63.
        case service(UInt8)

        /// `CC1` to `CC4`, `SERVICE1` to `SERVICE63`: as INSTREAM-ID has them. RFC 8216, clause 4.3.4.1.
        init?(_ text: String) {
            func number(after prefix: String, in range: ClosedRange<UInt8>) -> UInt8? {
                guard text.hasPrefix(prefix), let number = UInt8(text.dropFirst(prefix.count)),
                    range.contains(number), text == "\(prefix)\(number)"
                else { return nil }
                return number
            }
            if let number = number(after: "CC", in: 1...4) {
                self = .field(number)
            } else if let number = number(after: "SERVICE", in: 1...63) {
                self = .service(number)
            } else {
                return nil
            }
        }
    }

    package var channel: Channel
    /// 1 to 4 where it is of CEA-608.
    package var field: UInt8? { if case .field(let number) = channel { number } else { nil } }
    /// BCP 47.
    package var language: String
    /// For people to read.
    package var name: String

    package init(channel: Channel, language: String, name: String) {
        self.channel = channel
        self.language = language
        self.name = name
    }
}
