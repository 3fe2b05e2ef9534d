import Foundation

/// Reads `ingest.webhook`.
struct WebHookReader {
    let secrets: SecretReader
    var log: DiagnosticLog { secrets.log }

    private static let keys = ["url", "secret", "caFile", "timeoutSeconds", "onFailure", "sendStreamKey"]

    /// Nil where there is none, or, with the reason logged, where it is wrong.
    func read(_ ingest: Section) -> WebHookProfile? {
        guard let node = ingest["webhook"], let section = Section(node, "webhook", keys: Self.keys, log) else {
            return nil
        }
        let url = section.required("url", "give the address to ask").flatMap { address($0) }
        let secret = section["secret"].map { secrets.secret($0, "secret") }
        if secret == nil {
            log.warning(
                "without 'secret' nobody can tell the requests of this webhook from others'; give one",
                at: section.place)
        }
        let sendsKey = section.bool("sendStreamKey", default: false)
        if let url, url.isOpen, sendsKey {
            log.warning(
                "stream keys would cross the network unencrypted; use https, or leave sendStreamKey out",
                at: section.place(of: "sendStreamKey"))
        }
        let profile = WebHookProfile(
            url: url?.text ?? "", secret: secret.flatMap { $0 },
            caFile: section["caFile"].flatMap { secrets.existingFile($0, "caFile", isSecret: false) },
            timeoutMilliseconds: section["timeoutSeconds"]?.milliseconds("timeoutSeconds", in: 100...30_000, log)
                ?? 5000,
            onFailure: section.word("onFailure", default: .deny), sendStreamKey: sendsKey)
        return url == nil ? nil : profile
    }

    private func address(_ node: SettingsNode) -> (text: String, isOpen: Bool)? {
        guard let text = node.text("url", log) else { return nil }
        guard let components = URLComponents(string: text), let scheme = components.scheme?.lowercased(),
            ["http", "https"].contains(scheme), let host = components.host, !host.isEmpty
        else {
            log.error("'url' must be an http or https address, such as https://example.com/sluice", at: node.place)
            return nil
        }
        guard components.user == nil, components.password == nil else {
            log.error("'url' has a user in it, which would end up in logs; use secret", at: node.place)
            return nil
        }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        return (text, scheme == "http" && !ListenAddress(host: bare, port: 0).isLoopback)
    }
}
