/// What stands for the picture where it may not, or cannot, be shown: black and silence, an image, sound, both, or a clip.
package struct SlateProfile: Sendable, Hashable {
    /// A PNG or JPEG file; nil: black.
    package var image: ProfileFile?
    /// A file with a picture that moves, and sound; without image and audio.
    package var clip: ProfileFile?
    /// A file with sound; nil: silence.
    package var audio: ProfileFile?

    package init(image: ProfileFile? = nil, clip: ProfileFile? = nil, audio: ProfileFile? = nil) {
        self.image = image
        self.clip = clip
        self.audio = audio
    }

    /// Of a clip's or sound's file.
    package static let maximumBytes = 64 << 20

    package var isBlack: Bool { self == SlateProfile() }
}
