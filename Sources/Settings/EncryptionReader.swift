import Media

/// Reads an endpoint's `encryption`: what a combination of words means, and which combinations there are.
struct EncryptionReader {
    let log: DiagnosticLog
    let segmentSeconds: UInt32?
    /// The names under `speke`, those with errors among them, and the profiles without.
    let spekeNames: [String]
    let speke: [String: SPEKEProfile]

    private enum MethodWord: String, CaseIterable {
        case aes128 = "AES-128"
        case sampleAES = "SAMPLE-AES"
        case sampleAESCTR = "SAMPLE-AES-CTR"
    }

    /// Nil where the endpoint is to be clear, and where what it asks for is wrong and logged.
    func read(
        _ endpoint: Section, _ package: EndpointProfile.Package, _ container: EndpointProfile.Container
    ) -> EndpointEncryption? {
        guard let node = endpoint["encryption"] else {
            // `encryption:` with nothing behind it looks like protection; it must not be the lack of it.
            if endpoint.mentions("encryption") {
                log.error(
                    "'encryption' is empty; say how, or delete the key to serve in the clear",
                    at: endpoint.keyPlace("encryption"))
            }
            return nil
        }
        let keys = [
            "method", "scheme", "keyRotationIntervalSeconds", "speke", "systems", "rotationSignalling",
            "clearLeadSeconds",
        ]
        guard let section = Section(node, "encryption", keys: keys, log) else { return nil }
        let method = readMethod(section, package, container)
        let rotation = readRotation(section)
        let reference = readReference(section)
        let systems = method.map { readSystems(section, $0, package) }
        let signalling = readSignalling(section, method, package)
        let clearLead = readClearLead(section, signalling)
        warnOfPrefetch(section, rotation, reference)
        guard let method, let reference, let systems else { return nil }
        return EndpointEncryption(
            method: method, keyRotationIntervalSeconds: rotation, speke: reference, systems: systems,
            rotationSignalling: signalling, clearLeadSeconds: clearLead)
    }

    private func readClearLead(_ section: Section, _ signalling: EndpointEncryption.RotationSignalling) -> UInt32 {
        let key = "clearLeadSeconds"
        let seconds: UInt32 = section.integer(key, in: 0...3600, default: 0)
        guard seconds > 0 else { return 0 }
        let place = section.place(of: key)
        guard signalling != .inband else {
            log.error(
                "'\(key)' needs a manifest that says where the protection begins, so 'inband' cannot be; write both",
                at: place)
            return 0
        }
        log.warning("the first \(seconds) s of every event leave unprotected, for everybody", at: place)
        return seconds
    }

    private func readMethod(
        _ section: Section, _ package: EndpointProfile.Package, _ container: EndpointProfile.Container
    ) -> EndpointEncryption.Method? {
        let scheme = section.word("scheme", among: [ProtectionScheme.cenc, .cbcs])
        if section.has("scheme"), scheme == nil { return nil }
        switch package {
        case .dash:
            section.refuse(["method"], "is HLS's word; a dash endpoint says scheme: cenc or scheme: cbcs")
            guard !section.has("method"), section.required("scheme", "write scheme: cenc or scheme: cbcs") != nil else {
                return nil
            }
            return scheme.map { .commonEncryption($0) }
        case .hls:
            guard let node = section.required("method", "write AES-128 or SAMPLE-AES"),
                let word = node.word("method", MethodWord.self, log)
            else { return nil }
            return hlsMethod(word, scheme, container, section)
        }
    }

    private func hlsMethod(
        _ word: MethodWord, _ scheme: ProtectionScheme?, _ container: EndpointProfile.Container, _ section: Section
    ) -> EndpointEncryption.Method? {
        let place = section.place(of: "method")
        switch (word, container) {
        case (.aes128, _):
            section.refuse(["scheme"], "has no meaning with AES-128, which encrypts whole segments; delete it")
            return .aes128
        case (.sampleAESCTR, .ts):
            log.error("MPEG-TS cannot carry SAMPLE-AES-CTR (cenc); use AES-128, or container cmaf", at: place)
            return nil
        case (.sampleAES, .ts):
            if let scheme {
                log.error(
                    "MPEG-TS cannot carry \(scheme.rawValue), which is for CMAF; use method AES-128, or container cmaf",
                    at: section.place(of: "scheme"))
                return nil
            }
            return .sampleAES
        case (.sampleAES, .cmaf):
            if scheme == .cenc {
                log.error(
                    "SAMPLE-AES means cbcs; for cenc write method SAMPLE-AES-CTR", at: section.place(of: "scheme"))
                return nil
            }
            return .commonEncryption(.cbcs)
        case (.sampleAESCTR, .cmaf):
            if scheme == .cbcs {
                log.error(
                    "SAMPLE-AES-CTR means cenc; for cbcs write method SAMPLE-AES", at: section.place(of: "scheme"))
                return nil
            }
            return .commonEncryption(.cenc)
        }
    }

    private func readSignalling(
        _ section: Section, _ method: EndpointEncryption.Method?, _ package: EndpointProfile.Package
    ) -> EndpointEncryption.RotationSignalling {
        let key = "rotationSignalling"
        let signalling = section.word(key, default: EndpointEncryption.RotationSignalling.manifest)
        guard signalling != .manifest, let method else { return signalling }
        guard case .commonEncryption = method else {
            log.error("'\(key)' is for CMAF under cenc or cbcs; delete it", at: section.place(of: key))
            return .manifest
        }
        if signalling == .inband, package == .hls {
            log.error(
                "HLS says every key in its playlists, so 'inband' cannot be; write both, or manifest",
                at: section.place(of: key))
        }
        return signalling
    }

    /// 0 where it is wrong and logged, so that nothing else is said of it.
    private func readRotation(_ section: Section) -> UInt32 {
        let key = "keyRotationIntervalSeconds"
        let interval: UInt32 = section.integer(key, in: 0...31_536_000, default: 0)
        guard interval > 0 else { return 0 }
        let place = section.place(of: key)
        if let segment = segmentSeconds, interval < segment {
            log.error(
                "'\(key)' is \(interval), shorter than a segment of \(segment) s, which has one key; "
                    + "take a multiple of \(segment)",
                at: place)
            return 0
        }
        guard interval >= 10 else {
            log.error("'\(key)' is \(interval); it must be 0 (never) or at least 10", at: place)
            return 0
        }
        if let segment = segmentSeconds, interval % segment != 0 {
            log.warning(
                "'\(key)' is \(interval), no multiple of the \(segment) s of a segment: "
                    + "periods will differ by a segment",
                at: place)
        }
        return interval
    }

    private func readReference(_ section: Section) -> String? {
        guard
            let node = section.required("speke", "name the key provider: speke: main, and describe it under speke"),
            let name = node.text("speke", log)
        else { return nil }
        guard spekeNames.contains(name) else {
            let advice =
                spekeNames.isEmpty
                ? "; the profile has no speke section" : Suggestion.text(for: name, among: spekeNames)
            log.error("there is no key provider '\(name)' under speke\(advice)", at: node.place)
            return nil
        }
        return name
    }

    private func readSystems(
        _ section: Section, _ method: EndpointEncryption.Method, _ package: EndpointProfile.Package
    ) -> [DRMSystemID] {
        let scheme: ProtectionScheme
        switch method {
        case .aes128:
            section.refuse(["systems"], "has no meaning with AES-128, whose key players fetch by URL; delete it")
            return [.aes128]
        case .sampleAES:
            guard section.has("systems") else { return [.aes128] }
            scheme = .cbcs
        case .commonEncryption(let own): scheme = own
        }
        guard let node = section.required("systems", "list who can decrypt: systems: [widevine, playready]") else {
            return []
        }
        let systems = SystemReader(log: log).read(node)
        if case .sequence(let items) = node.value, items.isEmpty {
            log.error("'systems' is empty, so no player could decrypt; list at least one", at: node.place)
        }
        for (system, place) in systems {
            if method == .sampleAES, system != .fairPlay, system != .aes128 {
                log.error("only fairplay and identity decrypt SAMPLE-AES in MPEG-TS; leave the others out", at: place)
            }
            if system == .aes128, case .commonEncryption = method {
                if package == .dash {
                    log.error("identity is HLS's: a URL that gives the key; use clearkey here", at: place)
                } else if systems.count > 1 {
                    log.error(
                        "identity beside other systems makes players take the wrong one; give it an endpoint of its own",
                        at: place)
                } else {
                    log.warning("identity hands the key to everyone who may fetch its URL", at: place)
                }
            }
            if system == .fairPlay, scheme == .cenc {
                log.error("fairplay cannot decrypt cenc; use scheme cbcs, or leave fairplay out", at: place)
            } else if system == .fairPlay, package == .dash {
                log.warning("fairplay plays HLS only; it will not be listed in this manifest", at: place)
            }
            if system == .clearKey, systems.contains(where: { $0.0 != .clearKey }) {
                log.warning(
                    "clearkey hands the key to every player that asks, which undoes the other systems; "
                        + "leave it out where that matters",
                    at: place)
            }
        }
        return systems.map(\.0)
    }

    private func warnOfPrefetch(_ section: Section, _ rotation: UInt32, _ reference: String?) {
        guard rotation > 0, let profile = reference.flatMap({ speke[$0] }), profile.prefetchSeconds > rotation else {
            return
        }
        log.warning(
            "keys rotate every \(rotation) s, but prefetchSeconds is \(profile.prefetchSeconds): "
                + "keys are asked for more than a period ahead",
            at: section.place(of: "keyRotationIntervalSeconds"))
    }
}
