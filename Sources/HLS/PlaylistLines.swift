/// The lines of a playlist with their numbers, without empty lines and comments. RFC 8216, clause 4.1.
struct PlaylistLines: Sequence {
    enum Line {
        case uri(String)
        /// A tag: all up to the colon, and what follows it (empty without a colon).
        case tag(name: Substring, value: Substring, line: Substring)
    }

    private let lines: [Substring]

    /// - Throws: where the text does not begin with EXTM3U.
    init(_ text: String) throws(PlaylistError) {
        lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
        }
        guard lines.first == "#EXTM3U" else { throw PlaylistError(line: 1, "a playlist begins with #EXTM3U") }
    }

    func makeIterator() -> some IteratorProtocol<(number: Int, line: Line)> {
        lines.enumerated().lazy.dropFirst().compactMap { index, line -> (number: Int, line: Line)? in
            Self.line(line).map { (index + 1, $0) }
        }.makeIterator()
    }

    /// Nil where it is empty or a comment.
    static func line(_ line: Substring) -> Line? {
        if line.isEmpty { return nil }
        guard line.utf8.first == UInt8(ascii: "#") else { return .uri(String(line)) }
        guard line.utf8.starts(with: "#EXT".utf8) else { return nil }
        let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        let value = colon == line.endIndex ? "" : line[line.utf8.index(after: colon)...]
        return .tag(name: line[..<colon], value: value, line: line)
    }
}
