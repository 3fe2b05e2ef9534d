package import CPIX
package import CurlHTTP

extension SPEKEClient {
    /// Where a provider is, how it knows us, and what it does in its own way.
    package struct Provider: Sendable {
        /// At least one; the first that answers is used until it fails.
        package var urls: [String]
        package var version: SPEKEVersion
        package var authentication: HTTPAuthentication
        /// Sent beside those of SPEKE.
        package var headers: [HTTPHeader]
        /// Sent too; their values never print.
        package var secretHeaders: [HTTPSecretHeader]
        /// PEM file of the authorities to trust instead of the system's.
        package var certificateAuthorityFile: String?
        /// Where given, keys must come encrypted for it.
        package var documentIdentity: DocumentIdentity?
        package var allowsKeyIDOverride: Bool
        package var quirks: SPEKEQuirks
        /// For one address: with several, a request may take as many times this.
        package var deadlineMilliseconds: UInt32

        package init(
            urls: [String], version: SPEKEVersion = .v2, authentication: HTTPAuthentication = .none,
            headers: [HTTPHeader] = [], secretHeaders: [HTTPSecretHeader] = [],
            certificateAuthorityFile: String? = nil, documentIdentity: DocumentIdentity? = nil,
            allowsKeyIDOverride: Bool = false, quirks: SPEKEQuirks = SPEKEQuirks(),
            deadlineMilliseconds: UInt32 = 10_000
        ) {
            precondition(!urls.isEmpty, "a provider has an address")
            self.urls = urls
            self.version = version
            self.authentication = authentication
            self.headers = headers
            self.secretHeaders = secretHeaders
            self.certificateAuthorityFile = certificateAuthorityFile
            self.documentIdentity = documentIdentity
            self.allowsKeyIDOverride = allowsKeyIDOverride
            self.quirks = quirks
            self.deadlineMilliseconds = deadlineMilliseconds
        }

        package init(
            url: String, authentication: HTTPAuthentication = .none, headers: [HTTPHeader] = [],
            deadlineMilliseconds: UInt32 = 10_000
        ) {
            self.init(
                urls: [url], authentication: authentication, headers: headers,
                deadlineMilliseconds: deadlineMilliseconds)
        }
    }
}
