package import OpenSSLCrypto

/// What a token's signature is checked by. Which algorithm that is follows from the key and never from the token.
package struct TokenKey: Sendable {
    package enum Material: Sendable {
        /// Of HS256 and of HMAC tokens.
        case secret(TokenSecret)
        case publicKey(VerifyingKey)
    }

    /// What tokens call it; nil: a secret's own key id.
    package let id: String?
    package let material: Material

    package init(id: String?, _ material: Material) {
        self.id = id
        self.material = material
    }

    /// The one algorithm of this key. RFC 7518, clause 3.1.
    var algorithm: String {
        switch material {
        case .secret: "HS256"
        case .publicKey(let key): key.algorithm.rawValue
        }
    }

    /// Whether it may be the key of a token that names this one, or none.
    func answers(to name: String?) -> Bool {
        guard let name else { return true }
        if id == name { return true }
        guard case .secret(let secret) = material else { return false }
        return secret.keyID == name
    }

    func isValid(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        switch material {
        case .secret(let secret): constantTimeEqual(secret.signature(of: message), signature)
        case .publicKey(let key): key.isValid(signature.span, of: message.span)
        }
    }
}
