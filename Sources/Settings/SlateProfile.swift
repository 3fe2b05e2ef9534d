/// What stands for the picture where it may not, or cannot, be shown: black and silence, an image, sound, both, or a clip.
package struct SlateProfile: Sendable, Hashable {
    /// A PNG or JPEG file; nil: black.
    package var image: SlateFile?
    /// A file with a picture that moves, and sound; without image and audio.
    package var clip: SlateFile?
    /// A file with sound; nil: silence.
    package var audio: SlateFile?

    package init(image: SlateFile? = nil, clip: SlateFile? = nil, audio: SlateFile? = nil) {
        self.image = image
        self.clip = clip
        self.audio = audio
    }

    /// Of a clip's or sound's file.
    package static let maximumBytes = 64 << 20

    package var isBlack: Bool { self == SlateProfile() }
}

/// A file that a slate is made of.
package struct SlateFile: Sendable, Hashable {
    package let path: String
    /// `image`, `clip` or `audio`.
    package let key: String
    private let place: Place

    init(path: String, key: String, place: Place) {
        self.path = path
        self.key = key
        self.place = place
    }

    /// What only who opens the file finds, where the profile names it.
    package func diagnostic(_ severity: Diagnostic.Severity, _ text: String) -> Diagnostic {
        Diagnostic(
            severity: severity, file: place.file, line: place.line, column: place.column,
            text: "'\(key)': \(path): \(text)")
    }

    /// A profile whose lines have moved is the same profile.
    package static func == (left: SlateFile, right: SlateFile) -> Bool {
        left.path == right.path && left.key == right.key
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(path)
        hasher.combine(key)
    }
}
