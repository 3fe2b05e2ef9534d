import CPIX
import CommonEncryption
import Media

/// Checks a SPEKE request and fills it in, without any effect.
struct KeyAnswer {
    var secret: MasterSecret
    /// Where players reach this server; without a slash at the end.
    var baseURL: String
    /// Whether keys belong to one content alone.
    var bindsContent: Bool

    /// The request with its keys, and with every empty element of a system filled in; encrypted where it asks for it.
    func filled(_ request: CPIXDocument, _ version: SPEKEVersion) throws(Refusal) -> CPIXDocument {
        let filler = SystemFiller(scheme: try RequestRules(version: version).check(request), baseURL: baseURL)
        var answer = request
        for index in answer.contentKeys.indices {
            answer.contentKeys[index].key = secret.key(
                for: answer.contentKeys[index].keyID, of: bindsContent ? request.content : nil)
        }
        for index in answer.drmSystems.indices {
            let id = answer.drmSystems[index].keyID
            guard let key = answer.contentKeys.first(where: { $0.keyID == id })?.key else { continue }
            try filler.fill(&answer.drmSystems[index], key)
        }
        return answer
    }
}

extension CPIXDocument {
    /// The content id, as this version of SPEKE calls it.
    var content: String? { contentID ?? id }
}
