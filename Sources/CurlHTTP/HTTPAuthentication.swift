/// How a request proves who sends it.
package enum HTTPAuthentication: Sendable {
    case none
    case basic(user: String, password: HTTPSecret)
    /// RFC 7616; costs a second round trip.
    case digest(user: String, password: HTTPSecret)
    /// `Authorization: Bearer`. RFC 6750, clause 2.1.
    case bearer(HTTPSecret)
    /// A header of the provider's own.
    case header(name: String, value: HTTPSecret)
    /// AWS Signature Version 4. The query is sent in the form that is signed: encoded, sorted, each parameter with a
    /// value. The token is that of temporary credentials.
    case sigV4(accessKey: String, secretKey: HTTPSecret, token: HTTPSecret?, region: String, service: String)
    /// PEM files for TLS client authentication.
    case clientCertificate(certificateFile: String, keyFile: String)

    /// What of it must not be shown.
    var secrets: [String] {
        switch self {
        case .none, .clientCertificate: []
        case .basic(_, let secret), .digest(_, let secret), .bearer(let secret), .header(_, let secret): [secret.text]
        case .sigV4(_, let secret, let token, _, _): [secret.text] + (token.map { [$0.text] } ?? [])
        }
    }
}

/// A text that never prints.
package struct HTTPSecret: Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }
}

extension HTTPSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "HTTPSecret(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
