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

        /// `ContentKey@commonEncryptionScheme` of SPEKE 2.0, which has no word for AES-128 and takes `cbcs` for it.
        package var commonEncryptionScheme: String {
            switch self {
            case .cenc: "cenc"
            case .cbcs, .aes128: "cbcs"
            }
        }
    }

    /// How tracks share keys: the presets of the SPEKE 2.0 encryption contract.
    package enum Layout: String, Sendable, Hashable, Codable {
        /// PRESET-VIDEO-1 with PRESET-AUDIO-1: one key for all video, another for all audio.
        case videoAndAudio
        /// SHARED: one key for everything.
        case shared

        package var entries: [Entry] {
            switch self {
            case .videoAndAudio: [.video, .audio]
            case .shared: [.all]
            }
        }
    }

    /// One key of the contract, by its `ContentKeyUsageRule@intendedTrackType`.
    package enum Entry: String, Sendable, Hashable, Codable, CaseIterable {
        case video = "VIDEO"
        case audio = "AUDIO"
        case all = "ALL"
    }

    /// The CPIX content id: the `resourceId` of the profile.
    package var contentID: String
    package var scheme: Scheme
    package var layout: Layout
    /// Seconds for which one key is used; 0: one key for ever, which is period 0.
    package var rotationIntervalSeconds: UInt32
    /// Systems whose signalling the provider is asked to fill in, in the order in which manifests list them.
    package var systems: [DRMSystemID]

    package init(
        contentID: String, scheme: Scheme, layout: Layout = .videoAndAudio, rotationIntervalSeconds: UInt32,
        systems: [DRMSystemID]
    ) {
        self.contentID = contentID
        self.scheme = scheme
        self.layout = layout
        self.rotationIntervalSeconds = rotationIntervalSeconds
        self.systems = systems
    }

    /// The key period that a segment with this nominal start belongs to: floor(start / interval). Times before the
    /// epoch belong to period 0.
    package func period(at start: Ticks) -> UInt64 {
        guard rotationIntervalSeconds > 0, start.value > 0 else { return 0 }
        return UInt64(Int128(start.value) / (Int128(start.timescale) * Int128(rotationIntervalSeconds)))
    }

    /// When a period starts, in seconds since the epoch; saturates.
    package func startSeconds(of period: UInt64) -> Int64 {
        Int64(clamping: Int128(period) * Int128(rotationIntervalSeconds))
    }
}
