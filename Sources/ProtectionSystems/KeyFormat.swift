package import HLS
import Media

/// KEYFORMAT values, which tell players which system an EXT-X-KEY is for.
package enum KeyFormat {
    package static let fairPlay = "com.apple.streamingkeydelivery"
    package static let playReady = "com.microsoft.playready"
    package static let widevine = "urn:uuid:\(DRMSystemID.widevine.uuid)"
    package static let clearKey = "org.w3.clearkey"
}

extension Key {
    /// Whether the key itself is behind the URI, for anybody who may fetch it.
    package var isIdentity: Bool { keyFormat == nil || keyFormat == Self.identity }

    /// Whether an IV belongs into the tag: FairPlay's licence carries it, and SAMPLE-AES-CTR allows none
    /// (draft-pantos-hls-rfc8216bis, clause 4.4.4.4).
    package var takesIV: Bool {
        method != .none && method != .sampleAESCTR && keyFormat != KeyFormat.fairPlay
    }

    /// A tag by which players fetch the key itself.
    ///
    /// - Parameter uri: may carry a viewer's token.
    package static func identity(_ method: Method, uri: String, iv: [UInt8]? = nil) -> Key {
        Key(method: method, uri: uri, iv: iv, keyFormat: method == .aes128 ? nil : Self.identity)
    }

    /// The tags of one segment: the systems' in the order given, then `identity` where it does no harm.
    ///
    /// In fragmented MP4 it stands alone or not at all: of two ways players take it, and then fail at the next key.
    package static func arranged(_ systems: [Key], identity: Key?, isFragmented: Bool) -> [Key] {
        guard let identity, systems.isEmpty || !isFragmented else { return systems }
        return systems + [identity]
    }
}
