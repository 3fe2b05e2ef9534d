/// Why a session with an encoder ended, in words that the operator and the encoder's owner can act on.
///
/// Equality looks at `code` only.
package struct RTMPError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable {
        /// The encoder broke the chunk grammar or a limit; nothing of it reached librtmp.
        case refused
        /// A command or control message that makes no sense here.
        case protocolViolation
        /// The handshake did not finish.
        case handshake
        /// Nothing came, or nothing was read, for too long.
        case timedOut
        /// The connection ended without the encoder ending its stream.
        case disconnected
        /// We ended it.
        case stopped
        /// The operating system refused something; the reason has the error number.
        case system
    }

    package var code: Code
    package var reason: String

    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    package static func == (left: RTMPError, right: RTMPError) -> Bool { left.code == right.code }

    package var description: String { "\(code): \(reason)" }
}
