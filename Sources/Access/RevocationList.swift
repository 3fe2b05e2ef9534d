package import ViewerTokens

/// What opens nothing any more, though its signature is right.
package struct RevocationList: Sendable, Equatable {
    package enum Kind: String, Sendable, Hashable, CaseIterable, Codable { case session, token, subject }

    package struct Entry: Sendable, Hashable {
        package var kind: Kind
        package var id: String
        /// Seconds since the Unix epoch from which on the entry may be forgotten, as the tokens have expired; nil: never.
        package var until: Int64?

        package init(kind: Kind, id: String, until: Int64? = nil) {
            self.kind = kind
            self.id = id
            self.until = until
        }

        /// 1 to 128 bytes of printable characters without blanks and `#`, so that an entry is a line.
        package var isValid: Bool {
            (1...128).contains(id.utf8.count)
                && !id.unicodeScalars.contains {
                    $0.properties.isWhitespace || $0.value < 0x20 || $0.value == 0x7F || $0 == "#"
                }
        }
    }

    package static let maximumCount = 100_000

    private var sessions: [String: Int64] = [:]
    private var tokens: [String: Int64] = [:]
    private var subjects: [String: Int64] = [:]

    package init() {}

    package var count: Int { sessions.count + tokens.count + subjects.count }

    package func revokes(_ claims: TokenClaims) -> Bool {
        if let session = claims.session, sessions[session] != nil { return true }
        if let id = claims.id, tokens[id] != nil { return true }
        if let subject = claims.subject, subjects[subject] != nil { return true }
        return false
    }

    /// False where there is no room: nothing is forgotten for it.
    package mutating func add(_ entry: Entry) -> Bool {
        let until = entry.until ?? .max
        guard self[entry.kind][entry.id] != nil || count < Self.maximumCount else { return false }
        self[entry.kind][entry.id] = max(until, self[entry.kind][entry.id] ?? until)
        return true
    }

    /// False where it was not there.
    package mutating func remove(_ kind: Kind, _ id: String) -> Bool { self[kind].removeValue(forKey: id) != nil }

    /// What has expired goes.
    package mutating func prune(now: Int64) {
        for kind in Kind.allCases where self[kind].contains(where: { $0.value <= now }) {
            self[kind] = self[kind].filter { $0.value > now }
        }
    }

    /// In the order of their kinds and names.
    package var entries: [Entry] {
        Kind.allCases.flatMap { kind in
            self[kind].sorted { $0.key < $1.key }.map { id, until in
                Entry(kind: kind, id: id, until: until == .max ? nil : until)
            }
        }
    }

    private subscript(kind: Kind) -> [String: Int64] {
        get {
            switch kind {
            case .session: sessions
            case .token: tokens
            case .subject: subjects
            }
        }
        _modify {
            switch kind {
            case .session: yield &sessions
            case .token: yield &tokens
            case .subject: yield &subjects
            }
        }
    }
}

extension RevocationList {
    /// A line for each: `session ID`, `token ID` or `subject ID`, and seconds from the epoch where it ends.
    package var text: String {
        entries.map { entry in
            "\(entry.kind.rawValue) \(entry.id)" + (entry.until.map { " \($0)" } ?? "") + "\n"
        }.joined()
    }

    /// Reads those lines; empty ones and what follows `#` is passed over, and what has expired.
    ///
    /// Throws the number of the first line that is something else, or for which there is no room: half a list would
    /// let in whom the other half names. A last line that was torn, as by a full disk, is passed over.
    /// - Parameter now: seconds since the Unix epoch.
    package init(parsing text: String, now: Int64) throws(BadLine) {
        // By bytes: a mark that combines with what is before it must not hide the end of a line.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            do throws(BadLine) { try read(line, index, now: now) } catch {
                guard index == lines.count - 1 else { throw error }
            }
        }
    }

    private mutating func read(_ line: Substring.UTF8View, _ index: Int, now: Int64) throws(BadLine) {
        let words = line.prefix { $0 != UInt8(ascii: "#") }
            .split { [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r")].contains($0) }
            .map { String(Substring($0)) }
        if words.isEmpty { return }
        guard (2...3).contains(words.count), let kind = Kind(rawValue: words[0]) else {
            throw BadLine(number: index + 1)
        }
        var entry = Entry(kind: kind, id: words[1])
        if words.count == 3 {
            guard let until = Int64(words[2]) else { throw BadLine(number: index + 1) }
            entry.until = until
        }
        guard entry.isValid else { throw BadLine(number: index + 1) }
        if let until = entry.until, until <= now { return }
        guard add(entry) else { throw BadLine(number: index + 1) }
    }

    package struct BadLine: Error, Equatable {
        package var number: Int
    }
}
