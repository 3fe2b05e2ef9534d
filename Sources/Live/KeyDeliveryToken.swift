package import Keys
import Media
package import Settings
import ViewerTokens

/// Puts a viewer's token into the URIs by which players fetch plain keys, where the profile wants it.
///
/// The same token for a period on every node and at every time, so that a playlist stays as it is.
package struct KeyDeliveryToken: Sendable {
    private let secret: TokenSecret
    private let content: String
    private let lifetimeSeconds: UInt32

    /// Nil where the profile says nothing of it.
    /// - Throws: where the secret is too short.
    package init?(_ speke: SPEKEProfile) throws(WeakTokenSecret) {
        guard let delivery = speke.keyDelivery else { return nil }
        guard let secret = TokenSecret(Array(delivery.tokenSecret.reveal().utf8)) else { throw WeakTokenSecret() }
        self.secret = secret
        content = speke.resourceID
        lifetimeSeconds = delivery.tokenLifetimeSeconds
    }

    /// - Parameter contract: says when the period ends. A key that is used for ever needs a token that is, too.
    package func adding(to keys: PeriodKeys, of contract: KeyContract) -> PeriodKeys {
        let end =
            contract.rotationIntervalSeconds > 0
            ? contract.startSeconds(of: keys.period.index &+ 1) : .max
        let (expires, overflow) = end.addingReportingOverflow(Int64(lifetimeSeconds))
        var claims = TokenClaims(content: content, expires: overflow ? .max : expires)
        claims.use = TokenClaims.useOfKeys
        let token = claims.webToken(signedBy: secret)
        return keys.mapKeys { key in
            var key = key
            if let uri = key.signalling[.aes128]?.keyURI {
                key.signalling[.aes128]?.keyURI = ViewerToken.address(uri, with: token)
            }
            return key
        }
    }
}

/// Why a profile's `keyDelivery.tokenSecret` cannot sign.
package struct WeakTokenSecret: Error, CustomStringConvertible {
    package var description: String {
        "keyDelivery.tokenSecret has less than \(TokenSecret.minimumSize) bytes; take that of the key server"
    }
}
