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
    /// AWS Signature Version 4. A query, if any, must have its parameters sorted, each with a value: this libcurl
    /// signs others wrongly. The token is that of temporary credentials.
    case sigV4(accessKey: String, secretKey: HTTPSecret, token: HTTPSecret?, region: String, service: String)
    /// PEM files for TLS client authentication.
    case clientCertificate(certificateFile: String, keyFile: String)
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
