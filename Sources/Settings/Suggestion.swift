/// "Did you mean": the known word nearest to one that nobody knows.
enum Suggestion {
    /// `; did you mean 'width'?` or, where nothing is near, the words there are.
    static func text(for word: String, among known: [String]) -> String {
        if let near = nearest(to: word, among: known) { return "; did you mean '\(near)'?" }
        if let only = known.first, known.count == 1 { return "; there is only '\(only)'" }
        return known.count <= 12 ? "; known are \(list(known))" : ""
    }

    /// Nil where nothing is near, and where two words are equally so: `3.0` is no slip for `1.0`.
    static func nearest(to word: String, among known: [String]) -> String? {
        let folded = word.lowercased()
        let ranked = known.map { (word: $0, distance: distance(folded, $0.lowercased())) }
            .sorted { $0.distance < $1.distance }
        guard let best = ranked.first, best.distance <= max(1, min(word.count, best.word.count) / 3) else { return nil }
        return ranked.count > 1 && ranked[1].distance == best.distance ? nil : best.word
    }

    static func list(_ words: [String]) -> String { words.joined(separator: ", ") }

    /// Insertions, deletions, replacements and swaps of neighbours from one word to the other. Damerau's distance in
    /// its restricted form (optimal string alignment).
    static func distance(_ left: String, _ right: String) -> Int {
        // A word longer than any key is near to none; this also bounds the work.
        guard left.utf8.count <= 64, right.utf8.count <= 64 else { return 64 }
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        var table = [[Int]](repeating: Array(0...right.count), count: left.count + 1)
        for line in left.indices {
            table[line + 1][0] = line + 1
            for column in right.indices {
                let replaced = table[line][column] + (left[line] == right[column] ? 0 : 1)
                var best = min(replaced, table[line][column + 1] + 1, table[line + 1][column] + 1)
                if line > 0, column > 0, left[line] == right[column - 1], left[line - 1] == right[column] {
                    best = min(best, table[line - 1][column - 1] + 1)
                }
                table[line + 1][column + 1] = best
            }
        }
        return table[left.count][right.count]
    }
}
