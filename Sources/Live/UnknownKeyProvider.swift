/// A protected endpoint whose key provider the profile does not have: such a channel is not opened.
package struct UnknownKeyProvider: Error, CustomStringConvertible {
    package let endpoint: String

    package var description: String { "endpoint \(endpoint) is protected, but its key provider is not in the profile" }
}
