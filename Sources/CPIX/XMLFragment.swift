/// Text that goes as it is into somebody else's XML document.
package enum XMLFragment {
    /// Whether the text can stand inside an element of an MPD without breaking it: well-formed content and at least
    /// one element. Prefixes that MPDs declare at their root may be used undeclared.
    package static func isWellFormed(_ text: String) -> Bool {
        let bytes = Array("<fragment>\(text)</fragment>".utf8)
        guard let root = try? ElementTree(parsing: bytes.span) else { return false }
        // Whatever closes our element early makes a second root, which is not well-formed.
        return root.name == "fragment" && !root.children.isEmpty
    }
}
