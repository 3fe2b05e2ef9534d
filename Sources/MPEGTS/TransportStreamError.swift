/// Why a segment cannot be written as a transport stream: what, and in which sample.
package struct TransportStreamError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable {
        /// These tracks, or this codec configuration, have no form in a transport stream here.
        case unsupported
        /// A sample's bytes do not follow its codec's framing, or lie outside the source.
        case malformedSample
        /// A sample cannot be encrypted; nothing of the segment may be sent.
        case unprotected
        /// Decode times do not rise, or lie outside what can be counted.
        case invalidTime
        /// No track has a sample.
        case empty
    }

    package var code: Code
    package var reason: String

    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    package var description: String { "\(code): \(reason)" }
}
