/// A media file, or a folder of such, that a profile names.
package struct ProfileFile: Sendable, Hashable {
    package let path: String
    /// By which word: `image`, `clip`, `audio`, `file` or `folder`.
    package let key: String
    private let place: Place

    init(path: String, key: String, place: Place) {
        self.path = path
        self.key = key
        self.place = place
    }

    package init(path: String, key: String) {
        self.init(path: path, key: key, place: Place(file: ""))
    }

    /// What only who opens the file finds, where the profile names it.
    package func diagnostic(_ severity: Diagnostic.Severity, _ text: String) -> Diagnostic {
        Diagnostic(
            severity: severity, file: place.file, line: place.line, column: place.column,
            text: "'\(key)': \(path): \(text)")
    }

    /// A profile whose lines have moved is the same profile.
    package static func == (left: ProfileFile, right: ProfileFile) -> Bool {
        left.path == right.path && left.key == right.key
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(path)
        hasher.combine(key)
    }
}
