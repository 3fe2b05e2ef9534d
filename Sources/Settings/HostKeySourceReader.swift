/// Reads `storage.hostKey`: `{ file: PATH }` or `{ command: [PROGRAM, ARGUMENT, ...] }`.
struct HostKeySourceReader {
    let reader: SecretReader
    let log: DiagnosticLog

    /// Nil, with the reason logged, where it is neither.
    func read(_ node: SettingsNode) -> DaemonConfiguration.HostKeySource? {
        guard let section = Section(node, "'hostKey'", keys: ["file", "command"], log) else { return nil }
        switch (section["file"], section["command"]) {
        case (let file?, nil):
            return file.text("file", log).map { .file(reader.resolve($0)) }
        case (nil, _?):
            return command(section).map { .command($0) }
        case (nil, nil), (_?, _?):
            log.error("'hostKey' must have either 'file' or 'command'", at: node.place)
            return nil
        }
    }

    private func command(_ section: Section) -> [String]? {
        guard let items = section.list("command", "the program and its arguments") else { return nil }
        let words = items.compactMap { $0.text("command", log) }
        guard words.count == items.count else { return nil }
        guard let program = words.first else {
            log.error(
                "'command' is empty; it must be a list: the program and its arguments", at: section.place(of: "command")
            )
            return nil
        }
        // As in a shell: a name alone is looked for in PATH.
        return [program.contains("/") ? reader.resolve(program) : program] + words.dropFirst()
    }
}
