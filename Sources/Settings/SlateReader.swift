import Foundation

/// Reads `slate`: what stands for the picture.
struct SlateReader {
    let secrets: SecretReader
    var log: DiagnosticLog { secrets.log }

    private static let maximumBytes = 32 << 20

    /// - Parameter isShown: whether another word of the profile asks for a slate.
    func read(_ root: Section, isShown: Bool) -> SlateProfile {
        guard let node = root["slate"], let section = Section(node, "slate", keys: ["image"], log) else {
            return SlateProfile()
        }
        if !isShown {
            log.warning(
                "nothing shows the slate; write then: slate in an onKeyFailure or fill: slate in inputLoss, or delete it",
                at: root.keyPlace("slate"))
        }
        return SlateProfile(image: image(section))
    }

    /// That of a section inside another one.
    func readImage(_ parent: Section) -> String? {
        parent["slate"].flatMap { Section($0, "slate", keys: ["image"], log) }.flatMap(image)
    }

    private func image(_ section: Section) -> String? {
        guard let image = section["image"], let path = secrets.existingFile(image, "image", isSecret: false) else {
            return nil
        }
        check(path, at: image.place)
        return path
    }

    private func check(_ path: String, at place: Place) {
        // Missing is said already.
        guard let handle = FileHandle(forReadingAtPath: path) else { return }
        defer { try? handle.close() }
        let start = (try? handle.read(upToCount: 4)).flatMap { $0 } ?? Data()
        guard start.starts(with: [0x89, 0x50, 0x4E, 0x47]) || start.starts(with: [0xFF, 0xD8, 0xFF]) else {
            return log.error("'image': \(path) is neither PNG nor JPEG", at: place)
        }
        guard let size = try? handle.seekToEnd(), size <= Self.maximumBytes else {
            return log.error("'image': \(path) has more than \(Self.maximumBytes >> 20) MiB", at: place)
        }
    }
}
