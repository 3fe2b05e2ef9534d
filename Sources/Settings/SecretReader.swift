import Foundation

/// Finds the secrets that a settings file refers to.
struct SecretReader {
    var environment: [String: String]
    /// What relative paths are relative to.
    var directory: String
    var purpose: LoadPurpose
    var log: DiagnosticLog

    private static let forms = "{ env: NAME } or { file: PATH }"
    private static let maximumBytes = 4096

    /// `VALUE`, `{ env: NAME }` or `{ file: PATH }`; nil, with the reason logged, where that is not what it says.
    func source(_ node: SettingsNode, _ name: String) -> SecretSource? {
        switch node.value {
        case .scalar(let text, _):
            guard !text.isEmpty else {
                log.error("'\(name)' is empty; write \(Self.forms)", at: node.place)
                return nil
            }
            return .literal(Secret(text))
        case .mapping:
            guard let section = Section(node, "'\(name)'", keys: ["env", "file"], log) else { return nil }
            switch (section["env"], section["file"]) {
            case (let variable?, nil): return environment(variable)
            case (nil, let path?): return path.text("file", log).map { .file($0) }
            case (nil, nil), (.some, .some):
                log.error("'\(name)' needs either env or file: \(Self.forms)", at: node.place)
                return nil
            }
        case .null, .sequence:
            log.error("'\(name)' is \(node.kind); write \(Self.forms)", at: node.place)
            return nil
        }
    }

    private func environment(_ node: SettingsNode) -> SecretSource? {
        guard let name = node.text("env", log) else { return nil }
        let isName = name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || $0 == 0x5F
        }
        guard isName else {
            // Not shown: it may be the secret itself.
            log.error("'env' must be the name of an environment variable: letters, digits and _", at: node.place)
            return nil
        }
        return .environment(name)
    }

    /// The secret that a value stands for. What is missing is a warning and `Secret.unresolved` while only checking.
    ///
    /// - Parameter allowingBlanks: within it, as a header's value may have them.
    func secret(_ node: SettingsNode, _ name: String, allowingBlanks: Bool = false) -> Secret? {
        switch source(node, name) {
        case nil:
            return nil
        case .literal(let secret):
            log.warning(
                "'\(name)' is written into the file, where everybody who reads the file sees it; use \(Self.forms)",
                at: node.place)
            return checked(secret, name, allowingBlanks, at: node.place)
        case .environment(let variable):
            guard let value = environment[variable], !value.isEmpty else {
                return missing("'\(name)': the environment variable \(variable) is not set; set it", at: node.place)
            }
            return checked(Secret(value), name, allowingBlanks, at: node.place)
        case .file(let path):
            return contents(of: path, name, at: node.place).flatMap {
                $0.isResolved ? checked($0, name, allowingBlanks, at: node.place) : $0
            }
        }
    }

    /// A path of a settings file, relative to the folder of that file.
    func resolve(_ path: String) -> String {
        path.hasPrefix("/") || directory.isEmpty ? path : directory + "/" + path
    }

    /// The path of a file that must be there when the daemon runs.
    func existingFile(_ node: SettingsNode, _ name: String, isSecret: Bool) -> String? {
        guard let written = node.text(name, log) else { return nil }
        let path = resolve(written)
        guard FileManager.default.isReadableFile(atPath: path) else {
            let text = "'\(name)': the file \(path) does not exist or cannot be read by this user"
            return missing(text, at: node.place) == nil ? nil : path
        }
        if isSecret { warnIfOpen(path, name, at: node.place) }
        return path
    }

    private func contents(of written: String, _ name: String, at place: Place) -> Secret? {
        let path = resolve(written)
        guard let handle = FileHandle(forReadingAtPath: path) else {
            return missing("'\(name)': the file \(path) does not exist or cannot be read by this user", at: place)
        }
        defer { try? handle.close() }
        guard let data = try? handle.read(upToCount: Self.maximumBytes + 1) ?? Data(), data.count <= Self.maximumBytes
        else {
            log.error(
                "'\(name)': \(path) is no file with a secret in it (at most \(Self.maximumBytes) bytes)", at: place)
            return nil
        }
        warnIfOpen(path, name, at: place)
        guard let text = String(data: data, encoding: .utf8) else {
            log.error("'\(name)': \(path) is not text; write the secret as one line of text", at: place)
            return nil
        }
        let secret = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !secret.isEmpty else {
            return missing("'\(name)': the file \(path) is empty; write the secret into it", at: place)
        }
        return Secret(secret)
    }

    private func warnIfOpen(_ path: String, _ name: String, at place: Place) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o004 != 0 else { return }
        log.warning("'\(name)': every user of this machine can read \(path); chmod 600 it", at: place)
    }

    /// What is only missing here may be there where the daemon runs.
    private func missing(_ text: String, at place: Place) -> Secret? {
        switch purpose {
        case .check:
            log.warning(text, at: place)
            return .unresolved
        case .serve:
            log.error(text, at: place)
            return nil
        }
    }

    /// Refuses what would break the header, URL or command it is sent in.
    private func checked(_ secret: Secret, _ name: String, _ allowingBlanks: Bool, at place: Place) -> Secret? {
        guard secret.reveal().utf8.allSatisfy({ ($0 > 0x20 && $0 != 0x7F) || ($0 == 0x20 && allowingBlanks) }) else {
            if allowingBlanks {
                log.error("'\(name)' has a line break or a control character in it; take one without", at: place)
                return nil
            }
            log.error(
                "'\(name)' has a space, a line break or a control character in it; take a secret without", at: place)
            return nil
        }
        return secret
    }
}
