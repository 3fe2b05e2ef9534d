import Foundation
import OpenSSLCrypto

/// Reads `access`, of the profile and of its endpoints.
struct AccessReader {
    let secrets: SecretReader
    var log: DiagnosticLog { secrets.log }

    private static let keys = ["cdn", "tokens", "allow", "deny", "countries"]
    private static let open = "open"

    func read(_ root: Section) -> ChannelAccess {
        var access = ChannelAccess()
        if let node = root["access"] {
            access.channel = read(node) ?? nil
        } else if root.mentions("access") {
            refuseEmpty(at: root.keyPlace("access"))
        }
        guard let endpoints = root["endpoints"], case .sequence(let nodes) = endpoints.value else { return access }
        for node in nodes {
            guard case .mapping(let entries) = node.value,
                let entry = entries.first(where: { $0.key == "access" }),
                case .scalar(let id, _) = entries.first(where: { $0.key == "id" })?.node.value
            else { continue }
            let own = entry.node
            if own.isNull { refuseEmpty(at: entry.keyPlace) }
            if !own.isNull, let read = read(own) { access.endpoints[id] = .some(read) }
        }
        return access
    }

    /// What is left of rules that were commented out does not open the door.
    private func refuseEmpty(at place: Place) {
        log.error("'access' has nothing behind it; write access: open, or its rules", at: place)
    }

    /// Nil, with the reason logged, where it is wrong; nil within for anybody.
    private func read(_ node: SettingsNode) -> AccessProfile?? {
        if case .scalar(let text, _) = node.value {
            if text == Self.open { return .some(nil) }
            log.error(
                "'access' cannot be '\(text)'; write open, or a mapping of \(Suggestion.list(Self.keys))",
                at: node.place)
            return nil
        }
        guard let section = Section(node, "access", keys: Self.keys, log) else { return nil }
        for key in Self.keys where section.mentions(key) && !section.has(key) {
            log.error("'\(key)' has nothing behind it; write its rule, or leave it out", at: section.keyPlace(key))
        }
        guard Self.keys.contains(where: section.has) else {
            log.error("'access' has no rule, so it would keep nobody out; write access: open", at: node.place)
            return nil
        }
        var profile = AccessProfile()
        profile.cdn = readCDN(section)
        profile.tokens = readTokens(section)
        profile.allow = readNetworks("allow", section)
        profile.deny = readNetworks("deny", section) ?? []
        profile.countries = readCountries(section)
        return profile
    }

    // MARK: CDN

    private func readCDN(_ access: Section) -> AccessProfile.CDN? {
        guard let node = access["cdn"], let section = Section(node, "cdn", keys: ["header", "secrets"], log) else {
            return nil
        }
        let header = readHeader(section) ?? (section.has("header") ? nil : AccessProfile.CDN.standardHeader)
        guard let list = section.required("secrets", "write secrets: [{ file: PATH }]") else { return nil }
        let items: [SettingsNode]
        if case .sequence(let nodes) = list.value { items = nodes } else { items = [list] }
        guard (1...2).contains(items.count) else {
            log.error(
                "'secrets' lists \(items.count) secrets; it must be one, or two while they change", at: list.place)
            return nil
        }
        let found = items.compactMap { item -> Secret? in
            guard let secret = secrets.secret(item, "secrets") else { return nil }
            if secret.isResolved, !(8...256).contains(secret.reveal().utf8.count) {
                log.error("a secret of the CDN has 8 to 256 characters; take another", at: item.place)
                return nil
            }
            return secret
        }
        guard let header, found.count == items.count else { return nil }
        return AccessProfile.CDN(header: header, secrets: found)
    }

    /// RFC 9110, clause 5.6.2.
    private func readHeader(_ section: Section) -> String? {
        guard let node = section["header"], let text = node.text("header", log) else { return nil }
        let isName = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || "!#$%&'*+-.^_`|~".utf8.contains($0)
        }
        guard isName, text.utf8.count <= 128 else {
            log.error("'header' is no name of a header, such as \(AccessProfile.CDN.standardHeader)", at: node.place)
            return nil
        }
        return text
    }

    // MARK: Tokens

    private func readTokens(_ access: Section) -> AccessProfile.Tokens? {
        guard let node = access["tokens"],
            let section = Section(
                node, "tokens", keys: ["placement", "parameter", "keys", "issuer", "audience"], log),
            section.required("keys", "write keys: [{ id: a, secret: { file: PATH } }]") != nil,
            let nodes = section.list("keys", "[{ id: a, secret: { file: PATH } }]")
        else { return nil }
        guard (1...8).contains(nodes.count) else {
            log.error("'keys' lists \(nodes.count) keys; it must be 1 to 8", at: section.place(of: "keys"))
            return nil
        }
        var tokens = AccessProfile.Tokens(keys: nodes.compactMap(readKey))
        for (index, key) in tokens.keys.enumerated() {
            guard let id = key.id, tokens.keys[..<index].contains(where: { $0.id == id }) else { continue }
            log.error("the key id '\(id)' is there twice; tokens find their key by it", at: section.place(of: "keys"))
        }
        tokens.placement = section.word("placement", default: tokens.placement)
        if let parameter = readParameter(section) { tokens.parameter = parameter }
        tokens.issuer = section.text("issuer")
        tokens.audience = section.text("audience")
        return tokens
    }

    private func readParameter(_ section: Section) -> String? {
        guard let node = section["parameter"], let text = node.text("parameter", log) else { return nil }
        let isName =
            text.utf8.count <= 32
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0 & 0xDF) || $0 == 0x2D || $0 == 0x5F
            }
        guard isName else {
            log.error("'parameter' must be letters, digits, - and _, at most 32, such as token", at: node.place)
            return nil
        }
        let taken = ["start", "end", "timedelay", "time_delay", "window", "manifest_window_seconds"]
        guard !text.hasPrefix("_HLS_"), !taken.contains(text.lowercased()) else {
            log.error(
                "'parameter' is \(text), which asks for something else; take another, such as token", at: node.place)
            return nil
        }
        return text
    }

    private func readKey(_ node: SettingsNode) -> AccessProfile.Key? {
        guard let section = Section(node, "a key", keys: ["id", "secret", "encoding", "publicKey"], log) else {
            return nil
        }
        let id = section.text("id")
        if let id, id.utf8.count > 64 {
            log.error("'id' has more than 64 characters", at: section.place(of: "id"))
        }
        switch (section["secret"], section["publicKey"]) {
        case (let secret?, nil):
            let encoding = section.word("encoding", default: SecretEncoding.text)
            return readSecret(secret, encoding).map { AccessProfile.Key(id: id, material: .secret($0, encoding)) }
        case (nil, let file?):
            section.refuse(["encoding"], "is a word of a secret; delete it")
            return readPublicKey(file).map { AccessProfile.Key(id: id, material: .publicKey(pem: $0)) }
        case (nil, nil), (.some, .some):
            log.error("a key needs either secret: { file: PATH } or publicKey: FILE", at: node.place)
            return nil
        }
    }

    private func readSecret(_ node: SettingsNode, _ encoding: SecretEncoding) -> Secret? {
        guard let secret = secrets.secret(node, "secret"), secret.isResolved else {
            return secrets.purpose == .check ? .unresolved : nil
        }
        guard let bytes = encoding.bytes(of: secret.reveal()) else {
            log.error("'secret' is not what encoding: \(encoding.rawValue) says", at: node.place)
            return nil
        }
        guard bytes.count >= 32 else {
            log.error(
                "'secret' has \(bytes.count) bytes; HMAC-SHA256 wants 32 or more: openssl rand -hex 32", at: node.place)
            return nil
        }
        return secret
    }

    private func readPublicKey(_ node: SettingsNode) -> String? {
        guard let path = secrets.existingFile(node, "publicKey", isSecret: false) else { return nil }
        guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? handle.close() }
        guard let data = try? handle.read(upToCount: 16385), data.count <= 16384, !data.isEmpty,
            let text = String(data: data, encoding: .utf8),
            (try? VerifyingKey(pem: Array(text.utf8).span)) != nil
        else {
            log.error(
                "'publicKey': \(path) has no public key in PEM in it of RSA (2048 bits or more), P-256 or Ed25519",
                at: node.place)
            return nil
        }
        return text
    }

    // MARK: Addresses and countries

    private func readNetworks(_ key: String, _ section: Section) -> [CIDR]? {
        guard let items = section.list(key, "[\"10.0.0.0/8\"]") else { return nil }
        guard (1...256).contains(items.count) else {
            log.error("'\(key)' lists \(items.count) networks; it must be 1 to 256", at: section.place(of: key))
            return nil
        }
        return items.compactMap { $0.network(key, log) }
    }

    private func readCountries(_ access: Section) -> AccessProfile.Countries? {
        guard let node = access["countries"],
            let section = Section(node, "countries", keys: ["header", "database", "allow", "deny"], log)
        else { return nil }
        guard section.has("header") != section.has("database") else {
            log.error(
                "'countries' needs either header: CloudFront-Viewer-Country, or another that the CDN sets, "
                    + "or database: FILE",
                at: node.place)
            return nil
        }
        if section.has("header"), !access.has("cdn"), !access.has("allow") {
            log.error(
                "'header' could be set by anybody: write cdn, or allow, so that only the CDN comes in",
                at: section.keyPlace("header"))
        }
        guard section.has("allow") != section.has("deny") else {
            log.error("'countries' needs either allow or deny: [CH, DE]", at: node.place)
            return nil
        }
        let (allow, deny) = (readCodes("allow", section), readCodes("deny", section))
        let source = section["database"].map(readDatabase) ?? readHeader(section).map { .header($0) }
        return source.map { AccessProfile.Countries(source: $0, allow: allow, deny: deny ?? []) }
    }

    /// Looks for what marks the end of each MaxMind DB file. MaxMind DB file format 2.0, "Database Metadata".
    private func readDatabase(_ node: SettingsNode) -> AccessProfile.Countries.Source? {
        guard let path = secrets.existingFile(node, "database", isSecret: false) else { return nil }
        guard let handle = FileHandle(forReadingAtPath: path) else { return .database(path: path, version: "") }
        defer { try? handle.close() }
        var status = stat()
        let size = (try? handle.seekToEnd()) ?? 0
        try? handle.seek(toOffset: size - min(size, 128 << 10))
        guard fstat(handle.fileDescriptor, &status) == 0, let end = try? handle.readToEnd(),
            end.range(of: Data([0xAB, 0xCD, 0xEF] + Array("MaxMind.com".utf8))) != nil
        else {
            log.error("'database': \(path) is no MaxMind DB file, such as GeoLite2-Country.mmdb", at: node.place)
            return nil
        }
        return .database(
            path: path, version: "\(status.st_ino) \(status.st_mtim.tv_sec) \(status.st_mtim.tv_nsec) \(size)")
    }

    /// ISO 3166-1 alpha-2.
    private func readCodes(_ key: String, _ section: Section) -> Set<String>? {
        guard let items = section.list(key, "[CH, DE]") else { return nil }
        if items.isEmpty { log.error("'\(key)' is an empty list; name a country: [CH]", at: section.place(of: key)) }
        var codes: Set<String> = []
        for item in items {
            guard let text = item.text(key, log) else { continue }
            guard text.utf8.count == 2, text.utf8.allSatisfy({ (0x41...0x5A).contains($0) }) else {
                log.error("'\(text)' is no country; write two capital letters (ISO 3166-1), such as CH", at: item.place)
                continue
            }
            codes.insert(text)
        }
        return codes
    }
}
