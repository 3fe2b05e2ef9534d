package import Media

/// One key provider, as a channel uses it.
package struct SPEKEProfile: Sendable, Hashable {
    package enum Version: String, Sendable, Hashable, CaseIterable {
        case v1 = "1.0"
        case v2 = "2.0"
        case v21 = "2.1"
    }

    /// PEM files: the certificate for which keys come encrypted, and its private key.
    package struct DocumentKey: Sendable, Hashable {
        package var certificate: String
        package var privateKey: String

        package init(certificate: String, privateKey: String) {
            self.certificate = certificate
            self.privateKey = privateKey
        }
    }

    /// How players are let in where they fetch plain keys (AES-128, `identity`).
    package struct KeyDelivery: Sendable, Hashable {
        /// The secret with which the key server checks tokens.
        package var tokenSecret: Secret
        /// How long after the end of its key period a token is good.
        package var tokenLifetimeSeconds: UInt32

        package init(tokenSecret: Secret, tokenLifetimeSeconds: UInt32) {
            self.tokenSecret = tokenSecret
            self.tokenLifetimeSeconds = tokenLifetimeSeconds
        }
    }

    package struct Header: Sendable, Hashable {
        package var name: String
        package var value: Secret

        package init(name: String, value: Secret) {
            self.name = name
            self.value = value
        }
    }

    /// At least one, at most `SPEKEProfile.maximumAddresses`: http or https, with a host and without user information.
    package var urls: [String]
    package var version: Version
    /// The CPIX content id.
    package var resourceID: String
    package var authentication: SPEKEAuthentication
    /// Sent beside those of SPEKE and of the authentication.
    package var headers: [Header] = []
    /// A PEM file of the authorities to trust instead of the system's.
    package var caFile: String?
    package var documentKey: DocumentKey?
    /// Nil: key URIs go into playlists as the provider gave them.
    package var keyDelivery: KeyDelivery?
    package var keyPolicy: KeyPolicy
    /// The provider may answer other KIDs than those asked for.
    package var allowKeyIDOverride = false
    /// How long before it is needed the next key is asked for.
    package var prefetchSeconds: UInt32
    /// How many periods ahead keys are asked for at least: 1 or 2.
    package var prefetchPeriods: UInt32 = 1
    /// For one address.
    package var timeoutMilliseconds: UInt32 = 10_000
    package var onKeyFailure: KeyFailurePolicy
    package var quirks = SPEKEProviderQuirks()

    package static let maximumAddresses = 8

    /// The first address, by which a provider is told from another; to set it leaves no other.
    package var url: String {
        get { urls.first ?? "" }
        set { urls = [newValue] }
    }

    package init(
        urls: [String], version: Version = .v2, resourceID: String, authentication: SPEKEAuthentication = .none,
        keyPolicy: KeyPolicy = KeyPolicy(), prefetchSeconds: UInt32 = 60,
        onKeyFailure: KeyFailurePolicy = KeyFailurePolicy()
    ) {
        self.urls = urls
        self.version = version
        self.resourceID = resourceID
        self.authentication = authentication
        self.keyPolicy = keyPolicy
        self.prefetchSeconds = prefetchSeconds
        self.onKeyFailure = onKeyFailure
    }

    package init(
        url: String, version: Version = .v2, resourceID: String, authentication: SPEKEAuthentication = .none,
        keyPolicy: KeyPolicy = KeyPolicy(), prefetchSeconds: UInt32 = 60,
        onKeyFailure: KeyFailurePolicy = KeyFailurePolicy()
    ) {
        self.init(
            urls: [url], version: version, resourceID: resourceID, authentication: authentication,
            keyPolicy: keyPolicy, prefetchSeconds: prefetchSeconds, onKeyFailure: onKeyFailure)
    }
}

/// What a provider does otherwise than the specification says: `quirks`.
package struct SPEKEProviderQuirks: Sendable, Hashable {
    /// What the multivariant playlist is called in requests.
    package enum MultivariantWord: String, Sendable, Hashable, CaseIterable { case master, multiVariant }

    package var acceptMissingVersionHeader = false
    package var acceptOtherContentID = false
    package var acceptEmptySystems = false
    package var acceptOtherKeyIDsInSignalling = false
    package var acceptRepeatedKeys = false
    package var acceptExplicitIV = true
    package var sendExplicitIV = true
    package var sendKeyPeriod = true
    package var rebuildSignalling = false
    package var sendMethodAsScheme = true
    package var multivariantWord: MultivariantWord?
    package var aes128SystemID: DRMSystemID?

    package init() {}
}

/// How requests to a key provider are authenticated.
package enum SPEKEAuthentication: Sendable, Hashable {
    case none
    case basic(user: String, password: Secret)
    case digest(user: String, password: Secret)
    /// A header with a fixed value.
    case header(name: String, value: Secret)
    case bearer(token: Secret)
    /// AWS Signature Version 4; the service is `execute-api` unless the profile says otherwise.
    case sigV4(region: String, service: String, accessKeyID: String, secretAccessKey: Secret, sessionToken: Secret?)
    /// Paths of PEM files, absolute or relative to the working directory.
    case clientCertificate(certificate: String, privateKey: String)

    /// The header that it sets, in lower case.
    var headerName: String? {
        switch self {
        case .none, .clientCertificate: nil
        case .basic, .digest, .bearer, .sigV4: "authorization"
        case .header(let name, _): name.lowercased()
        }
    }
}

/// The encryption contract of SPEKE 2: which tracks share a key.
package struct KeyPolicy: Sendable, Hashable {
    package enum Video: String, Sendable, Hashable, CaseIterable {
        case preset1 = "PRESET-VIDEO-1"
        case preset2 = "PRESET-VIDEO-2"
        case preset3 = "PRESET-VIDEO-3"
        case preset4 = "PRESET-VIDEO-4"
        case preset5 = "PRESET-VIDEO-5"
        case preset6 = "PRESET-VIDEO-6"
        case preset7 = "PRESET-VIDEO-7"
        case preset8 = "PRESET-VIDEO-8"
        /// One key for everything; then audio says it too.
        case shared = "SHARED"
        case unencrypted = "UNENCRYPTED"
    }

    package enum Audio: String, Sendable, Hashable, CaseIterable {
        case preset1 = "PRESET-AUDIO-1"
        case preset2 = "PRESET-AUDIO-2"
        case preset3 = "PRESET-AUDIO-3"
        case shared = "SHARED"
        case unencrypted = "UNENCRYPTED"
    }

    package var video: Video
    package var audio: Audio

    package init(video: Video = .preset1, audio: Audio = .preset1) {
        self.video = video
        self.audio = audio
    }
}

/// What happens when a key is due and the provider has not given it. Never clear, never an old key past the grace.
package struct KeyFailurePolicy: Sendable, Hashable {
    package enum Then: String, Sendable, Hashable, CaseIterable {
        /// Manifests answer 503 until the key comes.
        case stop
        /// `SlateProfile` is shown, under a key fetched at the start for that.
        case slate
    }

    package var graceSeconds: UInt32
    package var then: Then

    package init(graceSeconds: UInt32 = 30, then: Then = .stop) {
        self.graceSeconds = graceSeconds
        self.then = then
    }
}
