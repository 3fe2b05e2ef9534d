extension String {
    /// Words of an encoder as they may stand in a log: without control characters, which could begin a line of their own.
    var onOneLine: String {
        String(String.UnicodeScalarView(unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
}
