package import Media

/// How an endpoint is protected.
package struct EndpointEncryption: Sendable, Hashable {
    package enum Method: Sendable, Hashable {
        /// Whole segments under AES-128-CBC (HLS).
        case aes128
        /// SAMPLE-AES in MPEG-TS (HLS).
        case sampleAES
        /// Common Encryption of CMAF: SAMPLE-AES with `cbcs`, SAMPLE-AES-CTR with `cenc`, or DASH.
        case commonEncryption(ProtectionScheme)
    }

    /// Where players learn that the key has changed.
    package enum RotationSignalling: String, Sendable, Hashable, CaseIterable {
        /// EXT-X-KEY with a new EXT-X-MAP, or a new Period with its default_KID.
        case manifest
        /// In the segments alone (`seig`, and `pssh` in `moof`); DASH's manifests say nothing of keys.
        case inband
        case both
    }

    package var method: Method
    /// 0 for one key for ever; else at least 10 and at least a segment.
    package var keyRotationIntervalSeconds: UInt32
    /// A name in `ChannelProfile.speke`; it exists.
    package var speke: String
    /// In the order of the profile, without repetition; `[.aes128]` where players fetch the key itself by its URL.
    package var systems: [DRMSystemID]
    package var rotationSignalling: RotationSignalling
    /// How much of an event's beginning goes out in the clear; 0: nothing.
    package var clearLeadSeconds: UInt32

    package init(
        method: Method, keyRotationIntervalSeconds: UInt32, speke: String, systems: [DRMSystemID],
        rotationSignalling: RotationSignalling = .manifest, clearLeadSeconds: UInt32 = 0
    ) {
        self.method = method
        self.keyRotationIntervalSeconds = keyRotationIntervalSeconds
        self.speke = speke
        self.systems = systems
        self.rotationSignalling = rotationSignalling
        self.clearLeadSeconds = clearLeadSeconds
    }

    /// The scheme of Common Encryption, as SPEKE 2 names it; nil for AES-128.
    package var scheme: ProtectionScheme? {
        switch method {
        case .aes128: nil
        case .sampleAES: .cbcs
        case .commonEncryption(let scheme): scheme
        }
    }
}
