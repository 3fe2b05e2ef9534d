import Foundation

/// Reads `speke`: the key providers of a channel.
struct SPEKEReader {
    let secrets: SecretReader
    var log: DiagnosticLog { secrets.log }

    private static let keys = [
        "url", "version", "resourceId", "authentication", "keyPolicy", "prefetchSeconds", "onKeyFailure",
    ]

    struct Result {
        /// Every name, those whose provider has errors among them.
        var names: [String] = []
        var profiles: [String: SPEKEProfile] = [:]
        /// Where each name and each `resourceId` is written.
        var places: [String: Place] = [:]
        var resourcePlaces: [String: Place] = [:]
    }

    func read(_ root: Section) -> Result {
        var result = Result()
        for entry in root.names("speke", "main: { url: ..., resourceId: ... }") {
            result.names.append(entry.key)
            result.places[entry.key] = entry.keyPlace
            guard let section = Section(entry.node, "the key provider '\(entry.key)'", keys: Self.keys, log) else {
                continue
            }
            result.profiles[entry.key] = readProvider(section)
            if section.has("resourceId") { result.resourcePlaces[entry.key] = section.place(of: "resourceId") }
        }
        return result
    }

    private func readProvider(_ section: Section) -> SPEKEProfile? {
        let url = readURL(section)
        let resource = section.required("resourceId", "it names the content to the provider (the CPIX content id)")?
            .text("resourceId", log)
        let version = section.word("version", default: SPEKEProfile.Version.v2)
        switch version {
        case .v1: PendingFeature.speke1.report(at: section.place(of: "version"), log)
        case .v2: break
        case .v21: PendingFeature.speke21.report(at: section.place(of: "version"), log)
        }
        var authentication = SPEKEAuthentication.none
        if let node = section["authentication"], let read = SPEKEAuthenticationReader(secrets: secrets).read(node) {
            authentication = read
        }
        let policy = readPolicy(section, version)
        let failure = readFailure(section)
        let prefetch: UInt32 = section.integer("prefetchSeconds", in: 0...86400, default: 60)
        guard let url, let resource else { return nil }
        return SPEKEProfile(
            url: url, version: version, resourceID: resource, authentication: authentication,
            keyPolicy: policy, prefetchSeconds: prefetch, onKeyFailure: failure)
    }

    private func readURL(_ section: Section) -> String? {
        guard let node = section.required("url", "give the provider's address"), let text = node.text("url", log) else {
            return nil
        }
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

    private func readPolicy(_ section: Section, _ version: SPEKEProfile.Version) -> KeyPolicy {
        guard let node = section["keyPolicy"], let policy = Section(node, "keyPolicy", keys: ["video", "audio"], log)
        else { return KeyPolicy() }
        if version == .v1 {
            log.error(
                "'keyPolicy' is SPEKE 2's; version 1.0 has one key for everything, so delete it",
                at: section.keyPlace("keyPolicy"))
        }
        let video = policy.word("video", KeyPolicy.Video.self)
        let audio = policy.word("audio", KeyPolicy.Audio.self)
        if policy.has("video") && video == nil || policy.has("audio") && audio == nil { return KeyPolicy() }
        let result = KeyPolicy(video: video ?? .preset1, audio: audio ?? .preset1)
        check(result, policy)
        return result
    }

    private func check(_ policy: KeyPolicy, _ section: Section) {
        let video = section.place(of: "video")
        let audio = section.place(of: "audio")
        if (policy.video == .shared) != (policy.audio == .shared) {
            let place = policy.video == .shared ? audio : video
            log.error("SHARED means one key for video and audio, so both must say it", at: place)
            return
        }
        switch (policy.video, policy.audio) {
        case (.unencrypted, .unencrypted):
            log.error(
                "video and audio are both UNENCRYPTED; for an endpoint in the clear delete its encryption", at: video)
        case (.unencrypted, _): PendingFeature.unencryptedTracks.report(at: video, log)
        case (_, .unencrypted): PendingFeature.unencryptedTracks.report(at: audio, log)
        case (.shared, _): break
        case (_, _):
            if policy.video != .preset1 { PendingFeature.keyPresets.report(at: video, log) }
            if policy.audio != .preset1 { PendingFeature.keyPresets.report(at: audio, log) }
        }
    }

    private func readFailure(_ section: Section) -> KeyFailurePolicy {
        let standard = KeyFailurePolicy()
        guard let node = section["onKeyFailure"],
            let failure = Section(node, "onKeyFailure", keys: ["graceSeconds", "then"], log)
        else { return standard }
        return KeyFailurePolicy(
            graceSeconds: failure.integer("graceSeconds", in: 0...3600, default: standard.graceSeconds),
            then: failure.word("then", default: standard.then))
    }
}
