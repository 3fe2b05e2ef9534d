package import CPIX
import CommonEncryption
import Media
import OpenSSLCrypto

extension SPEKERequest {
    /// The keys in a provider's answer to this request, after every check that can be made without a player. Keys that
    /// came encrypted must have been opened before.
    package func keys(in answer: CPIXDocument) throws(KeyError) -> PeriodKeys {
        try checkHead(of: answer)
        let rules = try rules(in: answer)
        var keys: [(entry: ContractEntry, key: TrackKey)] = []
        for (position, entry) in contract.entries.enumerated() {
            let key = try key(of: entry, position, rules, in: answer)
            if let other = keys.first(where: { $0.key.keyID == key.keyID }) {
                let types = "\(other.entry.intendedTrackType) and \(entry.intendedTrackType)"
                throw invalid("\(types) have the same KID, \(key.keyID)")
            }
            if !quirks.acceptRepeatedKeys, let other = keys.first(where: { $0.key.key == key.key }) {
                throw invalid("KIDs \(other.key.keyID) and \(key.keyID) have the same key")
            }
            keys.append((entry, key))
        }
        return PeriodKeys(period, keys, unencrypted: contract.unencrypted)
    }

    private func checkHead(of answer: CPIXDocument) throws(KeyError) {
        let name = version == .v1 ? "id" : "contentId"
        // Servers of SPEKE 1.0 that know 2.0 may say it by either.
        let contentID = version == .v1 ? answer.id ?? answer.contentID : answer.contentID
        guard contentID == contract.contentID || quirks.acceptOtherContentID else {
            throw invalid("its \(name) is \(contentID.map { $0.debugDescription } ?? "missing")")
        }
        // What we sent must not change. SPEKE 1.0 sent none, and does not look at it.
        if version != .v1, let answered = answer.version, answered != version.cpixVersion {
            throw invalid("its CPIX@version is \(answered.debugDescription), not \(version.cpixVersion ?? "")")
        }
    }

    /// The rules that hold in our key period.
    private func rules(in answer: CPIXDocument) throws(KeyError) -> [ContentKeyUsageRuleElement] {
        let known = answer.periods.filter { $0.index != nil }
        guard !known.isEmpty else { return answer.usageRules }
        guard let ours = known.first(where: { $0.index == periodIndex }) else {
            throw invalid("it is for key period \(known[0].index ?? 0), not \(periodIndex)")
        }
        return answer.usageRules.filter { rule in
            guard let id = ours.id, !rule.periodIDs.isEmpty else { return true }
            return rule.periodIDs.contains(id)
        }
    }

    private func key(
        of entry: ContractEntry, _ position: Int, _ rules: [ContentKeyUsageRuleElement], in answer: CPIXDocument
    ) throws(KeyError) -> TrackKey {
        let id = try answeredKeyID(of: entry, position, rules, in: answer)
        let asked = keyID(of: entry)
        guard id == asked || allowsKeyIDOverride else {
            throw invalid(
                "KID \(id) for \(entry.intendedTrackType) instead of \(asked); allowKeyIDOverride: true would accept it"
            )
        }
        guard let element = answer.contentKeys.first(where: { $0.keyID == id }) else {
            throw invalid("no ContentKey for \(entry.intendedTrackType) (KID \(id))")
        }
        guard let key = element.key else {
            throw invalid(
                element.isEncrypted
                    ? "the key of KID \(id) is encrypted for a recipient, but no documentKey is configured"
                    : "no key in the ContentKey of KID \(id)")
        }
        guard !constantTimeEqual(key.bytes, Self.zeros.span) else { throw invalid("the key of KID \(id) is all zeros") }
        if let scheme = element.commonEncryptionScheme, let asked = schemeName, scheme != asked {
            throw invalid("KID \(id) is for scheme \(scheme.debugDescription)")
        }
        var signalling: [DRMSystemID: SystemSignalling] = [:]
        for system in contract.systems {
            let name = providersID(of: system)
            let element = answer.drmSystems.first { $0.keyID == id && $0.systemID == name }
            guard element != nil || quirks.acceptEmptySystems else {
                throw invalid("no DRMSystem \(name) for KID \(id)")
            }
            signalling[system] = try SystemSignalling(
                checking: element ?? DRMSystemElement(keyID: id, systemID: name), as: system, of: key, for: self)
        }
        return TrackKey(
            keyID: id, key: key, constantIV: try constantIV(element, key), signalling: signalling)
    }

    private static let zeros = [UInt8](repeating: 0, count: ContentKey.size)

    /// The provider's IV where it gave one, for that is what its licences say; else ours.
    private func constantIV(_ element: ContentKeyElement, _ key: ContentKey) throws(KeyError) -> [UInt8] {
        let own = InitializationVector.constantIV(keyID: element.keyID)
        guard let iv = element.explicitIV else { return own }
        // It stands in every header and playlist. Test servers do this.
        guard !constantTimeEqual(iv.span, key.bytes) else {
            throw invalid("the explicitIV of KID \(element.keyID) is its key")
        }
        // Where every sample or segment has an IV of its own, this one is for nothing.
        guard let asked = explicitIV(of: element.keyID), iv != asked else { return own }
        guard quirks.acceptExplicitIV else {
            throw invalid("the explicitIV of KID \(element.keyID) is not ours; acceptExplicitIV: true would accept it")
        }
        return iv
    }

    /// The KID that the provider gave an entry. By usage rule first, by position last.
    private func answeredKeyID(
        of entry: ContractEntry, _ position: Int, _ rules: [ContentKeyUsageRuleElement], in answer: CPIXDocument
    ) throws(KeyError) -> KeyID {
        let asked = keyID(of: entry)
        let ours = rules.filter { version == .v1 || $0.intendedTrackType == entry.intendedTrackType }
        if let rule = ours.first {
            guard ours.allSatisfy({ $0.keyID == rule.keyID }) else {
                throw invalid("several KIDs for \(entry.intendedTrackType)")
            }
            return rule.keyID
        }
        if answer.contentKeys.contains(where: { $0.keyID == asked }) { return asked }
        guard answer.contentKeys.count == contract.entries.count else {
            throw invalid("no ContentKey for \(entry.intendedTrackType) (KID \(asked))")
        }
        return answer.contentKeys[position].keyID
    }
}

private func invalid(_ reason: String) -> KeyError { KeyError(.invalidAnswer, reason) }
