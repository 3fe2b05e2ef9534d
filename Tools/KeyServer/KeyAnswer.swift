import CPIX
import CommonEncryption
import Media

/// Checks a SPEKE 2.0 request and fills it in, without any effect.
struct KeyAnswer {
    var secret: MasterSecret
    /// Where players reach this server; without a slash at the end.
    var baseURL: String

    /// The request with its keys, and with every empty element of a system we know filled in.
    func filled(_ request: CPIXDocument) throws(Refusal) -> CPIXDocument {
        let scheme = try check(request)
        var answer = request
        for index in answer.contentKeys.indices {
            answer.contentKeys[index].key = secret.key(for: answer.contentKeys[index].keyID)
        }
        for index in answer.drmSystems.indices {
            SystemFiller(scheme: scheme, baseURL: baseURL).fill(&answer.drmSystems[index])
        }
        return answer
    }

    private func check(_ request: CPIXDocument) throws(Refusal) -> ProtectionScheme {
        guard let contentID = request.contentID, !contentID.isEmpty else { throw .missingContentID }
        guard let version = request.version else { throw .missingVersion }
        guard version == CPIXDocument.version else { throw .unsupportedVersion }
        guard !request.contentKeys.isEmpty else { throw Refusal(text: "Missing ContentKeyList") }
        guard !request.drmSystems.isEmpty else { throw Refusal(text: "Missing DRMSystemList") }
        guard !request.usageRules.isEmpty else { throw Refusal(text: "Missing ContentKeyUsageRuleList") }
        var schemes: Set<String> = []
        for key in request.contentKeys {
            guard let scheme = key.commonEncryptionScheme else { throw .missingScheme(key.keyID.uuid) }
            schemes.insert(scheme)
        }
        guard schemes.count == 1, let name = schemes.first, let scheme = ProtectionScheme(rawValue: name) else {
            throw .mixedSchemes
        }
        // FairPlay knows no other scheme.
        if scheme == .cenc, request.drmSystems.contains(where: { $0.systemID == .fairPlay }) { throw .mixedSchemes }
        let ids = Set(request.contentKeys.map(\.keyID))
        for system in request.drmSystems where !ids.contains(system.keyID) {
            throw Refusal(text: "DRMSystem@kid \(system.keyID) is not in the ContentKeyList")
        }
        try checkRules(request, ids)
        return scheme
    }

    private func checkRules(_ request: CPIXDocument, _ ids: Set<KeyID>) throws(Refusal) {
        let periods = Set(request.periods.compactMap(\.id))
        for rule in request.usageRules {
            guard ids.contains(rule.keyID) else {
                throw Refusal(text: "ContentKeyUsageRule@kid \(rule.keyID) is not in the ContentKeyList")
            }
            guard let type = rule.intendedTrackType, !type.isEmpty else {
                throw Refusal(text: "Missing ContentKeyUsageRule@intendedTrackType for KID \(rule.keyID)")
            }
            guard !rule.filters.isEmpty else {
                throw Refusal(text: "Missing VideoFilter or AudioFilter for KID \(rule.keyID)")
            }
            guard periods.isSuperset(of: rule.periodIDs) else {
                throw Refusal(text: "KeyPeriodFilter@periodId for KID \(rule.keyID) is not in the ContentKeyPeriodList")
            }
        }
        let types = request.usageRules.compactMap(\.intendedTrackType)
        guard Set(types).count == types.count else {
            throw Refusal(text: "ContentKeyUsageRule@intendedTrackType values are not unique")
        }
        guard types.count == 1 || !types.contains("ALL") else {
            throw Refusal(text: "ContentKeyUsageRule@intendedTrackType ALL with another rule beside it")
        }
        let ruled = Set(request.usageRules.map(\.keyID))
        for id in request.contentKeys.map(\.keyID) where !ruled.contains(id) {
            throw Refusal(text: "Missing ContentKeyUsageRule for KID \(id)")
        }
    }
}
