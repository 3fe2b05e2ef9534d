import Media

/// Reads `systems`: names, UUIDs, or names with the UUIDs they are expected to have.
struct SystemReader {
    let log: DiagnosticLog

    private static let known: [(name: String, id: DRMSystemID)] = [
        ("fairplay", .fairPlay), ("widevine", .widevine), ("playready", .playReady), ("clearkey", .clearKey),
        ("common", .common), ("identity", .aes128),
    ]

    /// `[widevine, UUID]`, `[{ widevine: UUID }]` or `{ widevine: UUID }`; each with its place.
    func read(_ node: SettingsNode) -> [(DRMSystemID, Place)] {
        var systems: [(DRMSystemID, Place)] = []
        switch node.value {
        case .mapping(let entries):
            for entry in entries { add(pair(entry), entry.keyPlace, to: &systems) }
        case .sequence(let items):
            for item in items {
                switch item.value {
                case .mapping(let entries):
                    for entry in entries { add(pair(entry), entry.keyPlace, to: &systems) }
                case .scalar(let text, _):
                    add(system(text, at: item.place), item.place, to: &systems)
                case .null, .sequence:
                    log.error("a DRM system is \(item.kind); write its name or UUID", at: item.place)
                }
            }
        case .null, .scalar:
            log.error("'systems' is \(node.kind); it must be a list: [widevine, playready]", at: node.place)
        }
        return systems
    }

    private func add(_ system: DRMSystemID?, _ place: Place, to systems: inout [(DRMSystemID, Place)]) {
        guard let system else { return }
        if systems.contains(where: { $0.0 == system }) {
            log.error("this DRM system is listed twice; keep one", at: place)
        } else {
            systems.append((system, place))
        }
    }

    private func system(_ text: String, at place: Place) -> DRMSystemID? {
        if let known = Self.known.first(where: { $0.name == text }) { return known.id }
        let names = Self.known.map(\.name)
        guard let id = DRMSystemID(parsing: text) else {
            let suggestion = Suggestion.text(for: text, among: names)
            log.error("no DRM system has the name or UUID '\(text)'\(suggestion)", at: place)
            return nil
        }
        if !Self.known.contains(where: { $0.id == id }) {
            log.warning(
                "\(id) is no DRM system that Sluice knows: its signalling is passed on as the provider gives it",
                at: place)
        }
        return id
    }

    /// `widevine: edef8ba9-...`: the name and the id must agree.
    private func pair(_ entry: SettingsNode.Entry) -> DRMSystemID? {
        guard let expected = system(entry.key, at: entry.keyPlace) else { return nil }
        if entry.node.isNull { return expected }
        guard let text = entry.node.text(entry.key, log) else { return nil }
        guard let id = DRMSystemID(parsing: text) else {
            log.error("'\(text)' is no UUID; \(entry.key) has \(expected), or leave it out", at: entry.node.place)
            return nil
        }
        guard id == expected else {
            let owner = Self.known.first { $0.id == id }.map { ", that is \($0.name)'s" } ?? ""
            log.error(
                "wrong system id for \(entry.key): \(id)\(owner); \(entry.key) has \(expected)", at: entry.node.place)
            return nil
        }
        return id
    }
}
