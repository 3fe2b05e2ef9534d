/// One key provider, as a channel uses it.
package struct SPEKEProfile: Sendable, Hashable {
    package enum Version: String, Sendable, Hashable, CaseIterable {
        case v1 = "1.0"
        case v2 = "2.0"
        case v21 = "2.1"
    }

    /// http or https, with a host and without user information.
    package var url: String
    package var version: Version
    /// The CPIX content id.
    package var resourceID: String
    package var authentication: SPEKEAuthentication
    package var keyPolicy: KeyPolicy
    /// How long before it is needed the next key is asked for.
    package var prefetchSeconds: UInt32
    package var onKeyFailure: KeyFailurePolicy

    package init(
        url: String, version: Version = .v2, resourceID: String, authentication: SPEKEAuthentication = .none,
        keyPolicy: KeyPolicy = KeyPolicy(), prefetchSeconds: UInt32 = 60,
        onKeyFailure: KeyFailurePolicy = KeyFailurePolicy()
    ) {
        self.url = url
        self.version = version
        self.resourceID = resourceID
        self.authentication = authentication
        self.keyPolicy = keyPolicy
        self.prefetchSeconds = prefetchSeconds
        self.onKeyFailure = onKeyFailure
    }
}

/// How requests to a key provider are authenticated.
package enum SPEKEAuthentication: Sendable, Hashable {
    case none
    case basic(user: String, password: Secret)
    /// A header with a fixed value.
    case header(name: String, value: Secret)
    case bearer(token: Secret)
    /// AWS Signature Version 4; the service is `execute-api` unless the profile says otherwise.
    case sigV4(region: String, service: String, accessKeyID: String, secretAccessKey: Secret, sessionToken: Secret?)
    /// Paths of PEM files, absolute or relative to the working directory.
    case clientCertificate(certificate: String, privateKey: String)
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
    package enum Then: String, Sendable, Hashable, CaseIterable { case stop }

    package var graceSeconds: UInt32
    package var then: Then

    package init(graceSeconds: UInt32 = 30, then: Then = .stop) {
        self.graceSeconds = graceSeconds
        self.then = then
    }
}
