import CommonEncryption
import Foundation
import Media

/// The licence request and answer of `org.w3.clearkey`. W3C Encrypted Media Extensions, clause 9.1.
struct ClearKeyLicence {
    struct Request: Decodable {
        var kids: [String]
        var type: String?
    }

    /// Key ids with their keys.
    private var keys: [(KeyID, ContentKey)] = []
    private var type: String

    static let maximumKeys = 64

    init(answering body: [UInt8], secret: MasterSecret) throws(Refusal) {
        guard let request = try? JSONDecoder().decode(Request.self, from: Data(body)) else {
            throw Refusal(text: "not a licence request: JSON with kids")
        }
        guard (1...Self.maximumKeys).contains(request.kids.count) else {
            throw Refusal(text: "a licence is for 1 to \(Self.maximumKeys) kids")
        }
        type = request.type == "persistent-license" ? "persistent-license" : "temporary"
        for text in request.kids {
            guard let bytes = Self.bytes(base64URL: text), let id = KeyID(bytes: bytes) else {
                throw Refusal(text: "a kid is not 16 bytes in base64url")
            }
            keys.append((id, secret.key(for: id)))
        }
    }

    /// The licence; holds the keys in the clear.
    var json: [UInt8] {
        let list = keys.map { id, key in
            let bytes = (0..<key.bytes.count).map { key.bytes[$0] }
            return #"{"kty":"oct","kid":"\#(Self.base64URL(id.bytes))","k":"\#(Self.base64URL(bytes))"}"#
        }
        return Array(#"{"keys":[\#(list.joined(separator: ","))],"type":"\#(type)"}"#.utf8)
    }

    private static func base64URL(_ bytes: [UInt8]) -> String {
        let text = Data(bytes).base64EncodedString()
        return String(text.filter { $0 != "=" }.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }

    private static func bytes(base64URL text: String) -> [UInt8]? {
        var text = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }.filter { $0 != "=" })
        text += String(repeating: "=", count: (4 - text.count % 4) % 4)
        return Data(base64Encoded: text).map(Array.init)
    }
}
