package import CommonEncryption
package import Media
package import OpenSSLCrypto

/// A PlayReady header (WRMHEADER): which keys, how they are used, and where a licence is to be had.
///
/// PlayReady Header Specification of September 2021, clause 3: versions 4.0 to 4.3.
package struct PlayReadyHeader: Sendable, Hashable {
    package enum Version: String, Sendable, Hashable, CaseIterable {
        /// One key, AES-CTR: what the oldest clients know.
        case v40 = "4.0.0.0"
        /// One key as an attribute.
        case v41 = "4.1.0.0"
        /// Several keys.
        case v42 = "4.2.0.0"
        /// AES-CBC too.
        case v43 = "4.3.0.0"
    }

    /// An open enumeration.
    package struct Algorithm: RawRepresentable, Sendable, Hashable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        package static let aesCTR = Algorithm(rawValue: "AESCTR")
        package static let aesCBC = Algorithm(rawValue: "AESCBC")

        package init(_ scheme: ProtectionScheme) {
            switch scheme {
            case .cenc: self = .aesCTR
            case .cbcs: self = .aesCBC
            }
        }
    }

    package struct Key: Sendable, Hashable {
        package var keyID: KeyID
        /// Nil only where a header that was read leaves it out.
        package var algorithm: Algorithm?
        /// The first 8 bytes of the KID encrypted with the key, by which clients find a wrong key. Not with AES-CBC.
        package var checksum: [UInt8]?

        package init(_ keyID: KeyID, _ algorithm: Algorithm?, checksum: [UInt8]? = nil) {
            self.keyID = keyID
            self.algorithm = algorithm
            self.checksum = checksum
        }
    }

    package var version: Version
    /// Versions 4.0 and 4.1 have exactly one.
    package var keys: [Key]
    /// LA_URL, an absolute URL.
    package var licenseURL: String?

    /// - Parameters:
    ///   - keys: one or more.
    ///   - version: nil takes the oldest that can say it: 4.3 for AES-CBC, 4.2 for several keys, else 4.0, which all
    ///     clients know. An older one than that gives way to it.
    package init(_ keys: [Key], licenseURL: String? = nil, version: Version? = nil) {
        let least: Version =
            keys.contains { $0.algorithm != .aesCTR } ? .v43 : keys.count == 1 ? .v40 : .v42
        let wanted = version ?? least
        self.init(as: wanted.rawValue < least.rawValue ? least : wanted, keys, licenseURL: licenseURL)
    }

    /// What a reader found, even where we would not write it.
    init(as version: Version, _ keys: [Key], licenseURL: String?) {
        self.version = version
        self.keys = keys
        self.licenseURL = licenseURL
    }

    /// The record's value: UTF-16, little-endian, without byte order mark.
    package func serialize() -> [UInt8] { text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] } }

    /// Canonical XML: attributes in alphabetical order, elements closed by tags of their own.
    package var text: String {
        let url = licenseURL.map { "<LA_URL>\(Self.escaped($0))</LA_URL>" } ?? ""
        return "<WRMHEADER xmlns=\"\(Self.namespace)\" version=\"\(version.rawValue)\"><DATA>\(protection(url))</DATA>"
            + "</WRMHEADER>"
    }

    static let namespace = "http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader"

    private func protection(_ url: String) -> String {
        switch version {
        case .v40:
            guard let key = keys.first else { return url }
            return "<PROTECTINFO><KEYLEN>16</KEYLEN><ALGID>\(key.algorithm?.rawValue ?? "AESCTR")</ALGID></PROTECTINFO>"
                + "<KID>\(Base64.encode(Self.guid(key.keyID)))</KID>"
                + (key.checksum.map { "<CHECKSUM>\(Base64.encode($0))</CHECKSUM>" } ?? "") + url
        case .v41: return "<PROTECTINFO>\(keys.first.map(Self.element) ?? "")</PROTECTINFO>\(url)"
        case .v42, .v43:
            return "<PROTECTINFO><KIDS>\(keys.map(Self.element).joined())</KIDS></PROTECTINFO>\(url)"
        }
    }

    private static func element(_ key: Key) -> String {
        let algorithm = key.algorithm.map { " ALGID=\"\(escaped($0.rawValue))\"" } ?? ""
        let checksum =
            key.algorithm == .aesCBC ? "" : key.checksum.map { " CHECKSUM=\"\(Base64.encode($0))\"" } ?? ""
        return "<KID\(algorithm)\(checksum) VALUE=\"\(Base64.encode(guid(key.keyID)))\"></KID>"
    }

    /// The KID as a GUID, its first three fields little-endian; and back.
    static func guid(_ keyID: KeyID) -> [UInt8] { swapped(keyID.bytes) }

    static func swapped(_ bytes: [UInt8]) -> [UInt8] {
        [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map { bytes[$0] }
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\0"..."\u{1f}", "\u{fffe}", "\u{ffff}": result += "\u{fffd}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// CHECKSUM of a key: clause 5. For AES-CTR alone.
    package static func checksum(_ keyID: KeyID, _ key: ContentKey) throws(OpenSSLError) -> [UInt8] {
        var block = guid(keyID)
        // One block under an IV of zeros is the plain cipher.
        let cipher = try AESCBC(key: key.bytes)
        try cipher.restart(iv: [UInt8](repeating: 0, count: AESCBC.blockSize))
        var span = block.mutableSpan
        try cipher.apply(to: &span)
        return Array(block.prefix(8))
    }
}
