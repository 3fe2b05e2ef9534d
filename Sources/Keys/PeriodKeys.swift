package import CommonEncryption
package import Media

/// The keys of one key period of a contract, and what manifests and boxes must say about them.
package struct PeriodKeys: Sendable {
    /// What a track is under this contract.
    package enum Assignment: Sendable {
        case key(TrackKey)
        /// The contract leaves this kind of track in the clear.
        case unencrypted
    }

    package let period: KeyPeriod
    /// In the order of the contract's entries.
    package let entries: [(entry: ContractEntry, key: TrackKey)]
    private let unencrypted: Track.Kind?

    /// The clear lead of an event: no track has a key. Nothing else makes a protected endpoint's tracks clear.
    package static let clearLead = PeriodKeys(.clearLead, [])

    package init(
        _ period: KeyPeriod, _ entries: [(entry: ContractEntry, key: TrackKey)], unencrypted: Track.Kind? = nil
    ) {
        self.period = period
        self.entries = entries
        self.unencrypted = unencrypted
    }

    /// Nil for a track that no entry is for: such a track is not served at all.
    package func assignment(for track: Track) -> Assignment? {
        if period == .clearLead { return .unencrypted }
        if let unencrypted, track.kind.protectedAs == unencrypted { return .unencrypted }
        return entries.first { $0.entry.matches(track) }.map { .key($0.key) }
    }

    /// The same with every key changed.
    package func mapKeys(_ change: (TrackKey) -> TrackKey) -> PeriodKeys {
        PeriodKeys(period, entries.map { ($0.entry, change($0.key)) }, unencrypted: unencrypted)
    }

    /// The key of a track; nil where it has none.
    package func key(for track: Track) -> TrackKey? {
        if case .key(let key)? = assignment(for: track) { key } else { nil }
    }
}

/// One key of one period.
package struct TrackKey: Sendable {
    /// As the provider answered it, which may differ from what was asked for.
    package var keyID: KeyID
    /// Prints redacted.
    package var key: ContentKey
    /// 16 bytes: the constant IV of cbcs. The provider's `explicitIV` where it answered one, else the derived one.
    /// AES-128 derives an IV for each segment and cenc one for each sample; they leave it aside.
    package var constantIV: [UInt8]
    /// One entry for each system of the contract that the provider filled.
    package var signalling: [DRMSystemID: SystemSignalling]

    package init(
        keyID: KeyID, key: ContentKey, constantIV: [UInt8], signalling: [DRMSystemID: SystemSignalling] = [:]
    ) {
        precondition(constantIV.count == 16, "a constant IV has 16 bytes")
        self.keyID = keyID
        self.key = key
        self.constantIV = constantIV
        self.signalling = signalling
    }
}

/// What a provider answered for one key and one DRM system. Not secret.
package struct SystemSignalling: Sendable, Hashable {
    /// One or more whole `pssh` boxes, checked to be such.
    package var pssh: [UInt8]?
    /// The XML fragment that goes inside the MPD's `ContentProtection` element.
    package var contentProtectionData: String?
    /// Whole `#EXT-X-KEY:` lines for the media playlist.
    package var hlsMedia: [String]
    /// Whole `#EXT-X-SESSION-KEY:` lines for the multivariant playlist.
    package var hlsMultivariant: [String]
    /// The URI of the first media line: where a player gets the key or the licence.
    package var keyURI: String?

    package init(
        pssh: [UInt8]? = nil, contentProtectionData: String? = nil, hlsMedia: [String] = [],
        hlsMultivariant: [String] = [], keyURI: String? = nil
    ) {
        self.pssh = pssh
        self.contentProtectionData = contentProtectionData
        self.hlsMedia = hlsMedia
        self.hlsMultivariant = hlsMultivariant
        self.keyURI = keyURI
    }
}
