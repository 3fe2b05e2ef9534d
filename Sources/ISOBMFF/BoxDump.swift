/// Boxes as text for people and for golden tests: a tree, a line a box.
package struct BoxDump: Sendable {
    /// Lists every sample of a run and every entry of a table.
    package var listsEntries: Bool

    package init(listsEntries: Bool = false) { self.listsEntries = listsEntries }

    /// Never fails: what cannot be read is said in its place.
    package func text(of bytes: Span<UInt8>) -> String { "" }
}
