import Foundation

/// Checks tokens of both forms before anything that they say is believed. Looks at no clock: what is found stays true.
package struct TokenVerifier: Sendable {
    /// Tokens are about 150 bytes, with an RSA signature about 700.
    package static let maximumSize = 4096

    private let keys: [TokenKey]

    package init(keys: [TokenKey]) { self.keys = keys }

    /// What a token says whose signature is right.
    package func claims(of text: Substring) throws(TokenRefusal) -> TokenClaims {
        guard text.utf8.count <= Self.maximumSize else { throw .malformed }
        if let token = HMACToken(parsing: text) {
            try check(token)
            return try token.claims()
        }
        let token = try JSONWebToken(parsing: text)
        try check(token.signed, token.signature, keyID: token.keyID, algorithm: token.algorithm)
        return try token.claims()
    }

    /// A token that was minted with bare slashes cannot be a part of a path: there they are escaped.
    private func check(_ token: HMACToken) throws(TokenRefusal) {
        do throws(TokenRefusal) {
            try check(token.signed, token.signature, keyID: token.keyID, algorithm: "HS256")
        } catch {
            guard error == .wrongSignature, let bare = token.signedWithBareSlashes else { throw error }
            try check(bare, token.signature, keyID: token.keyID, algorithm: "HS256")
        }
    }

    /// - Parameter algorithm: what the token says; keys of others are none of its.
    private func check(
        _ signed: [UInt8], _ signature: [UInt8], keyID: String?, algorithm: String
    ) throws(TokenRefusal) {
        let candidates = keys.filter { $0.answers(to: keyID) && $0.algorithm == algorithm }
        guard !candidates.isEmpty else { throw .unknownKey }
        guard candidates.contains(where: { $0.isValid(signature, of: signed) }) else { throw .wrongSignature }
    }
}

/// The three parts of a JSON Web Token. RFC 7515, clause 3.1; RFC 7519.
struct JSONWebToken {
    let algorithm: String
    let keyID: String?
    /// What the signature is of.
    let signed: [UInt8]
    let signature: [UInt8]
    private let payload: Substring

    private struct Header: Decodable {
        var alg: String
        var kid: String?
        var crit: [String]?
    }

    /// Refuses algorithms that nobody here has keys of, `none` first of all.
    init(parsing text: Substring) throws(TokenRefusal) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = Base64URL.decode(parts[2]),
            let header: Header = Self.decoded(parts[0])
        else { throw .malformed }
        guard ["HS256", "ES256", "RS256", "EdDSA"].contains(header.alg), header.crit == nil else { throw .malformed }
        algorithm = header.alg
        keyID = header.kid
        self.signature = signature
        signed = Array(text.utf8.dropLast(parts[2].utf8.count + 1))
        payload = parts[1]
    }

    func claims() throws(TokenRefusal) -> TokenClaims {
        guard let claims: TokenClaims = Self.decoded(payload) else { throw .malformed }
        return claims
    }

    private static func decoded<Value: Decodable>(_ part: Substring) -> Value? {
        guard let bytes = Base64URL.decode(part) else { return nil }
        return try? JSONDecoder().decode(Value.self, from: Data(bytes))
    }
}
