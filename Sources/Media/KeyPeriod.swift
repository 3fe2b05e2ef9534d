/// The name of one set of keys of a contract: which stretch of time, and how often its keys were replaced in haste.
///
/// Manifests write it as `7`, or `7e2` for the second emergency key.
package struct KeyPeriod: Sendable, Hashable, Comparable, Codable {
    /// floor(segment start / rotation interval); 0 without rotation.
    package var index: UInt64
    /// Emergency rotations before it, over the channel's life. A part of every KID where it is not 0.
    package var edition: UInt32

    package init(_ index: UInt64, edition: UInt32 = 0) {
        self.index = index
        self.edition = edition
    }

    /// The beginning of an event that a profile leaves in the clear: no keys at all. No edition gets this far.
    package static let clearLead = KeyPeriod(0, edition: .max)

    /// Reads what `description` writes.
    package init?(parsing text: some StringProtocol) {
        let parts = text.split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let index = UInt64(first) else { return nil }
        var edition: UInt32 = 0
        if parts.count == 2 {
            guard let number = UInt32(parts[1]) else { return nil }
            edition = number
        }
        self.init(index, edition: edition)
        // One spelling each: a URL names one thing.
        guard description == text else { return nil }
    }

    /// The key of an edition for what is shown while the provider is away: of no time, and never replaced by time.
    package static func reserve(edition: UInt32 = 0) -> KeyPeriod { KeyPeriod(reserveIndex, edition: edition) }

    package var isReserve: Bool { index == Self.reserveIndex }

    /// The largest that a provider with signed indexes of 32 bits takes; with a rotation of 10 s 680 years after the epoch.
    private static let reserveIndex: UInt64 = 2_147_483_647

    package static func < (left: KeyPeriod, right: KeyPeriod) -> Bool {
        (left.index, left.edition) < (right.index, right.edition)
    }
}

extension KeyPeriod: ExpressibleByIntegerLiteral {
    package init(integerLiteral index: UInt64) { self.init(index) }
}

extension KeyPeriod: CustomStringConvertible {
    package var description: String { edition == 0 ? "\(index)" : "\(index)e\(edition)" }
}
