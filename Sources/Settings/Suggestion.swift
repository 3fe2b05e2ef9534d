/// "Did you mean": the known word nearest to one that nobody knows.
enum Suggestion {
    /// `; did you mean 'width'?` or, where nothing is near, the words there are.
    static func text(for word: String, among known: [String]) -> String {
        if let near = nearest(to: word, among: known) { return "; did you mean '\(near)'?" }
        return known.count <= 12 ? "; known are \(list(known))" : ""
    }

    static func nearest(to word: String, among known: [String]) -> String? {
        let folded = word.lowercased()
        let best = known.map { ($0, distance(folded, $0.lowercased())) }.min { $0.1 < $1.1 }
        guard let (near, distance) = best, distance <= max(1, min(word.count, near.count) / 3) else { return nil }
        return near
    }

    static func list(_ words: [String]) -> String { words.joined(separator: ", ") }

    /// Insertions, deletions and replacements from one word to the other. Levenshtein's distance.
    static func distance(_ left: String, _ right: String) -> Int {
        // A word longer than any key is near to none; this also bounds the work.
        guard left.utf8.count <= 64, right.utf8.count <= 64 else { return 64 }
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (line, byte) in left.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for column in right.indices {
                let replaced = diagonal + (right[column] == byte ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
