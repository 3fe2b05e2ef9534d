import Foundation

/// Reads `ingest.input`: a file or a folder that is played.
struct FileInputReader {
    let secrets: SecretReader
    var log: DiagnosticLog { secrets.log }

    private static let advice = "write input: { file: PATH, loop: true } or input: { folder: PATH }"

    func read(_ ingest: Section) -> FileInputProfile? {
        guard let node = ingest["input"],
            let section = Section(node, "input", keys: ["file", "folder", "loop", "settledSeconds"], log)
        else { return nil }
        let isFolder = section.has("folder")
        let key = isFolder ? "folder" : "file"
        guard let place = section[key], section.has("file") != section.has("folder") else {
            log.error("'input' needs either file or folder; \(Self.advice)", at: ingest.keyPlace("input"))
            return nil
        }
        let settled: UInt32 = section.integer("settledSeconds", in: 0...3600, default: 3)
        guard let written = place.text(key, log) else { return nil }
        let path = secrets.resolve(written)
        check(path, isFolder: isFolder, at: place.place)
        return FileInputProfile(
            source: ProfileFile(path: path, key: key, place: place.place), isFolder: isFolder,
            loop: section.bool("loop", default: false), settledSeconds: settled)
    }

    /// What is not there yet may come: then it is played.
    private func check(_ path: String, isFolder: Bool, at place: Place) {
        let key = isFolder ? "folder" : "file"
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            return log.warning("'\(key)': \(path) does not exist; nothing is played before it is there", at: place)
        }
        if isDirectory.boolValue != isFolder {
            let text = isFolder ? "is a file; write file: PATH" : "is a folder; write folder: PATH"
            log.error("'\(key)': \(path) \(text)", at: place)
        } else if !FileManager.default.isReadableFile(atPath: path) {
            log.warning("'\(key)': \(path) cannot be read by this user", at: place)
        }
    }

    /// What the rest of the section must have, or cannot.
    func check(_ input: FileInputProfile, beside keys: IngestProfile.StreamKeys?, _ ingest: Section) {
        let place = ingest.keyPlace("input")
        if keys?.backup.isEmpty == false {
            log.error(
                "'input' would be a third source beside streamKeys.primary and .backup; delete it or 'backup'",
                at: place)
        }
        guard keys == nil else {
            if !input.loop, !input.isFolder {
                log.warning(
                    "'input' beside streamKeys plays from the start on, so that it can take an encoder's place: without "
                        + "loop: true it is over when it is needed",
                    at: place)
            }
            return
        }
        for key in ["allow", "webhook", "maxBitrate"] where ingest.has(key) {
            log.warning("'\(key)' has no effect without streamKeys: no encoder may publish", at: ingest.keyPlace(key))
        }
    }
}
