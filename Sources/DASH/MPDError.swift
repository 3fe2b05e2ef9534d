/// An MPD from outside that is not XML or does not say what it must: what, and in which element.
package struct MPDError: Error, Sendable, Equatable, CustomStringConvertible {
    package var reason: String

    package init(_ reason: String) { self.reason = reason }

    package var description: String { reason }
}
