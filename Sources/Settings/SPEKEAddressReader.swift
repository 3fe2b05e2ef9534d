import Foundation

/// Reads `url` of a key provider: an address, or a list of them.
struct SPEKEAddressReader {
    let log: DiagnosticLog

    /// Nil, with the reason logged, where any of them is wrong.
    func read(_ section: Section) -> [String]? {
        guard let node = section.required("url", "give the provider's address") else { return nil }
        guard case .sequence(let items) = node.value else { return read(node).map { [$0] } }
        guard (1...SPEKEProfile.maximumAddresses).contains(items.count) else {
            log.error(
                "'url' lists \(items.count) addresses; it must be 1 to \(SPEKEProfile.maximumAddresses)",
                at: node.place)
            return nil
        }
        var urls: [String] = []
        for item in items {
            guard let url = read(item) else { continue }
            if urls.contains(url) { log.error("this address is listed twice; keep one", at: item.place) }
            urls.append(url)
        }
        return urls.count == items.count ? urls : nil
    }

    private func read(_ node: SettingsNode) -> String? {
        guard let text = node.text("url", log) else { return nil }
        guard let components = URLComponents(string: text), let scheme = components.scheme?.lowercased(),
            ["http", "https"].contains(scheme), let host = components.host, !host.isEmpty
        else {
            log.error(
                "'url' must be an http or https address, such as https://keys.example.com/speke/v2.0/copyProtection",
                at: node.place)
            return nil
        }
        guard components.user == nil, components.password == nil else {
            log.error(
                "'url' has a user in it, which would end up in logs; use authentication: { basic: ... }", at: node.place
            )
            return nil
        }
        if scheme == "http", !Self.isLoopback(host) {
            log.warning(
                "keys would cross the network to \(host) unencrypted; use https, or keep the provider on this machine",
                at: node.place)
        }
        return text
    }

    private static func isLoopback(_ host: String) -> Bool {
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        return ListenAddress(host: bare, port: 0).isLoopback
    }
}
