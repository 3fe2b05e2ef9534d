/// A certificate or key that cannot be used.
package struct CertificateError: Error, Sendable, CustomStringConvertible {
    /// The setting and its value.
    package let setting: String
    package let reason: String

    package var description: String { "cannot use \(setting): \(reason)" }
}
