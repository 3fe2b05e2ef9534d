/// Reads `ingest`.
struct IngestReader {
    let secrets: SecretReader
    var log: DiagnosticLog { secrets.log }

    func read(_ root: Section) -> IngestProfile? {
        guard
            let node = root.required(
                "ingest", "say who may publish: ingest: { streamKeys: { primary: { env: NAME } } }"),
            let section = Section(
                node, "ingest", keys: ["streamKeys", "allow", "maxBitrate", "inputLoss", "sourceEndBehavior"], log)
        else { return nil }
        let keys = readStreamKeys(section)
        let profile = IngestProfile(
            streamKeys: keys ?? IngestProfile.StreamKeys(primary: .unresolved),
            allow: readAllow(section),
            maxBitrate: section.integer("maxBitrate", in: 100_000...1_000_000_000, default: 20_000_000),
            inputLoss: readInputLoss(section),
            sourceEndBehavior: section.word("sourceEndBehavior", default: .continue))
        return keys == nil ? nil : profile
    }

    private func readStreamKeys(_ section: Section) -> IngestProfile.StreamKeys? {
        guard let node = section.required("streamKeys", "without a key nobody can publish"),
            let keys = Section(node, "streamKeys", keys: ["primary", "backup"], log)
        else { return nil }
        let primary = keys.required("primary", "write primary: { env: NAME }").flatMap { secrets.secret($0, "primary") }
        var backup: Secret?
        if let node = keys["backup"] {
            backup = secrets.secret(node, "backup")
            PendingFeature.backupStreamKey.report(at: keys.keyPlace("backup"), log)
            if let backup, let primary, backup.isResolved, backup == primary {
                log.error("'backup' is the same key as 'primary'; the two encoders need different keys", at: node.place)
            }
        }
        guard let primary else { return nil }
        for (name, secret) in [("primary", primary), ("backup", backup ?? primary)] {
            guard secret.isResolved, secret.reveal().utf8.contains(0x2F) else { continue }
            log.error(
                "'\(name)' has a '/' in it, which encoders take for a part of the address", at: keys.place(of: name))
        }
        return IngestProfile.StreamKeys(primary: primary, backup: backup)
    }

    private func readAllow(_ section: Section) -> [CIDR] {
        guard let items = section.list("allow", "[\"10.0.0.0/8\"]") else { return CIDR.loopback }
        if items.isEmpty {
            log.error(
                "'allow' is an empty list, so nobody could publish; leave it out for loopback only",
                at: section.place(of: "allow"))
        }
        var networks: [CIDR] = []
        for item in items {
            guard let text = item.text("allow", log) else { continue }
            guard let network = CIDR(parsing: text) else {
                log.error(
                    "'\(text)' is no network; write ADDRESS/BITS, such as 10.0.0.0/8 or 2001:db8::/32", at: item.place)
                continue
            }
            if network.isEverything {
                log.warning("\(text) lets the whole world try stream keys; name the encoder's network", at: item.place)
            } else if network.hadHostBits {
                log.warning("\(text) is the network \(network); write it so", at: item.place)
            }
            networks.append(network)
        }
        return networks
    }

    private func readInputLoss(_ section: Section) -> InputLoss {
        let standard = InputLoss()
        guard let node = section["inputLoss"],
            let loss = Section(node, "inputLoss", keys: ["holdSeconds", "fill", "end"], log)
        else { return standard }
        let fill = loss.word("fill", default: standard.fill)
        if fill != .none { PendingFeature.inputLossFill.report(at: loss.place(of: "fill"), log) }
        return InputLoss(
            holdSeconds: loss.integer("holdSeconds", in: 0...86400, default: standard.holdSeconds), fill: fill,
            end: loss.word("end", default: standard.end))
    }
}
