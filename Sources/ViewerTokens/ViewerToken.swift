/// Leave to watch one channel, or to have the keys of one content, until a moment.
///
/// On the wire it is a JSON Web Token (RFC 7519) signed with HS256 (RFC 7515, RFC 7518), whose claims are `content`
/// and `exp`; `nbf` is honoured, others are passed over. The same token is always the same text: nothing in it is
/// random, so a playlist that carries one stays as it is.
package struct ViewerToken: Sendable, Hashable {
    /// The channel, or the CPIX content id: whatever the door that is asked knows.
    package var content: String
    /// Seconds since the Unix epoch, from which on it is worth nothing.
    package var expires: Int64

    package init(content: String, expires: Int64) {
        self.content = content
        self.expires = expires
    }

    /// In one call: a token under the secret in a file.
    ///
    /// - Parameters:
    ///   - lifetime: seconds.
    ///   - now: seconds since the Unix epoch.
    package static func mint(
        content: String, lifetime: Int64, secretFile: String, now: Int64
    ) throws(SecretFileError) -> String {
        let (expires, overflow) = now.addingReportingOverflow(lifetime)
        let token = ViewerToken(content: content, expires: overflow ? .max : expires)
        return token.minted(by: try TokenSecret.file(secretFile))
    }

    /// The token as text, good for URLs and headers as it is.
    package func minted(by secret: TokenSecret) -> String {
        TokenClaims(content: content, expires: expires).webToken(signedBy: secret)
    }

    /// Checks a token before anything that it says is believed. One that is bound to paths or addresses is none for
    /// this door, which knows neither.
    ///
    /// - Parameters:
    ///   - secrets: those still in use; that of the token is found by its key id, or by trying where it has none.
    ///   - now: seconds since the Unix epoch.
    package init(verifying text: String, by secrets: [TokenSecret], now: Int64) throws(TokenRefusal) {
        let verifier = TokenVerifier(keys: secrets.map { TokenKey(id: nil, .secret($0)) })
        let claims = try verifier.claims(of: text[...])
        guard let content = claims.content, claims.paths.isEmpty, claims.addresses.isEmpty else { throw .malformed }
        if let refusal = claims.refusal(now: now) { throw refusal }
        self.init(content: content, expires: claims.expires)
    }

    /// An address with the token as its `token` parameter, as key URIs carry it.
    package static func address(_ uri: String, with token: String) -> String {
        let fragment = uri.firstIndex(of: "#") ?? uri.endIndex
        let mark = uri[..<fragment].contains("?") ? "&" : "?"
        return uri[..<fragment] + mark + "token=" + token + uri[fragment...]
    }
}
