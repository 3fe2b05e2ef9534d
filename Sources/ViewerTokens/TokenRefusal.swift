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
