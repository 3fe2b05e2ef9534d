package import Media

/// Which keys a protected endpoint asks its provider for, and how often they change.
///
/// Endpoints whose contracts are equal share their keys. The contract is part of every KID, so two contracts never
/// meet under one.
package struct KeyContract: Sendable, Hashable {
    /// How the segments are encrypted, as far as the provider must know.
    package enum Scheme: String, Sendable, Hashable, Codable {
        case cenc
        case cbcs
        /// Whole segments under AES-128-CBC (RFC 8216, clause 4.3.2.4).
        case aes128 = "AES-128"
        /// Samples within a transport stream (RFC 8216, clause 4.3.2.4, and Apple's stream encryption format).
        case sampleAES = "SAMPLE-AES"

        /// `ContentKey@commonEncryptionScheme` of SPEKE 2.0, which has no word for HLS's own and takes `cbcs` for them.
        package var commonEncryptionScheme: String {
            switch self {
            case .cenc: "cenc"
            case .cbcs, .aes128, .sampleAES: "cbcs"
            }
        }
    }

    /// The CPIX content id: the `resourceId` of the profile.
    package var contentID: String
    package var scheme: Scheme
    /// One key each, by which tracks share keys; types never come twice.
    package var entries: [ContractEntry]
    /// Tracks of this kind stay in the clear, because the contract says so (UNENCRYPTED).
    package var unencrypted: Track.Kind?
    /// Seconds for which one key is used; 0: one key for ever, which is period 0.
    package var rotationIntervalSeconds: UInt32
    /// Systems whose signalling the provider is asked to fill in, in the order in which manifests list them.
    package var systems: [DRMSystemID]

    package init(
        contentID: String, scheme: Scheme,
        entries: [ContractEntry] = ContractEntry.video(preset: 1) + ContractEntry.audio(preset: 1),
        unencrypted: Track.Kind? = nil, rotationIntervalSeconds: UInt32, systems: [DRMSystemID]
    ) {
        self.contentID = contentID
        self.scheme = scheme
        self.entries = entries
        self.unencrypted = unencrypted
        self.rotationIntervalSeconds = rotationIntervalSeconds
        self.systems = systems
    }

    /// The index of the key period that a segment with this nominal start belongs to: floor(start / interval).
    /// Times before the epoch belong to period 0.
    package func index(at start: Ticks) -> UInt64 {
        guard rotationIntervalSeconds > 0, start.value > 0 else { return 0 }
        return UInt64(Int128(start.value) / (Int128(start.timescale) * Int128(rotationIntervalSeconds)))
    }

    /// When a period starts, in seconds since the epoch; saturates.
    package func startSeconds(of index: UInt64) -> Int64 {
        Int64(clamping: Int128(index) * Int128(rotationIntervalSeconds))
    }
}
