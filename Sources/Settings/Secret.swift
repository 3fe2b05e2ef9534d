/// A stream key, password or token that never prints: every description of it is redacted.
package struct Secret: Sendable {
    private let bytes: [UInt8]

    package init(_ text: String) { bytes = Array(text.utf8) }

    /// Stands for a secret that could not be read while only checking a file; it matches nothing.
    package static let unresolved = Secret("")

    package var isResolved: Bool { !bytes.isEmpty }

    /// Hands out the secret itself: for the one place that sends it.
    package func reveal() -> String { String(decoding: bytes, as: UTF8.self) }

    /// Whether the candidate is this secret, in a time that depends on the candidate's length only.
    package func matches(_ candidate: some StringProtocol) -> Bool {
        guard !bytes.isEmpty else { return false }
        return Self.isEqual(bytes, Array(candidate.utf8))
    }

    private static func isEqual(_ secret: [UInt8], _ candidate: [UInt8]) -> Bool {
        var difference: UInt8 = secret.count == candidate.count ? 0 : 1
        for (index, byte) in candidate.enumerated() { difference |= byte ^ secret[index % max(secret.count, 1)] }
        return difference == 0
    }
}

extension Secret: Hashable {
    package static func == (left: Secret, right: Secret) -> Bool {
        if left.bytes.isEmpty || right.bytes.isEmpty { return left.bytes.isEmpty && right.bytes.isEmpty }
        return isEqual(left.bytes, right.bytes)
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "Secret(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
