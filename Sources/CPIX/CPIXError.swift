/// A document that is not a usable CPIX document: what is wrong with it. Quotes names, never values.
package struct CPIXError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable {
        case tooLarge
        /// Not well-formed XML.
        case malformed
        /// Well-formed, but another kind of document.
        case notCPIX
        case missing
        case invalid
        /// Keys that cannot be encrypted for, or decrypted by, this recipient; or changed on the way.
        case encryption
    }

    package var code: Code
    package var reason: String

    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    package var description: String { reason }
}
