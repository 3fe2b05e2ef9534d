package import CPIX
import CommonEncryption
import Media

extension SPEKERequest {
    /// The keys in a provider's answer to this request, after every check that can be made without a player.
    package func keys(in answer: CPIXDocument) throws(KeyError) -> PeriodKeys {
        guard answer.contentID == contract.contentID else {
            throw invalid("its contentId is \(answer.contentID.map { $0.debugDescription } ?? "missing")")
        }
        let index = UInt32(truncatingIfNeeded: period.index)
        if let answered = answer.periods.first?.index, answered != index {
            throw invalid("it is for key period \(answered), not \(index)")
        }
        var keys: [(entry: ContractEntry, key: TrackKey)] = []
        for (position, entry) in contract.entries.enumerated() {
            let key = try key(of: entry, position, in: answer)
            if let other = keys.first(where: { $0.key.keyID == key.keyID }) {
                let types = "\(other.entry.intendedTrackType) and \(entry.intendedTrackType)"
                throw invalid("\(types) have the same KID, \(key.keyID)")
            }
            keys.append((entry, key))
        }
        return PeriodKeys(period, keys, unencrypted: contract.unencrypted)
    }

    private func key(
        of entry: ContractEntry, _ position: Int, in answer: CPIXDocument
    ) throws(KeyError) -> TrackKey {
        let id = try answeredKeyID(of: entry, position, in: answer)
        guard let element = answer.contentKeys.first(where: { $0.keyID == id }) else {
            throw invalid("no ContentKey for \(entry.intendedTrackType) (KID \(id))")
        }
        guard let key = element.key else {
            throw invalid(
                element.isEncrypted
                    ? "the key of KID \(id) is encrypted for a recipient, which is not supported"
                    : "no key in the ContentKey of KID \(id)")
        }
        if let scheme = element.commonEncryptionScheme, scheme != contract.scheme.commonEncryptionScheme {
            throw invalid("KID \(id) is for scheme \(scheme.debugDescription)")
        }
        var signalling: [DRMSystemID: SystemSignalling] = [:]
        for system in contract.systems {
            guard let element = answer.drmSystems.first(where: { $0.keyID == id && $0.systemID == system }) else {
                throw invalid("no DRMSystem \(system) for KID \(id)")
            }
            signalling[system] = try SystemSignalling(checking: element)
        }
        return TrackKey(
            keyID: id, key: key, constantIV: element.explicitIV ?? InitializationVector.constantIV(keyID: id),
            signalling: signalling)
    }

    /// The KID that the provider gave an entry: it may override ours. By usage rule first, by position last.
    private func answeredKeyID(
        of entry: ContractEntry, _ position: Int, in answer: CPIXDocument
    ) throws(KeyError) -> KeyID {
        let rules = answer.usageRules.filter { $0.intendedTrackType == entry.intendedTrackType }
        if let rule = rules.first {
            guard rules.allSatisfy({ $0.keyID == rule.keyID }) else {
                throw invalid("several KIDs for \(entry.intendedTrackType)")
            }
            return rule.keyID
        }
        let asked = keyID(of: entry)
        if answer.contentKeys.contains(where: { $0.keyID == asked }) { return asked }
        guard answer.contentKeys.count == contract.entries.count else {
            throw invalid("no ContentKey for \(entry.intendedTrackType) (KID \(asked))")
        }
        return answer.contentKeys[position].keyID
    }
}

extension SystemSignalling {
    /// Refuses what would break a manifest or a box: its bytes go into them as they are.
    init(checking element: DRMSystemElement) throws(KeyError) {
        let place = "of system \(element.systemID), KID \(element.keyID)"
        self.init(
            pssh: element.pssh.value, contentProtectionData: element.contentProtectionData.value,
            hlsMedia: element.hlsMedia.value ?? [], hlsMultivariant: element.hlsMultivariant.value ?? [])
        if let pssh {
            do throws(ParseError) {
                try ProtectionSystemHeaders.check(pssh, systemID: element.systemID)
            } catch {
                throw invalid("the PSSH \(place) is not a pssh box of it (\(error.reason))")
            }
        }
        if let contentProtectionData, !XMLFragment.isWellFormed(contentProtectionData) {
            throw invalid("the ContentProtectionData \(place) is not well-formed XML")
        }
        for (lines, tag) in [(hlsMedia, "#EXT-X-KEY:"), (hlsMultivariant, "#EXT-X-SESSION-KEY:")] {
            for line in lines {
                guard line.hasPrefix(tag), line.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
                    throw invalid("the HLSSignalingData \(place) has a line other than \(tag)")
                }
            }
        }
        if let first = hlsMedia.first {
            guard let attributes = HLSAttributes(parsing: first.dropFirst("#EXT-X-KEY:".count)) else {
                throw invalid("the HLSSignalingData \(place) is not an attribute list")
            }
            // NONE would tell players that protected segments are clear.
            guard attributes["METHOD"].map({ $0 != "NONE" }) == true else {
                throw invalid("the HLSSignalingData \(place) has no METHOD that encrypts")
            }
            keyURI = attributes["URI"]
        } else {
            keyURI = element.uriExtXKey.value
        }
        // AES-128 and FairPlay have nothing but the URI; any one thing will do for the others.
        let isFilled =
            switch element.systemID {
            case .aes128, .fairPlay: keyURI != nil
            default: pssh != nil || contentProtectionData != nil || keyURI != nil
            }
        guard isFilled else { throw invalid("nothing filled in \(place)") }
    }
}

private func invalid(_ reason: String) -> KeyError { KeyError(.invalidAnswer, reason) }
