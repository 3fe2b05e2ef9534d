/// When parts came: of each the moment at which somebody first knew of it, and for all players the time from there to
/// the last byte, in nanoseconds.
struct Arrivals {
    private var ready: [Place: UInt64] = [:]
    private var playlists: [UInt64] = []
    private var parts: [UInt64] = []
    private var bytes = 0
    private var listed: Set<Place> = []

    /// A playlist that lists the place is whole.
    mutating func noteListed(_ place: Place, at time: UInt64) {
        let first = min(ready[place] ?? time, time)
        ready[place] = first
        listed.insert(place)
        playlists.append(time - first)
    }

    /// The first bytes of an answer that was waited for.
    mutating func noteFirst(_ place: Place, at time: UInt64) {
        if ready[place] == nil { ready[place] = time }
    }

    mutating func noteWhole(_ place: Place, bytes count: Int, at time: UInt64) {
        guard let first = ready[place] else { return }
        parts.append(time - first)
        bytes += count
    }

    /// One line.
    /// - Parameter answers: all of them.
    func json(answers: Int) -> String {
        """
        {"answers": \(answers), "parts": \(listed.count), "playlistAnswers": \(playlists.count), "partAnswers": \(parts.count), \
        "partBytes": \(parts.isEmpty ? 0 : bytes / parts.count), \
        "playlistMilliseconds": \(Self.spread(playlists)), "partMilliseconds": \(Self.spread(parts))}
        """
    }

    private static func spread(_ values: [UInt64]) -> String {
        guard !values.isEmpty else { return "{}" }
        let sorted = values.sorted()
        func at(_ permille: Int) -> Double {
            (Double(sorted[min(sorted.count * permille / 1000, sorted.count - 1)]) / 10_000).rounded() / 100
        }
        return """
            {"median": \(at(500)), "p90": \(at(900)), "p99": \(at(990)), "p999": \(at(999)), "most": \(at(1000))}
            """
    }
}
