import CommonEncryption
import Foundation
import HTTPTypes
import Media
import ViewerTokens

/// The licence request and answer of `org.w3.clearkey`. W3C Encrypted Media Extensions, clause 9.1.
struct ClearKeyLicence {
    private struct Request: Decodable {
        var kids: [String]
        var type: String?
    }

    private(set) var keyIDs: [KeyID] = []
    private var type: String

    static let maximumKeys = 64

    init(answering body: [UInt8]) throws(Refusal) {
        guard let request = try? JSONDecoder().decode(Request.self, from: Data(body)) else {
            throw Refusal(status: .badRequest, text: "not a licence request: JSON with kids")
        }
        guard (1...Self.maximumKeys).contains(request.kids.count) else {
            throw Refusal(status: .badRequest, text: "a licence is for 1 to \(Self.maximumKeys) kids")
        }
        type = request.type == "persistent-license" ? "persistent-license" : "temporary"
        for text in request.kids {
            guard let bytes = Base64URL.decode(text), let id = KeyID(bytes: bytes) else {
                throw Refusal(status: .badRequest, text: "a kid is not 16 bytes in base64url")
            }
            keyIDs.append(id)
        }
    }

    /// The licence; holds the keys in the clear.
    func json(_ keys: [KeyID: ContentKey]) -> [UInt8] {
        let list = keyIDs.compactMap { id -> String? in
            guard let key = keys[id] else { return nil }
            let bytes = (0..<key.bytes.count).map { key.bytes[$0] }
            return #"{"kty":"oct","kid":"\#(Base64URL.encode(id.bytes))","k":"\#(Base64URL.encode(bytes))"}"#
        }
        return Array(#"{"keys":[\#(list.joined(separator: ","))],"type":"\#(type)"}"#.utf8)
    }
}
