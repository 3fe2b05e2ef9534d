package import Media

/// A key of one protection system, with whatever is known of it: from this its signalling is made.
package struct SystemKey: Sendable, Hashable {
    package var systemID: DRMSystemID
    /// Nil where whole segments are encrypted (AES-128).
    package var scheme: ProtectionScheme?
    /// One or more. The first is the one that HLS and the MPD name; boxes and headers list all.
    package var keyIDs: [KeyID]
    /// The provider's own `pssh` boxes, which are then used as they are.
    package var pssh: [UInt8]?
    /// Where a player gets the key: FairPlay's `skd:` URI, or what AES-128 and `identity` fetch.
    package var keyURI: String?
    /// Where a licence is to be had: for ClearKey and PlayReady, whose signalling has a place for it. Without it players
    /// take what they are configured with.
    package var licenseURL: String?
    /// For Widevine: the content's name at the provider.
    package var contentID: [UInt8]?
    /// For Widevine: the provider's name.
    package var provider: String?
    /// For PlayReady with cenc, by key: `PlayReadyHeader.checksum`, where the keys are at hand.
    package var checksums: [KeyID: [UInt8]]
    /// For PlayReady: nil takes the oldest that can say it.
    package var playReadyVersion: PlayReadyHeader.Version?

    package init(
        _ systemID: DRMSystemID, scheme: ProtectionScheme?, keyIDs: [KeyID], pssh: [UInt8]? = nil,
        keyURI: String? = nil, licenseURL: String? = nil, contentID: [UInt8]? = nil, provider: String? = nil,
        checksums: [KeyID: [UInt8]] = [:], playReadyVersion: PlayReadyHeader.Version? = nil
    ) {
        self.systemID = systemID
        self.scheme = scheme
        self.keyIDs = keyIDs
        self.pssh = pssh
        self.keyURI = keyURI
        self.licenseURL = licenseURL
        self.contentID = contentID
        self.provider = provider
        self.checksums = checksums
        self.playReadyVersion = playReadyVersion
    }
}

/// Why there is no signalling for a system.
package struct MissingSignalling: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Reason: Sendable, Hashable {
        /// No key id was given.
        case noKeyID
        /// Only the provider knows the URI: FairPlay's `skd:`, or where an AES-128 key is fetched.
        case noKeyURI
        /// A system that we do not know, without the provider's `pssh` box.
        case noPSSH
        /// FairPlay knows cbcs alone, AES-128 whole segments alone, and the others no whole segments.
        case otherScheme
    }

    package var systemID: DRMSystemID
    package var reason: Reason

    package init(systemID: DRMSystemID, reason: Reason) {
        self.systemID = systemID
        self.reason = reason
    }

    package var description: String {
        switch reason {
        case .noKeyID: "system \(systemID): no key id"
        case .noKeyURI: "system \(systemID): its key URI is the provider's to give, and it gave none"
        case .noPSSH: "system \(systemID): its PSSH is the provider's to give, and it gave none"
        case .otherScheme: "system \(systemID) does not know this encryption scheme"
        }
    }
}
