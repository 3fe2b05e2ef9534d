/// A rule that a manifest's new revision would break.
package struct Violation: Error, Sendable, Equatable, CustomStringConvertible {
    /// Such as `RFC 8216, 6.2.1`.
    package let clause: String
    /// What is not as it must be, with numbers.
    package let detail: String

    init(_ clause: String, _ detail: String) {
        self.clause = clause
        self.detail = detail
    }

    package var description: String { "\(detail) (\(clause))" }
}
