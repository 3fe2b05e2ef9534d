import Media

/// Reads `quirks` of a key provider.
struct SPEKEQuirksReader {
    let log: DiagnosticLog

    private static var switches: [(String, WritableKeyPath<SPEKEProviderQuirks, Bool>)] {
        [
            ("acceptMissingVersionHeader", \.acceptMissingVersionHeader),
            ("acceptOtherContentID", \.acceptOtherContentID),
            ("acceptEmptySystems", \.acceptEmptySystems),
            ("acceptOtherKeyIDsInSignalling", \.acceptOtherKeyIDsInSignalling),
            ("acceptRepeatedKeys", \.acceptRepeatedKeys),
            ("acceptExplicitIV", \.acceptExplicitIV),
            ("sendExplicitIV", \.sendExplicitIV),
            ("sendKeyPeriod", \.sendKeyPeriod),
            ("rebuildSignalling", \.rebuildSignalling),
            ("sendMethodAsScheme", \.sendMethodAsScheme),
        ]
    }

    func read(_ parent: Section, _ version: SPEKEProfile.Version) -> SPEKEProviderQuirks {
        var quirks = SPEKEProviderQuirks()
        let names = Self.switches.map(\.0) + ["multivariantWord", "aes128SystemID"]
        guard let node = parent["quirks"], let section = Section(node, "quirks", keys: names, log) else {
            return quirks
        }
        for (name, path) in Self.switches {
            quirks[keyPath: path] = section.bool(name, default: quirks[keyPath: path])
        }
        quirks.multivariantWord = section.word("multivariantWord", SPEKEProviderQuirks.MultivariantWord.self)
        quirks.aes128SystemID = readSystem(section)
        switch version {
        case .v1:
            section.refuse(
                ["acceptMissingVersionHeader", "sendMethodAsScheme", "multivariantWord"],
                "has no meaning in version 1.0, which knows no such thing; delete it")
        case .v2: section.refuse(["sendMethodAsScheme"], "has a meaning in version 2.1 alone; delete it")
        case .v21: break
        }
        if quirks.acceptRepeatedKeys {
            log.warning(
                "a stale key would go unnoticed: the provider could answer one key for ever; "
                    + "leave 'acceptRepeatedKeys' to tests",
                at: section.keyPlace("acceptRepeatedKeys"))
        }
        return quirks
    }

    private func readSystem(_ section: Section) -> DRMSystemID? {
        guard let node = section["aes128SystemID"], let text = node.text("aes128SystemID", log) else { return nil }
        if let id = DRMSystemID(parsing: text) { return id }
        log.error("'aes128SystemID' is '\(text)'; it must be a UUID", at: node.place)
        return nil
    }
}
