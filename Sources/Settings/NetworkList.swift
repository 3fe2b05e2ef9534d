extension SettingsNode {
    /// Networks: a list, or a text with commas between them as variables have it.
    func networks(_ name: String, _ log: DiagnosticLog) -> [CIDR]? {
        let items: [SettingsNode]
        switch value {
        case .sequence(let list): items = list
        case .scalar(let text, let isQuoted):
            items = text.split(separator: ",").map { part in
                let network = part.drop { $0 == " " }
                return SettingsNode(value: .scalar(String(network), isQuoted: isQuoted), place: place)
            }
        case .mapping, .null:
            log.error("'\(name)' is \(kind); it must be a list: [\"10.0.0.0/8\"]", at: place)
            return nil
        }
        guard items.count <= 1024 else {
            log.error("'\(name)' lists \(items.count) networks; it must be 1024 at most", at: place)
            return nil
        }
        return items.compactMap { $0.network(name, log) }
    }

    /// One of them.
    func network(_ name: String, _ log: DiagnosticLog) -> CIDR? {
        guard let text = text(name, log) else { return nil }
        guard let network = CIDR(parsing: text) else {
            log.error("'\(text)' is no network; write ADDRESS/BITS, such as 10.0.0.0/8 or 2001:db8::/32", at: place)
            return nil
        }
        if network.hadHostBits { log.warning("\(text) is the network \(network); write it so", at: place) }
        return network
    }
}
