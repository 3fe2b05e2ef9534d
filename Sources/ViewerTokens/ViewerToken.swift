import Foundation
import OpenSSLCrypto

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

    /// The token as text: three parts of base64url with dots between, good for URLs and headers as it is.
    package func minted(by secret: TokenSecret) -> String {
        let header = #"{"alg":"HS256","kid":"\#(secret.keyID)","typ":"JWT"}"#
        let claims = #"{"content":\#(Self.quoted(content)),"exp":\#(expires)}"#
        let signed = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        return signed + "." + Base64URL.encode(secret.signature(of: signed.utf8))
    }

    /// Checks a token before anything that it says is believed.
    ///
    /// - Parameters:
    ///   - secrets: those still in use; that of the token is found by its key id, or by trying where it has none.
    ///   - now: seconds since the Unix epoch.
    package init(verifying text: String, by secrets: [TokenSecret], now: Int64) throws(TokenRefusal) {
        guard text.utf8.count <= Self.maximumSize else { throw .malformed }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = Base64URL.decode(parts[2]),
            let header: Header = Self.decoded(parts[0])
        else { throw .malformed }
        // Anything else would let the token choose how it is checked.
        guard header.alg == "HS256", header.crit == nil else { throw .malformed }
        let candidates = secrets.filter { header.kid == nil || header.kid == $0.keyID }
        guard !candidates.isEmpty else { throw .unknownKey }
        let signed = text.utf8.dropLast(parts[2].utf8.count + 1)
        guard candidates.contains(where: { constantTimeEqual($0.signature(of: signed), signature) }) else {
            throw .wrongSignature
        }
        guard let claims: Claims = Self.decoded(parts[1]) else { throw .malformed }
        guard now < claims.exp.seconds else { throw .expired }
        if let start = claims.nbf, now < start.seconds { throw .notYetValid }
        self.init(content: claims.content, expires: claims.exp.seconds)
    }

    /// Tokens are about 150 bytes.
    private static let maximumSize = 4096

    /// An address with the token as its `token` parameter, as key URIs carry it.
    package static func address(_ uri: String, with token: String) -> String {
        let fragment = uri.firstIndex(of: "#") ?? uri.endIndex
        let mark = uri[..<fragment].contains("?") ? "&" : "?"
        return uri[..<fragment] + mark + "token=" + token + uri[fragment...]
    }

    private struct Header: Decodable {
        var alg: String
        var kid: String?
        var crit: [String]?
    }

    private struct Claims: Decodable {
        var content: String
        var exp: NumericDate
        var nbf: NumericDate?
    }

    /// Seconds since the epoch, which may have a fraction: that is dropped. RFC 7519, clause 2.
    private struct NumericDate: Decodable {
        var seconds: Int64

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let whole = try? value.decode(Int64.self) {
                seconds = whole
            } else {
                let number = try value.decode(Double.self).rounded(.down)
                seconds = Int64(exactly: number) ?? (number < 0 ? .min : .max)
            }
        }
    }

    private static func decoded<Value: Decodable>(_ part: Substring) -> Value? {
        guard let bytes = Base64URL.decode(part) else { return nil }
        return try? JSONDecoder().decode(Value.self, from: Data(bytes))
    }

    /// A JSON string. RFC 8259, clause 7.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\" + String(scalar)
            case "\0"..."\u{1f}": result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// Why a token opens nothing. Says nothing about the secret or the token itself.
package enum TokenRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    case malformed
    /// Signed under a secret that is not among ours.
    case unknownKey
    case wrongSignature
    case expired
    case notYetValid

    package var description: String {
        switch self {
        case .malformed: "the token is none of ours"
        case .unknownKey: "the token is signed under another secret"
        case .wrongSignature: "the token's signature is wrong"
        case .expired: "the token has expired"
        case .notYetValid: "the token is not valid yet"
        }
    }
}
