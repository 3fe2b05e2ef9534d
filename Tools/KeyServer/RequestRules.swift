import CPIX
import CommonEncryption
import Media

/// What SPEKE asks of a request. SPEKE API specification, versions 1.0, 2.0 and 2.1: standard payload components.
struct RequestRules {
    var version: SPEKEVersion

    /// The scheme of all keys; nil where they are for whole segments.
    func check(_ request: CPIXDocument) throws(Refusal) -> ProtectionScheme? {
        try version == .v1 ? checkFirst(request) : checkSecond(request)
    }

    /// SPEKE 1.0 has one key, and no scheme: FairPlay knows cbcs alone, the others were made for cenc.
    private func checkFirst(_ request: CPIXDocument) throws(Refusal) -> ProtectionScheme? {
        guard let id = request.id, !id.isEmpty else { throw Refusal(text: "Missing CPIX@id") }
        guard request.version == nil, request.contentID == nil else {
            throw Refusal(text: "CPIX@version and CPIX@contentId are not SPEKE 1.0's")
        }
        guard !request.contentKeys.isEmpty else { throw Refusal(text: "Missing ContentKeyList") }
        guard request.contentKeys.count == 1 else { throw Refusal(text: "SPEKE 1.0 has one ContentKey") }
        guard !request.drmSystems.isEmpty else { throw Refusal(text: "Missing DRMSystemList") }
        try checkReferences(request)
        try checkPeriods(request)
        let systems = Set(request.drmSystems.map(\.systemID))
        if systems.contains(.fairPlay) { return .cbcs }
        let wholeSegments = [.aes128, SystemFiller.aes128OfSPEKE1]
        return systems.allSatisfy { wholeSegments.contains($0) } ? nil : .cenc
    }

    private func checkSecond(_ request: CPIXDocument) throws(Refusal) -> ProtectionScheme? {
        guard let contentID = request.contentID, !contentID.isEmpty else { throw .missingContentID }
        guard let cpix = request.version else { throw .missingVersion }
        guard cpix == version.cpixVersion else { throw .unsupportedVersion }
        guard request.id == nil else { throw Refusal(text: "CPIX@id is not SPEKE \(version.rawValue)'s") }
        guard !request.contentKeys.isEmpty else { throw Refusal(text: "Missing ContentKeyList") }
        guard !request.drmSystems.isEmpty else { throw Refusal(text: "Missing DRMSystemList") }
        guard !request.usageRules.isEmpty else { throw Refusal(text: "Missing ContentKeyUsageRuleList") }
        let scheme = try scheme(request)
        try checkReferences(request)
        try checkPeriods(request)
        try UsageRules(rules: request.usageRules).check()
        let ruled = Set(request.usageRules.map(\.keyID))
        let described = Set(request.drmSystems.map(\.keyID))
        for id in request.contentKeys.map(\.keyID) {
            guard ruled.contains(id) else { throw Refusal(text: "Missing ContentKeyUsageRule for KID \(id)") }
            guard described.contains(id) else { throw Refusal(text: "Missing DRMSystem for KID \(id)") }
        }
        return scheme
    }

    private func scheme(_ request: CPIXDocument) throws(Refusal) -> ProtectionScheme? {
        var names: Set<String> = []
        for key in request.contentKeys {
            guard let name = key.commonEncryptionScheme, !name.isEmpty else { throw .missingScheme(key.keyID.uuid) }
            names.insert(name)
        }
        guard names.count == 1, let name = names.first else { throw .mixedSchemes }
        let scheme: ProtectionScheme?
        switch name {
        case "cenc": scheme = .cenc
        case "cbcs": scheme = .cbcs
        // 2.1 also takes the METHOD of an EXT-X-KEY.
        case "SAMPLE-AES" where version == .v21: scheme = .cbcs
        case "SAMPLE-AES-CTR" where version == .v21: scheme = .cenc
        case "AES-128" where version == .v21: scheme = nil
        default: throw Refusal(text: "Unsupported ContentKey@commonEncryptionScheme \(name.debugDescription)")
        }
        // FairPlay knows no other scheme.
        if scheme != .cbcs, request.drmSystems.contains(where: { $0.systemID == .fairPlay }) { throw .mixedSchemes }
        return scheme
    }

    private func checkReferences(_ request: CPIXDocument) throws(Refusal) {
        let ids = Set(request.contentKeys.map(\.keyID))
        for system in request.drmSystems where !ids.contains(system.keyID) {
            throw Refusal(text: "DRMSystem@kid \(system.keyID) is not in the ContentKeyList")
        }
        for rule in request.usageRules where !ids.contains(rule.keyID) {
            throw Refusal(text: "ContentKeyUsageRule@kid \(rule.keyID) is not in the ContentKeyList")
        }
    }

    /// Live content has periods, and each rule is for one of them; stored content has neither.
    private func checkPeriods(_ request: CPIXDocument) throws(Refusal) {
        for period in request.periods {
            guard let id = period.id, !id.isEmpty else { throw Refusal(text: "Missing ContentKeyPeriod@id") }
            let hasTimes = period.start != nil || period.startOffset != nil
            guard period.index != nil || (version == .v21 && hasTimes) else {
                throw Refusal(text: "Missing ContentKeyPeriod@index")
            }
            if let start = period.start, let end = period.end, end <= start {
                throw Refusal(text: "ContentKeyPeriod@end is not after its @start")
            }
        }
        let periods = Set(request.periods.compactMap(\.id))
        guard periods.count == request.periods.count else {
            throw Refusal(text: "ContentKeyPeriod@id values are not unique")
        }
        for rule in request.usageRules {
            guard periods.isSuperset(of: rule.periodIDs) else {
                throw Refusal(text: "KeyPeriodFilter@periodId for KID \(rule.keyID) is not in the ContentKeyPeriodList")
            }
            guard periods.isEmpty || !rule.periodIDs.isEmpty else {
                throw Refusal(text: "Missing KeyPeriodFilter for KID \(rule.keyID)")
            }
        }
    }
}
