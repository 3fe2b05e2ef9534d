/// Why the keys of a period are not there, in words an operator can act on. Holds no secret.
package struct KeyError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, Codable {
        /// The provider said no (4xx): the request or the contract is wrong; asked again slowly.
        case refused
        /// No answer, or a 5xx one; asked again with backoff.
        case unavailable
        /// An answer that is not what was asked for; asked again with backoff.
        case invalidAnswer
    }

    package var code: Code
    package var reason: String
    /// How long the provider asked to be left alone (Retry-After), if it did.
    package var retryAfterSeconds: UInt32?

    package init(_ code: Code, _ reason: String, retryAfterSeconds: UInt32? = nil) {
        self.code = code
        self.reason = reason
        self.retryAfterSeconds = retryAfterSeconds
    }

    package var description: String {
        switch code {
        case .refused: "the key provider refused: \(reason)"
        case .unavailable: "the key provider is unavailable: \(reason)"
        case .invalidAnswer: "the key provider's answer is unusable: \(reason)"
        }
    }
}
