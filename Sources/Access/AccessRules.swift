import Countries
import OpenSSLCrypto
package import Settings
package import ViewerTokens

/// A header as it came.
package enum AccessField: Sendable {
    case absent
    case one(String)
    /// More than once: whoever sits in between may mean another of them than we do.
    case several
}

/// Who may ask for an endpoint, ready to be asked at each request. Every rule that is there must be kept.
///
/// The parts are asked in the order of what they cost; the token is the caller's to look up, as it may be known already.
package struct AccessRules: Sendable {
    private struct CDN: Sendable {
        var header: String
        var secrets: [SecretDigest]
    }

    private struct CountryRule: Sendable {
        enum Source: Sendable {
            case header(String)
            case database(CountryDatabase)
        }

        var source: Source
        var allow: Set<UInt16>?
        var deny: Set<UInt16>
    }

    /// How tokens come.
    package struct Tokens: Sendable {
        package var verifier: TokenVerifier
        package var parameter: String
        /// A manifest asked for with a token in the query is redirected to where it is in the path.
        package var redirects: Bool
        fileprivate var issuer: String?
        fileprivate var audience: String?
    }

    private let cdn: CDN?
    private let countries: CountryRule?
    private let allow: [Network]?
    private let deny: [Network]
    /// Nil: none are wanted.
    package let tokens: Tokens?

    /// Opens the database of countries. Throws where that, or a key, is none.
    package init(_ profile: AccessProfile) throws(UnusableRule) {
        cdn = profile.cdn.map { cdn in
            CDN(
                header: cdn.header,
                secrets: cdn.secrets.filter(\.isResolved).map { SecretDigest(Array($0.reveal().utf8).span) })
        }
        countries = try Self.rule(profile.countries)
        allow = profile.allow?.map(Network.init)
        deny = profile.deny.map(Network.init)
        guard let tokens = profile.tokens else {
            self.tokens = nil
            return
        }
        var keys: [TokenKey] = []
        for key in tokens.keys { keys.append(try Self.key(key)) }
        self.tokens = Tokens(
            verifier: TokenVerifier(keys: keys), parameter: tokens.parameter,
            redirects: tokens.placement == .path, issuer: tokens.issuer, audience: tokens.audience)
    }

    private static func rule(_ countries: AccessProfile.Countries?) throws(UnusableRule) -> CountryRule? {
        guard let countries else { return nil }
        let source: CountryRule.Source
        switch countries.source {
        case .header(let name): source = .header(name)
        case .database(let path, let version):
            do throws(CountryDatabaseError) {
                source = .database(try CountryDatabase.open(path: path, version: version))
            } catch { throw UnusableRule(reason: "\(error)") }
        }
        return CountryRule(
            source: source, allow: countries.allow.map { Set($0.compactMap(Self.code)) },
            deny: Set(countries.deny.compactMap(Self.code)))
    }

    private static func key(_ key: AccessProfile.Key) throws(UnusableRule) -> TokenKey {
        switch key.material {
        case .secret(let secret, let encoding):
            guard var bytes = encoding.bytes(of: secret.reveal()) else {
                throw UnusableRule(reason: "a key of tokens cannot be read")
            }
            defer { cleanse(&bytes) }
            guard let secret = TokenSecret(bytes) else { throw UnusableRule(reason: "a key of tokens cannot be read") }
            return TokenKey(id: key.id, .secret(secret))
        case .publicKey(let pem):
            guard let publicKey = try? VerifyingKey(pem: Array(pem.utf8).span) else {
                throw UnusableRule(reason: "a key of tokens cannot be read")
            }
            return TokenKey(id: key.id, .publicKey(publicKey))
        }
    }

    // MARK: Decisions

    /// All but the token.
    ///
    /// - Parameters:
    ///   - address: the peer's; nil: not known.
    ///   - field: the header of this name.
    package func refusal(address: PeerAddress?, field: (_ name: String) -> AccessField) -> AccessRefusal? {
        if allow != nil || !deny.isEmpty {
            guard let address else { return .addressUnknown }
            if deny.contains(where: { $0.contains(address) }) { return .addressDenied }
            if let allow, !allow.contains(where: { $0.contains(address) }) { return .addressDenied }
        }
        if let cdn {
            switch field(cdn.header) {
            case .absent: return .cdnSecretMissing
            case .several: return .cdnSecretWrong
            case .one(let given):
                // A secret has 256 characters at most; each is compared, whichever it is.
                guard given.utf8.count <= 256 else { return .cdnSecretWrong }
                let digest = SecretDigest(given.utf8.span)
                var isKnown = false
                for secret in cdn.secrets where digest.isEqual(to: secret) { isKnown = true }
                if !isKnown { return .cdnSecretWrong }
            }
        }
        return countries.flatMap { refusal($0, address, field) }
    }

    private func refusal(
        _ countries: CountryRule, _ address: PeerAddress?, _ field: (_ name: String) -> AccessField
    ) -> AccessRefusal? {
        var country: UInt16?
        switch countries.source {
        case .header(let name):
            switch field(name) {
            case .absent: break
            case .one(let text): country = Self.code(text)
            case .several: return .countryUnknown
            }
        case .database(let database):
            // One that made itself unreadable would be in no country that is kept out.
            guard let address else { return .addressUnknown }
            let letters = database.country(of: address.bytes)
            country = letters.map { UInt16($0.0 & 0xDF) << 8 | UInt16($0.1 & 0xDF) }
        }
        // Who names those that stay out has not named the unknown.
        guard let code = country else { return countries.allow == nil ? nil : .countryUnknown }
        if let allow = countries.allow { return allow.contains(code) ? nil : .countryDenied }
        return countries.deny.contains(code) ? .countryDenied : nil
    }

    /// Whether a token whose signature is right opens this.
    ///
    /// - Parameters:
    ///   - path: of the request, without token and query.
    ///   - now: seconds since the Unix epoch.
    package func refusal(
        _ token: VerifiedToken, channel: Substring, path: Substring, address: PeerAddress?, now: Int64,
        revocations: RevocationList
    ) -> AccessRefusal? {
        if let refusal = token.claims.refusal(now: now) { return AccessRefusal(refusal) }
        if token.claims.use == TokenClaims.useOfKeys { return .tokenNotForUs }
        if let issuer = tokens?.issuer, token.claims.issuer != issuer { return .tokenNotForUs }
        if let audience = tokens?.audience, !token.claims.audience.contains(audience) { return .tokenNotForUs }
        guard token.opens(channel: channel, path: path) else { return .tokenOfOtherPath }
        if let networks = token.networks {
            guard let address, networks.contains(where: { $0.contains(address) }) else { return .tokenOfOtherAddress }
        }
        return revocations.revokes(token.claims) ? .revoked : nil
    }

    /// Two letters as a number.
    private static func code(_ text: String) -> UInt16? {
        guard text.utf8.count == 2, text.utf8.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) }) else { return nil }
        return text.utf8.reduce(0) { $0 << 8 | UInt16($1 & 0xDF) }
    }
}

/// What a profile that was checked has and that cannot be used all the same. Says nothing of keys.
package struct UnusableRule: Error, CustomStringConvertible {
    package var reason: String
    package var description: String { "access: \(reason)" }
}

/// A token whose signature is right: what it says, ready to be asked again.
package struct VerifiedToken: Sendable {
    package let claims: TokenClaims
    /// Nil: from anywhere.
    let networks: [Network]?

    /// Throws where it is bound to something that is no address.
    package init(_ claims: TokenClaims) throws(AccessRefusal) {
        self.claims = claims
        guard !claims.addresses.isEmpty else {
            networks = nil
            return
        }
        var networks: [Network] = []
        for text in claims.addresses {
            guard let network = CIDR(parsing: text) else { throw .tokenMalformed }
            networks.append(Network(network))
        }
        self.networks = networks
    }

    /// A token that names neither a channel nor paths opens nothing; one that names both opens what is in both.
    func opens(channel: Substring, path: Substring) -> Bool {
        if let content = claims.content {
            return content == channel && (claims.paths.isEmpty || claims.paths.contains { $0.matches(path) })
        }
        return claims.paths.contains { $0.matches(path) }
    }
}
