import ViewerTokens

/// Why somebody may not have what was asked for: for the log and the metrics, never for the one who asked.
package enum AccessRefusal: String, Error, Sendable, Hashable, CaseIterable {
    case cdnSecretMissing = "cdn-secret-missing"
    case cdnSecretWrong = "cdn-secret-wrong"
    case addressUnknown = "address-unknown"
    case addressDenied = "address-denied"
    case countryUnknown = "country-unknown"
    case countryDenied = "country-denied"
    case tokenMissing = "token-missing"
    case tokenMalformed = "token-malformed"
    case tokenKeyUnknown = "token-key-unknown"
    case tokenSignatureWrong = "token-signature-wrong"
    case tokenExpired = "token-expired"
    case tokenNotYetValid = "token-not-yet-valid"
    /// Of another issuer, or for another audience.
    case tokenNotForUs = "token-not-for-us"
    case tokenOfOtherPath = "token-of-other-path"
    case tokenOfOtherAddress = "token-of-other-address"
    case revoked

    init(_ refusal: TokenRefusal) {
        switch refusal {
        case .malformed: self = .tokenMalformed
        case .unknownKey: self = .tokenKeyUnknown
        case .wrongSignature: self = .tokenSignatureWrong
        case .expired: self = .tokenExpired
        case .notYetValid: self = .tokenNotYetValid
        }
    }
}
