package import Media

/// EXT-X-KEY and, in a multivariant playlist, EXT-X-SESSION-KEY: how to decrypt what follows.
///
/// RFC 8216, clauses 4.3.2.4 and 4.3.4.5. It names a key and where to ask for it; it holds none.
package struct Key: Sendable, Hashable {
    /// An open enumeration: methods of other people's playlists are kept.
    package struct Method: RawRepresentable, Sendable, Hashable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        package static let none = Method(rawValue: "NONE")
        package static let aes128 = Method(rawValue: "AES-128")
        package static let sampleAES = Method(rawValue: "SAMPLE-AES")
        /// cenc in fragmented MP4; takes no IV.
        package static let sampleAESCTR = Method(rawValue: "SAMPLE-AES-CTR")
    }

    package static let tag = "#EXT-X-KEY"
    package static let sessionTag = "#EXT-X-SESSION-KEY"
    /// What a key format is where none is named.
    package static let identity = "identity"

    package var method: Method
    package var uri: String?
    /// 16 bytes.
    package var iv: [UInt8]?
    /// As written; nil means "identity".
    package var keyFormat: String?
    /// Versions divided by "/", as written; nil means "1".
    package var keyFormatVersions: String?
    /// KEYID, which Widevine's tags carry beside what RFC 8216 knows.
    package var keyID: KeyID?
    package var others: [Attribute]

    package init(
        method: Method, uri: String? = nil, iv: [UInt8]? = nil, keyFormat: String? = nil,
        keyFormatVersions: String? = nil, keyID: KeyID? = nil, others: [Attribute] = []
    ) {
        precondition(iv == nil || iv?.count == 16, "an IV has 16 bytes")
        self.method = method
        self.uri = uri
        self.iv = iv
        self.keyFormat = keyFormat
        self.keyFormatVersions = keyFormatVersions
        self.keyID = keyID
        self.others = others
    }

    /// One whole `#EXT-X-KEY:` or `#EXT-X-SESSION-KEY:` line, as key servers send them.
    package init(parsingLine line: some StringProtocol) throws(PlaylistError) {
        let line = Substring(line).drop { $0.isWhitespace }
        for tag in [Self.tag, Self.sessionTag] where line.hasPrefix(tag + ":") {
            let end = line.lastIndex { !$0.isWhitespace }.map { line.index(after: $0) } ?? line.endIndex
            guard !line[..<end].contains(where: \.isNewline) else { throw PlaylistError("more than one line") }
            try self.init(parsing: line[..<end].dropFirst(tag.count + 1))
            return
        }
        throw PlaylistError("neither \(Self.tag) nor \(Self.sessionTag)")
    }

    init(parsing text: Substring) throws(PlaylistError) {
        var attributes = try AttributeReader(text)
        guard let method = try attributes.takePlain("METHOD"), !method.isEmpty else {
            throw PlaylistError("a key without METHOD")
        }
        self.method = Method(rawValue: method)
        uri = try attributes.takeQuoted("URI")
        iv = try attributes.takeHexadecimal("IV")
        if let given = iv {
            guard given.count <= 16 else { throw PlaylistError("an IV of \(given.count) bytes") }
            iv = Array(repeating: 0, count: 16 - given.count) + given
        }
        keyFormat = try attributes.takeQuoted("KEYFORMAT")
        keyFormatVersions = try attributes.takeQuoted("KEYFORMATVERSIONS")
        if let bytes = try attributes.takeHexadecimal("KEYID") {
            guard let id = KeyID(bytes: bytes) else { throw PlaylistError("a KEYID of \(bytes.count) bytes") }
            keyID = id
        }
        others = attributes.rest
        if self.method != .none, uri == nil { throw PlaylistError("METHOD=\(method) without URI") }
    }

    private func line(_ tag: String) -> String {
        var writer = AttributeWriter(tag)
        writer.plain("METHOD", method.rawValue)
        // "If the encryption method is NONE, other attributes MUST NOT be present."
        guard method != .none else { return writer.line }
        writer.quoted("URI", uri)
        writer.hexadecimal("IV", iv)
        writer.plain("KEYID", keyID.map { "0x" + $0.hex })
        writer.quoted("KEYFORMAT", keyFormat)
        writer.quoted("KEYFORMATVERSIONS", keyFormatVersions)
        writer.others(others)
        return writer.line
    }

    /// The whole line for a media playlist.
    package var line: String { line(Self.tag) }
    /// The whole line for a multivariant playlist; METHOD must not be NONE there.
    package var sessionLine: String { line(Self.sessionTag) }

    /// The least protocol version that knows all that is used here. RFC 8216, clause 7.
    var version: Int {
        if keyFormat != nil || keyFormatVersions != nil { return 5 }
        if method == .sampleAES || method == .sampleAESCTR { return 5 }
        return iv != nil ? 2 : 1
    }
}
