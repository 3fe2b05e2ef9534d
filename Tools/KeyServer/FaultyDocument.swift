import CPIX
import CommonEncryption
import ISOBMFF
import Media
import OpenSSLCrypto

extension Fault {
    /// Spoils a right answer in the way of this fault.
    func spoil(_ answer: inout CPIXDocument, _ desk: FaultDesk) {
        switch fault {
        case .delay, .hang, .cut, .truncate, .status, .garbage, .wrongVersion, .plainKey: break
        case .staleKey:
            for index in answer.contentKeys.indices {
                answer.contentKeys[index].key =
                    desk.last(of: answer.tracks(of: index)) ?? answer.contentKeys[index].key
            }
        case .changedKey:
            for index in answer.contentKeys.indices { answer.contentKeys[index].key = .drawn() }
        case .missingKey:
            for index in answer.contentKeys.indices { answer.contentKeys[index].key = nil }
        case .wrongKID:
            if !answer.contentKeys.isEmpty { answer.contentKeys[0].keyID = answer.contentKeys[0].keyID.other }
        case .overriddenKID:
            for index in answer.contentKeys.indices {
                answer.contentKeys[index].keyID = answer.contentKeys[index].keyID.other
            }
            for index in answer.drmSystems.indices {
                answer.drmSystems[index].keyID = answer.drmSystems[index].keyID.other
            }
            for index in answer.usageRules.indices {
                answer.usageRules[index].keyID = answer.usageRules[index].keyID.other
            }
        case .wrongContentID:
            answer.contentID = answer.contentID.map { $0 + "-other" }
            answer.id = answer.id.map { $0 + "-other" }
        case .wrongPeriod:
            for index in answer.periods.indices {
                answer.periods[index].index = answer.periods[index].index.map { $0 &+ 1 }
            }
        case .wrongScheme:
            for index in answer.contentKeys.indices {
                let scheme = answer.contentKeys[index].commonEncryptionScheme
                answer.contentKeys[index].commonEncryptionScheme = scheme == "cenc" ? "cbcs" : "cenc"
            }
        case .wrongIV:
            for index in answer.contentKeys.indices {
                answer.contentKeys[index].explicitIV = answer.contentKeys[index].keyID.other.bytes
            }
        case .otherSystemsPSSH:
            for index in answer.drmSystems.indices where answer.drmSystems[index].pssh.value != nil {
                let other: DRMSystemID = answer.drmSystems[index].systemID == .widevine ? .playReady : .widevine
                let box = ProtectionSystemSpecificHeader(
                    systemID: other, keyIDs: [answer.drmSystems[index].keyID])
                answer.drmSystems[index].pssh = .filled(box.serialize())
            }
        case .missingSystem:
            guard let system = answer.drmSystems.last?.systemID else { return }
            answer.drmSystems.removeAll { $0.systemID == system }
        case .missingElement: answer.drop(element ?? "PSSH", leavesEmpty: false)
        case .emptyElement: answer.drop(element ?? "PSSH", leavesEmpty: true)
        }
    }
}

extension CPIXDocument {
    /// The content and the track type of a key: what stays the same from period to period.
    func tracks(of index: Int) -> String {
        let id = contentKeys[index].keyID
        let type = usageRules.first { $0.keyID == id }?.intendedTrackType ?? "\(index)"
        return "\(content ?? "")\n\(type)"
    }

    fileprivate mutating func drop(_ element: String, leavesEmpty: Bool) {
        switch element {
        case "ContentKeyUsageRuleList": usageRules = []
        case "ContentKeyPeriodList": periods = []
        case "DRMSystemList": drmSystems = []
        default:
            for index in drmSystems.indices {
                switch element {
                case "PSSH": drmSystems[index].pssh.drop(leavesEmpty)
                case "ContentProtectionData": drmSystems[index].contentProtectionData.drop(leavesEmpty)
                case "HLSSignalingData":
                    drmSystems[index].hlsMedia.drop(leavesEmpty)
                    drmSystems[index].hlsMultivariant.drop(leavesEmpty)
                case "URIExtXKey": drmSystems[index].uriExtXKey.drop(leavesEmpty)
                case "KeyFormat": drmSystems[index].keyFormat.drop(leavesEmpty)
                case "KeyFormatVersions": drmSystems[index].keyFormatVersions.drop(leavesEmpty)
                case "ProtectionHeader": drmSystems[index].protectionHeader.drop(leavesEmpty)
                default: break
                }
            }
        }
    }
}

extension Signalling {
    fileprivate mutating func drop(_ leavesEmpty: Bool) {
        if self != .absent { self = leavesEmpty ? .requested : .absent }
    }
}

extension KeyID {
    /// One that nobody asked for.
    var other: KeyID {
        var bytes = bytes
        bytes[15] ^= 0xFF
        return KeyID(bytes: bytes) ?? self
    }
}

extension ContentKey {
    /// A key that nobody keeps; nil where there is no randomness.
    static func drawn() -> ContentKey? {
        guard var bytes = try? randomBytes(size) else { return nil }
        return ContentKey(moving: &bytes)
    }
}
