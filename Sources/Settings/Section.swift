/// A mapping of a settings file with the keys it may have; the others are reported as soon as it is opened.
struct Section {
    let place: Place
    let log: DiagnosticLog
    /// What the mapping is, for messages: `the ladder's rung`.
    let name: String
    private let entries: [SettingsNode.Entry]

    /// Nil, with the reason logged, where the node is no mapping.
    init?(_ node: SettingsNode, _ name: String, keys: [String], _ log: DiagnosticLog) {
        guard case .mapping(let entries) = node.value else {
            log.error("\(name) is \(node.kind); it must be a mapping of \(Suggestion.list(keys))", at: node.place)
            return nil
        }
        place = node.place
        self.log = log
        self.name = name
        self.entries = entries
        for entry in entries where !keys.contains(entry.key) {
            let suggestion = Suggestion.text(for: entry.key, among: keys)
            log.error("unknown key '\(entry.key)' in \(name)\(suggestion)", at: entry.keyPlace)
        }
    }

    /// Nil where the key is absent or null.
    subscript(key: String) -> SettingsNode? {
        entries.first { $0.key == key && !$0.node.isNull }?.node
    }

    func has(_ key: String) -> Bool { self[key] != nil }

    /// Whether the key is written, be it with nothing behind it.
    func mentions(_ key: String) -> Bool { entries.contains { $0.key == key } }

    /// Where the key is written; where the mapping begins if it is not.
    func keyPlace(_ key: String) -> Place { entries.first { $0.key == key }?.keyPlace ?? place }

    /// Where the key's value is written; where the mapping begins if it is not.
    func place(of key: String) -> Place { entries.first { $0.key == key }?.node.place ?? place }

    /// The value of a key that must be there.
    func required(_ key: String, _ advice: String) -> SettingsNode? {
        if let node = self[key] { return node }
        log.error("\(name) has no '\(key)'; \(advice)", at: entries.first { $0.key == key }?.keyPlace ?? place)
        return nil
    }

    func text(_ key: String) -> String? { self[key]?.text(key, log) }

    func integer<T: FixedWidthInteger>(_ key: String, in range: ClosedRange<T>) -> T? {
        self[key]?.integer(key, in: range, log)
    }

    func integer<T: FixedWidthInteger>(_ key: String, in range: ClosedRange<T>, default value: T) -> T {
        integer(key, in: range) ?? value
    }

    func bool(_ key: String, default value: Bool) -> Bool { self[key]?.bool(key, log) ?? value }

    func word<T: RawRepresentable & CaseIterable>(_ key: String, _ type: T.Type) -> T? where T.RawValue == String {
        self[key]?.word(key, type, log)
    }

    func word<T: RawRepresentable & CaseIterable>(_ key: String, default value: T) -> T where T.RawValue == String {
        word(key, T.self) ?? value
    }

    func word<T: RawRepresentable>(_ key: String, among values: [T]) -> T? where T.RawValue == String {
        self[key]?.word(key, among: values, log)
    }

    /// The items of a list; nil where the key is absent or, with the reason logged, where it is no list.
    func list(_ key: String, _ advice: String) -> [SettingsNode]? {
        guard let node = self[key] else { return nil }
        guard case .sequence(let items) = node.value else {
            log.error("'\(key)' is \(node.kind); it must be a list: \(advice)", at: node.place)
            return nil
        }
        return items
    }

    /// The entries of a mapping whose keys are names that the user gives.
    func names(_ key: String, _ advice: String) -> [SettingsNode.Entry] {
        guard let node = self[key] else { return [] }
        guard case .mapping(let entries) = node.value else {
            log.error("'\(key)' is \(node.kind); it must be a mapping: \(advice)", at: node.place)
            return []
        }
        return entries
    }

    /// An error for each of these keys that is there.
    func refuse(_ keys: [String], _ reason: String) {
        for key in keys where has(key) { log.error("'\(key)' \(reason)", at: keyPlace(key)) }
    }
}
