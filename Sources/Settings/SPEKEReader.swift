/// Reads `speke`: the key providers of a channel.
struct SPEKEReader {
    let secrets: SecretReader
    var log: DiagnosticLog { secrets.log }

    private static let keys = [
        "url", "version", "resourceId", "authentication", "headers", "caFile", "documentKey", "keyPolicy",
        "allowKeyIDOverride", "prefetchSeconds", "prefetchPeriods", "timeoutSeconds", "onKeyFailure", "quirks",
        "keyDelivery",
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
        let urls = SPEKEAddressReader(log: log).read(section)
        let resource = section.required("resourceId", "it names the content to the provider (the CPIX content id)")?
            .text("resourceId", log)
        let version = section.word("version", default: SPEKEProfile.Version.v2)
        var authentication = SPEKEAuthentication.none
        if let node = section["authentication"], let read = SPEKEAuthenticationReader(secrets: secrets).read(node) {
            authentication = read
        }
        var profile = SPEKEProfile(
            urls: urls ?? [], version: version, resourceID: resource ?? "", authentication: authentication,
            keyPolicy: readPolicy(section, version),
            prefetchSeconds: section.integer("prefetchSeconds", in: 0...86400, default: 60),
            onKeyFailure: readFailure(section))
        profile.headers = SPEKEHeaderReader(secrets: secrets).read(section, authentication)
        profile.caFile = section["caFile"].flatMap { secrets.existingFile($0, "caFile", isSecret: false) }
        profile.documentKey = readDocumentKey(section)
        profile.keyDelivery = readKeyDelivery(section)
        profile.allowKeyIDOverride = section.bool("allowKeyIDOverride", default: false)
        profile.prefetchPeriods = section.integer("prefetchPeriods", in: 1...2, default: 1)
        profile.timeoutMilliseconds =
            section["timeoutSeconds"]?.milliseconds("timeoutSeconds", in: 100...60_000, log) ?? 10_000
        profile.quirks = SPEKEQuirksReader(log: log).read(section, version)
        guard urls != nil, resource != nil else { return nil }
        checkTLS(section, profile)
        return profile
    }

    /// What has a meaning with TLS alone.
    private func checkTLS(_ section: Section, _ profile: SPEKEProfile) {
        guard profile.urls.allSatisfy({ $0.lowercased().hasPrefix("http:") }) else { return }
        section.refuse(["caFile"], "has no meaning with http, which has no certificates; use https, or delete it")
        if case .clientCertificate = profile.authentication {
            log.error(
                "clientCertificate has no meaning with http, which has no certificates; use https",
                at: section.place(of: "authentication"))
        }
    }

    private func readDocumentKey(_ section: Section) -> SPEKEProfile.DocumentKey? {
        guard let node = section["documentKey"],
            let pair = Section(node, "documentKey", keys: ["certificate", "privateKey"], log)
        else { return nil }
        let certificate = pair.required("certificate", "the path of a PEM file")
            .flatMap { secrets.existingFile($0, "certificate", isSecret: false) }
        let key = pair.required("privateKey", "the path of a PEM file")
            .flatMap { secrets.existingFile($0, "privateKey", isSecret: true) }
        guard let certificate, let key else { return nil }
        return SPEKEProfile.DocumentKey(certificate: certificate, privateKey: key)
    }

    private func readKeyDelivery(_ section: Section) -> SPEKEProfile.KeyDelivery? {
        guard let node = section["keyDelivery"],
            let delivery = Section(node, "keyDelivery", keys: ["tokenSecret", "tokenLifetimeSeconds"], log)
        else { return nil }
        let lifetime: UInt32 = delivery.integer("tokenLifetimeSeconds", in: 0...31_536_000, default: 86_400)
        guard
            let secret = delivery.required("tokenSecret", "the key server's: tokenSecret: { file: token-secret }")
                .flatMap({ secrets.secret($0, "tokenSecret") })
        else { return nil }
        guard secret == .unresolved || secret.reveal().utf8.count >= 32 else {
            log.error(
                "'tokenSecret' has less than 32 bytes; take the file that the key server made",
                at: delivery.place(of: "tokenSecret"))
            return nil
        }
        return SPEKEProfile.KeyDelivery(tokenSecret: secret, tokenLifetimeSeconds: lifetime)
    }

    private func readPolicy(_ section: Section, _ version: SPEKEProfile.Version) -> KeyPolicy {
        let standard = version == .v1 ? KeyPolicy(video: .shared, audio: .shared) : KeyPolicy()
        guard let node = section["keyPolicy"], let policy = Section(node, "keyPolicy", keys: ["video", "audio"], log)
        else { return standard }
        let video = policy.word("video", KeyPolicy.Video.self)
        let audio = policy.word("audio", KeyPolicy.Audio.self)
        if policy.has("video") && video == nil || policy.has("audio") && audio == nil { return standard }
        let result = KeyPolicy(video: video ?? .preset1, audio: audio ?? .preset1)
        if version == .v1, result != standard {
            log.error(
                "version 1.0 has one key for everything; delete 'keyPolicy', or say SHARED for video and audio",
                at: section.keyPlace("keyPolicy"))
            return standard
        }
        check(result, policy)
        return result
    }

    private func check(_ policy: KeyPolicy, _ section: Section) {
        let video = section.place(of: "video")
        let audio = section.place(of: "audio")
        if (policy.video == .shared) != (policy.audio == .shared) {
            let place = policy.video == .shared ? audio : video
            log.error("SHARED means one key for video and audio, so both must say it", at: place)
        } else if policy == KeyPolicy(video: .unencrypted, audio: .unencrypted) {
            log.error(
                "video and audio are both UNENCRYPTED; for an endpoint in the clear delete its encryption", at: video)
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
