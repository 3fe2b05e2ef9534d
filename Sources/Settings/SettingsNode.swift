/// Where a value was written.
struct Place: Sendable, Hashable {
    var file: String
    /// From 1; 0 for a whole file, a variable or a flag.
    var line: Int
    var column: Int

    init(file: String, line: Int = 0, column: Int = 0) {
        self.file = file
        self.line = line
        self.column = column
    }
}

/// A value of a settings file with its place; scalars are text until somebody says what they should be.
///
/// Types are decided by the key and not by YAML's guesses: `language: no` is Norwegian, not false.
struct SettingsNode: Sendable {
    enum Value: Sendable {
        case null
        case scalar(String, isQuoted: Bool)
        case mapping([Entry])
        case sequence([SettingsNode])
    }

    struct Entry: Sendable {
        var key: String
        var keyPlace: Place
        var node: SettingsNode
    }

    var value: Value
    var place: Place

    var isNull: Bool {
        if case .null = value { true } else { false }
    }

    /// Where a value inside of it is written; nil where there is none.
    func place(of path: [String]) -> Place? {
        guard let key = path.first else { return place }
        guard case .mapping(let entries) = value else { return nil }
        return entries.first { $0.key == key }?.node.place(of: Array(path.dropFirst()))
    }

    /// What it is, for messages.
    var kind: String {
        switch value {
        case .null: "nothing"
        case .scalar: "a single value"
        case .mapping: "a mapping"
        case .sequence: "a list"
        }
    }
}

/// Collects everything that is wrong; reading goes on behind every error.
final class DiagnosticLog {
    private(set) var diagnostics: [Diagnostic] = []

    func error(_ text: String, at place: Place) { append(.error, text, place) }
    func warning(_ text: String, at place: Place) { append(.warning, text, place) }

    func append(_ severity: Diagnostic.Severity, _ text: String, _ place: Place) {
        let diagnostic = Diagnostic(
            severity: severity, file: place.file, line: place.line, column: place.column, text: text)
        // A value reached by two YAML aliases, or by a rule that two endpoints share, is reported once.
        if !diagnostics.contains(diagnostic) { diagnostics.append(diagnostic) }
    }
}
