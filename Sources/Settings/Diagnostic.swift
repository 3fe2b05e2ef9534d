/// One thing that is wrong, or dangerous, in a settings file: where, what, and what to do about it.
package struct Diagnostic: Sendable, Hashable {
    package enum Severity: String, Sendable, Hashable { case error, warning }

    package var severity: Severity
    /// The file as it was named by the user; the variable or flag where the value came from one.
    package var file: String
    /// From 1; 0 where there is no line (a whole file, a variable, a flag).
    package var line: Int
    /// From 1, counted in Unicode scalars.
    package var column: Int
    package var text: String

    package init(severity: Severity, file: String, line: Int, column: Int, text: String) {
        self.severity = severity
        self.file = file
        self.line = line
        self.column = column
        self.text = text
    }
}

extension Diagnostic: CustomStringConvertible {
    /// `FILE:LINE:COLUMN: error: text`, as compilers print and editors understand.
    package var description: String {
        let place = line > 0 ? "\(file):\(line):\(column)" : file
        return "\(place): \(severity.rawValue): \(text)"
    }
}

extension Diagnostic: Comparable {
    /// By file, then by place; an error before a warning of the same place.
    package static func < (left: Diagnostic, right: Diagnostic) -> Bool {
        if left.file != right.file { return left.file < right.file }
        if (left.line, left.column) != (right.line, right.column) {
            return (left.line, left.column) < (right.line, right.column)
        }
        if left.severity != right.severity { return left.severity == .error }
        return left.text < right.text
    }
}

extension Sequence<Diagnostic> {
    package var hasErrors: Bool { contains { $0.severity == .error } }
}

/// What a file is read for, which decides how grave a missing secret is.
package enum LoadPurpose: Sendable, Hashable {
    /// `sluice check`: secrets of the place of deployment may be missing here; that is a warning.
    case check
    /// `sluice serve`: a missing secret is an error, which disables the channel.
    case serve
}
