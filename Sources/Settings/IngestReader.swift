import Media

/// Reads `ingest`.
struct IngestReader {
    let secrets: SecretReader
    var log: DiagnosticLog { secrets.log }

    func read(_ root: Section) -> IngestProfile? {
        guard
            let node = root.required(
                "ingest", "say who may publish: ingest: { streamKeys: { primary: { env: NAME } } }"),
            let section = Section(
                node, "ingest",
                keys: [
                    "streamKeys", "allow", "maxBitrate", "inputLoss", "sourceEndBehavior", "webhook", "redundancy",
                    "input",
                ], log)
        else { return nil }
        let files = FileInputReader(secrets: secrets)
        let input = files.read(section)
        let needsKeys = !section.mentions("input") || section.mentions("streamKeys")
        let keys = needsKeys ? readStreamKeys(section) : nil
        if let input, !needsKeys || keys != nil { files.check(input, beside: keys, section) }
        let profile = IngestProfile(
            streamKeys: keys ?? IngestProfile.StreamKeys(primary: []),
            allow: readAllow(section),
            maxBitrate: section.integer("maxBitrate", in: 100_000...1_000_000_000, default: 20_000_000),
            inputLoss: readInputLoss(section),
            sourceEndBehavior: section.word("sourceEndBehavior", default: .continue),
            webHook: WebHookReader(secrets: secrets).read(section),
            redundancy: readRedundancy(section, hasBackup: keys.map { !$0.backup.isEmpty || input != nil } ?? false),
            input: input)
        return needsKeys && keys == nil || !needsKeys && input == nil ? nil : profile
    }

    private func readStreamKeys(_ section: Section) -> IngestProfile.StreamKeys? {
        guard let node = section.required("streamKeys", "without a key nobody can publish"),
            let keys = Section(node, "streamKeys", keys: ["primary", "backup"], log)
        else { return nil }
        let primary = keys.required("primary", "write primary: { env: NAME }").flatMap { readKeys($0, "primary") }
        let backup = keys["backup"].flatMap { readKeys($0, "backup") } ?? []
        guard let primary else { return nil }
        if backup.contains(where: { $0.isResolved && primary.contains($0) }) {
            log.error(
                "'backup' is the same key as 'primary'; the two encoders need different keys",
                at: keys.place(of: "backup"))
        }
        for (name, secrets) in [("primary", primary), ("backup", backup)] {
            for secret in secrets where secret.isResolved && secret.reveal().utf8.contains(0x2F) {
                log.error(
                    "'\(name)' has a '/' in it, which encoders take for a part of the address",
                    at: keys.place(of: name))
            }
        }
        return IngestProfile.StreamKeys(primary: primary, backup: backup)
    }

    /// A key, or a list of two: the one in use and the one to come.
    private func readKeys(_ node: SettingsNode, _ name: String) -> [Secret]? {
        guard case .sequence(let items) = node.value else { return secrets.secret(node, name).map { [$0] } }
        guard (1...2).contains(items.count) else {
            log.error("'\(name)' lists \(items.count) keys; it must be one, or two while they change", at: node.place)
            return nil
        }
        let found = items.compactMap { secrets.secret($0, name) }
        if found.count == 2, found[0].isResolved, found[0] == found[1] {
            log.error("'\(name)' lists the same key twice; keep one", at: node.place)
        }
        return found.count == items.count ? found : nil
    }

    private func readRedundancy(_ section: Section, hasBackup: Bool) -> RedundancySettings {
        let standard = RedundancySettings()
        guard let node = section["redundancy"],
            let redundancy = Section(
                node, "redundancy",
                keys: [
                    "standby", "failBack", "failBackSeconds", "silenceMilliseconds", "videoBlackSeconds",
                    "audioSilenceSeconds",
                ], log)
        else { return standard }
        if !hasBackup {
            log.warning(
                "'redundancy' has no effect without streamKeys.backup, by which a second encoder is known, or an input",
                at: section.keyPlace("redundancy"))
        }
        let settings = RedundancySettings(
            standby: redundancy.word("standby", default: standard.standby),
            failBack: redundancy.word("failBack", default: standard.failBack),
            failBackSeconds: redundancy.integer("failBackSeconds", in: 1...86400, default: standard.failBackSeconds),
            silenceMilliseconds: redundancy.integer(
                "silenceMilliseconds", in: 200...60_000, default: standard.silenceMilliseconds),
            videoBlackSeconds: redundancy.integer(
                "videoBlackSeconds", in: 0...600, default: standard.videoBlackSeconds),
            audioSilenceSeconds: redundancy.integer(
                "audioSilenceSeconds", in: 0...600, default: standard.audioSilenceSeconds))
        let compared = [
            ("videoBlackSeconds", settings.videoBlackSeconds), ("audioSilenceSeconds", settings.audioSilenceSeconds),
        ]
        for (name, seconds) in compared where seconds > 0 && settings.standby == .cold {
            log.warning(
                "'\(name)' has no effect with standby: cold, which decodes nothing of the encoder that waits",
                at: redundancy.keyPlace(name))
        }
        return settings
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
            let loss = Section(node, "inputLoss", keys: ["holdSeconds", "fill", "end", "slate"], log)
        else { return standard }
        let fill = loss.word("fill", default: standard.fill)
        let seconds: UInt32 = loss.integer("holdSeconds", in: 0...86400, default: standard.holdSeconds)
        if fill != .none, seconds == 0 {
            log.error(
                "fill: \(fill.rawValue) for 0 seconds shows nothing; write how long, or fill: none",
                at: loss.place(of: "holdSeconds"))
        }
        if fill != .slate, loss.has("slate") {
            log.error(
                "'slate' is shown with fill: slate, but fill is \(fill.rawValue); change one of them",
                at: loss.keyPlace("slate"))
        }
        return InputLoss(
            holdSeconds: seconds, fill: fill, end: loss.word("end", default: standard.end),
            slate: SlateReader(secrets: secrets).read(in: loss))
    }

    /// What only the whole profile shows to be wrong.
    func check(_ loss: InputLoss, _ root: Section, _ ladder: Ladder, slate: SlateProfile) {
        guard loss.fill != .none, let node = root["ingest"], let place = node.place(of: ["inputLoss", "fill"]) else {
            return
        }
        if loss.fill == .slate, loss.slate.isBlack, slate.isBlack {
            log.error(
                "fill: slate has no picture; write inputLoss: { slate: { image: FILE } }, or clip: FILE", at: place)
        }
        if ladder.video.contains(where: { $0.codec == .copy }) || ladder.audio.contains(where: { $0.codec == .copy }) {
            log.warning(
                "fill: \(loss.fill.rawValue) is made as H.264 and AAC: where a rung with codec: copy passes on anything "
                    + "else, a lost input is a gap",
                at: place)
        }
    }
}
