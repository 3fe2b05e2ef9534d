import Foundation

/// One way in which a provider can fail, for tests of its clients. As JSON: `{"fault":"delay","seconds":3}`.
package struct Fault: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        // The wire.
        /// Answers rightly, `seconds` late.
        case delay
        /// Never answers; `seconds` ends it.
        case hang
        /// Closes the connection without a byte.
        case cut
        /// Closes the connection in the middle of the body.
        case truncate
        /// Answers `status`, with `retryAfter` if given.
        case status
        /// Answers 200 with bytes that are nothing.
        case garbage

        // The key itself.
        /// The key that the content's same tracks had in the answer before.
        case staleKey
        /// Another key every time, for the same KID.
        case changedKey
        /// The key is not there.
        case missingKey

        // SPEKE documents.
        /// Another KID at the `ContentKey` alone.
        case wrongKID
        /// Another KID everywhere: what providers may do that are allowed to.
        case overriddenKID
        case wrongContentID
        case wrongPeriod
        case wrongScheme
        /// Another explicit IV than asked for.
        case wrongIV
        /// The `pssh` boxes are another system's.
        case otherSystemsPSSH
        /// Not all systems are answered: the last one is not.
        case missingSystem
        /// `element` is not there.
        case missingElement
        /// `element` is there, and empty.
        case emptyElement
        /// `X-Speke-Version` says another version.
        case wrongVersion
        /// Keys asked for encrypted come in the clear.
        case plainKey
    }

    /// Which of the server's doors it is about.
    package enum Door: String, Sendable, Hashable, Codable { case speke, keys, clearkey }

    package var fault: Kind
    package var on: Door = .speke
    package var seconds: Double?
    package var status: Int?
    /// Seconds.
    package var retryAfter: Int?
    /// A child of DRMSystem, `ContentKeyUsageRuleList`, `ContentKeyPeriodList` or `DRMSystemList`.
    package var element: String?
    /// Only requests for this key period.
    package var period: UInt32?
    /// So many requests are answered rightly before.
    package var after: Int?
    /// So many requests meet it; nil: all, until it is taken away.
    package var times: Int?

    package init(_ fault: Kind) { self.fault = fault }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        fault = try values.decode(Kind.self, forKey: .fault)
        on = try values.decodeIfPresent(Door.self, forKey: .on) ?? .speke
        seconds = try values.decodeIfPresent(Double.self, forKey: .seconds)
        status = try values.decodeIfPresent(Int.self, forKey: .status)
        retryAfter = try values.decodeIfPresent(Int.self, forKey: .retryAfter)
        element = try values.decodeIfPresent(String.self, forKey: .element)
        period = try values.decodeIfPresent(UInt32.self, forKey: .period)
        after = try values.decodeIfPresent(Int.self, forKey: .after)
        times = try values.decodeIfPresent(Int.self, forKey: .times)
    }

    /// Nil where the text is no fault that we know.
    package init?(json: String) {
        guard let fault = try? JSONDecoder().decode(Fault.self, from: Data(json.utf8)) else { return nil }
        self = fault
    }
}
