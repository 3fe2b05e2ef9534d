import CPIX
import CurlHTTP
package import Keys
import Media
package import Settings

extension SPEKEClient.Provider {
    /// The provider that a profile describes. Throws where its document key cannot be loaded.
    package init(_ speke: SPEKEProfile) throws(DocumentIdentity.Fault) {
        let version: SPEKEVersion =
            switch speke.version {
            case .v1: .v1
            case .v2: .v2
            case .v21: .v21
            }
        var identity: DocumentIdentity?
        if let files = speke.documentKey {
            identity = try DocumentIdentity(certificateFile: files.certificate, privateKeyFile: files.privateKey)
        }
        self.init(
            urls: speke.urls, version: version, authentication: HTTPAuthentication(speke.authentication),
            secretHeaders: speke.headers.map { HTTPSecretHeader($0.name, HTTPSecret($0.value.reveal())) },
            certificateAuthorityFile: speke.caFile, documentIdentity: identity,
            allowsKeyIDOverride: speke.allowKeyIDOverride, quirks: SPEKEQuirks(speke.quirks),
            deadlineMilliseconds: speke.timeoutMilliseconds)
    }
}

extension HTTPAuthentication {
    fileprivate init(_ authentication: SPEKEAuthentication) {
        func secret(_ secret: Secret) -> HTTPSecret { HTTPSecret(secret.reveal()) }
        self =
            switch authentication {
            case .none: .none
            case .basic(let user, let password): .basic(user: user, password: secret(password))
            case .digest(let user, let password): .digest(user: user, password: secret(password))
            case .bearer(let token): .bearer(secret(token))
            case .header(let name, let value): .header(name: name, value: secret(value))
            case .sigV4(let region, let service, let accessKeyID, let secretAccessKey, let sessionToken):
                .sigV4(
                    accessKey: accessKeyID, secretKey: secret(secretAccessKey), token: sessionToken.map(secret),
                    region: region, service: service)
            case .clientCertificate(let certificate, let privateKey):
                .clientCertificate(certificateFile: certificate, keyFile: privateKey)
            }
    }
}

extension SPEKEQuirks {
    fileprivate init(_ quirks: SPEKEProviderQuirks) {
        self.init()
        acceptMissingVersionHeader = quirks.acceptMissingVersionHeader
        acceptOtherContentID = quirks.acceptOtherContentID
        acceptEmptySystems = quirks.acceptEmptySystems
        acceptOtherKeyIDsInSignalling = quirks.acceptOtherKeyIDsInSignalling
        acceptRepeatedKeys = quirks.acceptRepeatedKeys
        acceptExplicitIV = quirks.acceptExplicitIV
        sendExplicitIV = quirks.sendExplicitIV
        sendKeyPeriod = quirks.sendKeyPeriod
        rebuildSignalling = quirks.rebuildSignalling
        sendMethodAsScheme = quirks.sendMethodAsScheme
        multivariantWord =
            switch quirks.multivariantWord {
            case .none: nil
            case .master: .master
            case .multiVariant: .multiVariant
            }
        aes128SystemID = quirks.aes128SystemID
    }
}
