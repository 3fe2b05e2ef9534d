import Foundation

/// A token as CDNs mint them for each other: `st=1~exp=2~acl=%2fnews%2f*~ip=192.0.2.1~id=SESSION~hmac=HEX`.
///
/// The form of Akamai's edge authorization tokens 2.0 with an access list: fields with `~` between, last the HMAC-SHA256
/// of all before it, in hexadecimal digits. `acl` lists paths with `!` between them; values may be percent-encoded, as
/// they must be where the token is a part of a path. `kid` is ours: the key's id.
struct HMACToken {
    let keyID: String?
    let signed: [UInt8]
    let signature: [UInt8]
    private let fields: [String: String]

    private static let names: Set<String> = ["st", "exp", "acl", "ip", "id", "data", "kid"]

    /// Nil for what is no token of this form.
    init?(parsing text: Substring) {
        let parts = text.split(separator: "~", omittingEmptySubsequences: false)
        guard parts.count >= 2, let last = parts.last, last.hasPrefix("hmac="), last.utf8.count == 5 + 64,
            let signature = Self.bytes(hexadecimal: last.dropFirst(5))
        else { return nil }
        var fields: [String: String] = [:]
        for part in parts.dropLast() {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, Self.names.contains(String(pair[0])), let value = pair[1].removingPercentEncoding,
                fields.updateValue(value, forKey: String(pair[0])) == nil
            else { return nil }
        }
        self.fields = fields
        self.signature = signature
        keyID = fields["kid"]
        signed = Array(text.utf8.dropLast(last.utf8.count + 1))
    }

    /// Nil where no slash is escaped.
    var signedWithBareSlashes: [UInt8]? {
        let text = String(decoding: signed, as: UTF8.self)
        let bare = text.replacingOccurrences(of: "%2f", with: "/", options: .caseInsensitive)
        return bare == text ? nil : Array(bare.utf8)
    }

    func claims() throws(TokenRefusal) -> TokenClaims {
        guard let expires = fields["exp"].flatMap(Self.seconds), let list = fields["acl"], !list.isEmpty else {
            throw .malformed
        }
        let paths = list.split(separator: "!").map { PathPattern(String($0)) }
        guard (1...16).contains(paths.count) else { throw .malformed }
        var claims = TokenClaims(content: nil, paths: paths, expires: expires)
        if let start = fields["st"] {
            guard let seconds = Self.seconds(start) else { throw .malformed }
            claims.notBefore = seconds
        }
        claims.session = fields["id"]
        if let address = fields["ip"] { claims.addresses = [address] }
        return claims
    }

    private static func seconds(_ text: String) -> Int64? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(text) : nil
    }

    private static func bytes(hexadecimal text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text.utf8 {
            let digit: UInt8
            switch character {
            case 0x30...0x39: digit = character - 0x30
            case 0x41...0x46: digit = character - 0x41 + 10
            case 0x61...0x66: digit = character - 0x61 + 10
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return high == nil ? bytes : nil
    }
}

extension TokenClaims {
    /// The same as an HMAC token, good for a path as it is. What that form has no field for (content, subject, the
    /// token's id, issuer, audience, addresses beyond the first) is left out.
    package func hmacToken(signedBy secret: TokenSecret, keyID: String? = nil) -> String {
        var fields: [String] = []
        if let address = addresses.first { fields.append("ip=\(Self.escaped(address))") }
        if let notBefore { fields.append("st=\(notBefore)") }
        fields.append("exp=\(expires)")
        fields.append("acl=\(Self.escaped(paths.map(\.text).joined(separator: "!")))")
        if let session { fields.append("id=\(Self.escaped(session))") }
        if let keyID { fields.append("kid=\(Self.escaped(keyID))") }
        let signed = fields.joined(separator: "~")
        let digits = secret.signature(of: signed.utf8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return signed + "~hmac=" + digits.joined()
    }

    /// Letters, digits and what means nothing here stay as they are.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "*"), UInt8(ascii: "!"):
                result.unicodeScalars.append(UnicodeScalar(byte))
            default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return result
    }
}
