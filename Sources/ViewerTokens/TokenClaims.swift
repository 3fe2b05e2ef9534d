import Foundation

/// What a token says: who may watch what, from where, and when.
package struct TokenClaims: Sendable, Hashable {
    /// The channel, or the CPIX content id.
    package var content: String?
    /// Beside `content`, or instead of it: paths of the origin.
    package var paths: [PathPattern] = []
    /// Seconds since the Unix epoch, from which on the token is worth nothing.
    package var expires: Int64
    /// Before which it is worth nothing yet.
    package var notBefore: Int64?
    /// Who watches.
    package var subject: String?
    /// By what name one viewing is revoked.
    package var session: String?
    /// The token's own name.
    package var id: String?
    /// Addresses or networks of which the viewer's must be in one; none: from anywhere.
    package var addresses: [String] = []
    /// Who minted the token.
    package var issuer: String?
    /// Whom it is meant for.
    package var audience: [String] = []
    /// `keys`: it is one of those in key URIs, which everybody sees who sees a playlist, and opens nothing else.
    package var use: String?
    package static let useOfKeys = "keys"

    package init(content: String?, paths: [PathPattern] = [], expires: Int64) {
        self.content = content
        self.paths = paths
        self.expires = expires
    }

    /// Nil: the token is good at this time.
    package func refusal(now: Int64) -> TokenRefusal? {
        guard now < expires else { return .expired }
        if let notBefore, now < notBefore { return .notYetValid }
        return nil
    }

    /// A JSON Web Token under HS256: three parts of base64url with dots between, good for URLs and headers as it is.
    ///
    /// The same claims are always the same text.
    /// - Parameter keyID: what the token calls the secret; nil: its own key id.
    package func webToken(signedBy secret: TokenSecret, keyID: String? = nil) -> String {
        let header = #"{"alg":"HS256","kid":\#(Self.quoted(keyID ?? secret.keyID)),"typ":"JWT"}"#
        var claims: [String] = []
        func add(_ name: String, _ text: String?) {
            if let text { claims.append("\"\(name)\":\(Self.quoted(text))") }
        }
        func add(_ name: String, _ texts: [String]) {
            guard !texts.isEmpty else { return }
            claims.append("\"\(name)\":[\(texts.map(Self.quoted).joined(separator: ","))]")
        }
        add("content", content)
        claims.append("\"exp\":\(expires)")
        if let notBefore { claims.append("\"nbf\":\(notBefore)") }
        add("iss", issuer)
        add("aud", audience)
        add("sub", subject)
        add("sid", session)
        add("jti", id)
        add("ip", addresses)
        add("paths", paths.map(\.text))
        add("use", use)
        let payload = "{\(claims.joined(separator: ","))}"
        let signed = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
        return signed + "." + Base64URL.encode(secret.signature(of: signed.utf8))
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

extension TokenClaims: Decodable {
    private enum CodingKeys: String, CodingKey {
        case content, paths, exp, nbf, sub, sid, jti, ip, iss, aud, use
    }

    /// The claims of a JSON Web Token. Others are passed over. RFC 7519, clause 4.
    package init(from decoder: any Decoder) throws {
        let claims = try decoder.container(keyedBy: CodingKeys.self)
        content = try claims.decodeIfPresent(String.self, forKey: .content)
        paths = try claims.decodeIfPresent(OneOrMore.self, forKey: .paths)?.texts.map(PathPattern.init) ?? []
        expires = try claims.decode(NumericDate.self, forKey: .exp).seconds
        notBefore = try claims.decodeIfPresent(NumericDate.self, forKey: .nbf)?.seconds
        subject = try claims.decodeIfPresent(String.self, forKey: .sub)
        session = try claims.decodeIfPresent(String.self, forKey: .sid)
        id = try claims.decodeIfPresent(String.self, forKey: .jti)
        addresses = try claims.decodeIfPresent(OneOrMore.self, forKey: .ip)?.texts ?? []
        issuer = try claims.decodeIfPresent(String.self, forKey: .iss)
        audience = try claims.decodeIfPresent(OneOrMore.self, forKey: .aud)?.texts ?? []
        use = try claims.decodeIfPresent(String.self, forKey: .use)
    }

    /// A text, or a list of them that is not empty: that would be a binding to nothing. RFC 7519, clause 4.1.3.
    private struct OneOrMore: Decodable {
        var texts: [String]

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let one = try? value.decode(String.self) {
                texts = [one]
            } else {
                texts = try value.decode([String].self)
            }
            guard (1...16).contains(texts.count) else {
                throw DecodingError.dataCorruptedError(in: value, debugDescription: "1 to 16 are wanted")
            }
        }
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
}
