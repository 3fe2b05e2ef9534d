/// Who may ask for an endpoint: every rule that is there must be kept.
package struct AccessProfile: Sendable, Hashable {
    /// A secret that the CDN puts into a header of each request.
    package struct CDN: Sendable, Hashable {
        package static let standardHeader = "X-MediaPackage-CDNIdentifier"
        package var header: String
        /// One, or two while they change: both are good.
        package var secrets: [Secret]
    }

    /// Viewers' tokens.
    package struct Tokens: Sendable, Hashable {
        package enum Placement: String, Sendable, Hashable, CaseIterable {
            /// A part of the path, which relative URLs keep. A manifest asked for with it in the query is redirected.
            case path
            /// A parameter of each request's query.
            case query
        }

        package var placement = Placement.path
        /// The parameter's name.
        package var parameter = "token"
        /// 1 to 8: those in use.
        package var keys: [Key]
        /// What a JSON Web Token must say of who minted it, and for whom; nil: anything.
        package var issuer: String?
        package var audience: String?
    }

    package struct Key: Sendable, Hashable {
        package enum Material: Sendable, Hashable {
            case secret(Secret, SecretEncoding)
            /// PEM, checked.
            case publicKey(pem: String)
        }

        /// What tokens call it; nil: a secret's own key id, or none.
        package var id: String?
        package var material: Material
    }

    package struct Countries: Sendable, Hashable {
        package enum Source: Sendable, Hashable {
            /// In which the CDN says where the viewer is.
            case header(String)
            /// A MaxMind DB file; `version` changes when another one is put in its place.
            case database(path: String, version: String)
        }

        package var source: Source
        /// ISO 3166-1 alpha-2, upper case. Nil: all but those of `deny`.
        package var allow: Set<String>?
        package var deny: Set<String>
    }

    package var cdn: CDN?
    package var tokens: Tokens?
    /// Nil: all but those of `deny`.
    package var allow: [CIDR]?
    package var deny: [CIDR] = []
    package var countries: Countries?

    /// Keeps everybody out.
    package static let nobody = AccessProfile(allow: [])
}

/// Who may ask for what of a channel.
package struct ChannelAccess: Sendable, Hashable {
    /// Of endpoints that say nothing of their own; nil: anybody.
    package var channel: AccessProfile?
    /// By endpoint; nil: anybody.
    package var endpoints: [String: AccessProfile?] = [:]

    package init(channel: AccessProfile? = nil, endpoints: [String: AccessProfile?] = [:]) {
        self.channel = channel
        self.endpoints = endpoints
    }

    /// Of one endpoint; nil: anybody.
    package func rule(of endpoint: String) -> AccessProfile? {
        if let own = endpoints[endpoint] { return own }
        return channel
    }

    package var isOpen: Bool { channel == nil && endpoints.values.allSatisfy { $0 == nil } }
}
