import Testing

/// One way to break the sample profile, and all that must then be said.
struct BadProfile: Sendable, CustomTestStringConvertible {
    var name: String
    var old: String
    var new: String
    /// `LINE:COLUMN: error: text`, sorted.
    var expected: [String]

    init(_ name: String, _ old: String, _ new: String, _ expected: String...) {
        self.name = name
        self.old = old
        self.new = new
        self.expected = expected
    }

    var testDescription: String { name }
}
