import Foundation

/// Reads `slate`: what stands for the picture.
struct SlateReader {
    let secrets: SecretReader
    var log: DiagnosticLog { secrets.log }

    private static let keys = ["image", "clip", "audio"]
    private static let maximumImageBytes = 32 << 20

    /// - Parameter isShown: whether another word of the profile asks for a slate.
    func read(_ root: Section, isShown: Bool) -> SlateProfile {
        if root["slate"] != nil, !isShown {
            log.warning(
                "nothing shows the slate; write then: slate in an onKeyFailure or fill: slate in inputLoss, or delete it",
                at: root.keyPlace("slate"))
        }
        return read(in: root)
    }

    /// That of a section.
    func read(in parent: Section) -> SlateProfile {
        guard let node = parent["slate"], let section = Section(node, "slate", keys: Self.keys, log) else {
            return SlateProfile()
        }
        if section.has("clip") {
            if section.has("image") {
                log.error("'clip' is a picture already; delete it or 'image'", at: section.keyPlace("clip"))
            }
            if section.has("audio") {
                log.error("'clip' has its own sound; delete 'audio', or write an image", at: section.keyPlace("audio"))
            }
        }
        return SlateProfile(
            image: file("image", section, atMost: Self.maximumImageBytes),
            clip: file("clip", section, atMost: SlateProfile.maximumBytes),
            audio: file("audio", section, atMost: SlateProfile.maximumBytes))
    }

    private func file(_ key: String, _ section: Section, atMost bytes: Int) -> ProfileFile? {
        guard let node = section[key], let path = secrets.existingFile(node, key, isSecret: false) else { return nil }
        check(path, key, atMost: bytes, at: node.place)
        return ProfileFile(path: path, key: key, place: node.place)
    }

    private func check(_ path: String, _ key: String, atMost bytes: Int, at place: Place) {
        // Missing is said already.
        guard let handle = FileHandle(forReadingAtPath: path) else { return }
        defer { try? handle.close() }
        let start = (try? handle.read(upToCount: 4)).flatMap { $0 } ?? Data()
        let isImage = start.starts(with: [0x89, 0x50, 0x4E, 0x47]) || start.starts(with: [0xFF, 0xD8, 0xFF])
        guard isImage == (key == "image") else {
            let text = isImage ? "is an image; write image: FILE" : "is neither PNG nor JPEG"
            return log.error("'\(key)': \(path) \(text)", at: place)
        }
        guard let size = try? handle.seekToEnd(), size <= bytes else {
            return log.error("'\(key)': \(path) has more than \(bytes >> 20) MiB", at: place)
        }
    }
}
