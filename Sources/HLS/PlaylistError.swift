/// A playlist or tag from outside that does not follow RFC 8216: what, and in which line.
package struct PlaylistError: Error, Sendable, Equatable, CustomStringConvertible {
    /// From 1; 0 where a tag was parsed alone.
    package var line: Int
    package var reason: String

    package init(line: Int = 0, _ reason: String) {
        self.line = line
        self.reason = reason
    }

    package var description: String { line == 0 ? reason : "line \(line): \(reason)" }
}
