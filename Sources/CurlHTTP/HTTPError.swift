/// A request without an answer: libcurl's code, what it means, and where to. Holds no query, user or password.
package struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable {
        /// The request itself cannot be sent: its URL, a header.
        case invalidRequest
        case cannotConnect
        case timedOut
        /// The server's certificate, or ours, was not accepted.
        case tls
        case bodyTooLarge
        /// The connection broke, or what came is not HTTP.
        case brokenAnswer
        case cancelled
        case other
    }

    package var code: Code
    /// `CURLcode`; 0 where libcurl was not asked.
    package var curlCode: UInt32
    package var reason: String
    /// Without query, user and password.
    package var url: String

    package var description: String { "\(reason) (\(url))" }
}
