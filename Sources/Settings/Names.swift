/// Names that become parts of URLs and file names.
enum Names {
    static let advice = "use small letters, digits and hyphens, beginning with a letter or digit"

    /// [a-z0-9][a-z0-9-]*, at most `limit` characters.
    static func isValid(_ text: String, limit: Int) -> Bool {
        guard (1...limit).contains(text.utf8.count), text.utf8.first != 0x2D else { return false }
        return text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D }
    }

    /// The name under a key that must be there.
    static func read(_ key: String, of section: Section, limit: Int, _ advice: String) -> String? {
        guard let node = section.required(key, advice), let text = node.text(key, section.log) else { return nil }
        guard isValid(text, limit: limit) else {
            section.log.error("'\(key)' cannot be '\(text)': \(Self.advice), at most \(limit)", at: node.place)
            return nil
        }
        return text
    }

    /// A language tag by its form: `en`, `pt-BR`, `zh-Hant`. RFC 5646, clause 2.1.
    static func isLanguage(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let first = parts.first, (2...8).contains(first.utf8.count), text.utf8.count <= 35 else { return false }
        guard first.utf8.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) }) else { return false }
        return parts.dropFirst().allSatisfy { part in
            (1...8).contains(part.utf8.count)
                && part.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) }
        }
    }
}
