import Media

/// A CPIX document as SPEKE 2.0 uses it: a request to a key provider, or its answer. DASH-IF CPIX 2.3.
///
/// Reading is lenient: elements are found by namespace and local name, in any order; unknown ones are passed over;
/// duplicates are merged. What a reader of the document needs is for that reader to demand.
package struct CPIXDocument: Sendable, Equatable {
    static let namespace = "urn:dashif:org:cpix"
    static let pskcNamespace = "urn:ietf:params:xml:ns:keyprov:pskc"
    package static let version = "2.3"
    /// Items of one list of a document; SPEKE has a few keys, and a few systems for each.
    package static let maximumItems = 1024

    /// `CPIX@contentId`.
    package var contentID: String?
    /// `CPIX@version`.
    package var version: String?
    package var contentKeys: [ContentKeyElement]
    package var drmSystems: [DRMSystemElement]
    package var periods: [ContentKeyPeriodElement]
    package var usageRules: [ContentKeyUsageRuleElement]

    package init(
        contentID: String?, version: String? = CPIXDocument.version, contentKeys: [ContentKeyElement] = [],
        drmSystems: [DRMSystemElement] = [], periods: [ContentKeyPeriodElement] = [],
        usageRules: [ContentKeyUsageRuleElement] = []
    ) {
        self.contentID = contentID
        self.version = version
        self.contentKeys = contentKeys
        self.drmSystems = drmSystems
        self.periods = periods
        self.usageRules = usageRules
    }

    /// Parses at most 1 MiB of XML.
    package init(parsing xml: [UInt8]) throws(CPIXError) {
        let root = try ElementTree(parsing: xml)
        guard root.namespace == Self.namespace, root.name == "CPIX" else {
            throw CPIXError(.notCPIX, "the document's root is not a CPIX element of \(Self.namespace)")
        }
        self.init(contentID: root.attributes["contentId"], version: root.attributes["version"])
        for element in try root.list("ContentKeyList", "ContentKey") {
            let key = try ContentKeyElement(reading: element)
            if let index = contentKeys.firstIndex(where: { $0.keyID == key.keyID }) {
                contentKeys[index].merge(key)
            } else {
                contentKeys.append(key)
            }
        }
        for element in try root.list("DRMSystemList", "DRMSystem") {
            let system = try DRMSystemElement(reading: element)
            if let index = drmSystems.firstIndex(where: { $0.keyID == system.keyID && $0.systemID == system.systemID })
            {
                drmSystems[index].merge(system)
            } else {
                drmSystems.append(system)
            }
        }
        for element in try root.list("ContentKeyPeriodList", "ContentKeyPeriod") {
            periods.append(try ContentKeyPeriodElement(reading: element))
        }
        for element in try root.list("ContentKeyUsageRuleList", "ContentKeyUsageRule") {
            usageRules.append(try ContentKeyUsageRuleElement(reading: element))
        }
    }

    /// The document as XML text in UTF-8. That of an answer holds keys in the clear: it is for the wire alone.
    package var xml: [UInt8] {
        var writer = XMLTextWriter()
        writer.element(
            "cpix:CPIX",
            [
                ("contentId", contentID), ("version", version), ("xmlns:cpix", Self.namespace),
                ("xmlns:pskc", Self.pskcNamespace),
            ]
        ) { writer in
            writer.element("cpix:ContentKeyList") { for key in contentKeys { key.write(to: &$0) } }
            writer.element("cpix:DRMSystemList") { for system in drmSystems { system.write(to: &$0) } }
            if !periods.isEmpty {
                writer.element("cpix:ContentKeyPeriodList") { for period in periods { period.write(to: &$0) } }
            }
            writer.element("cpix:ContentKeyUsageRuleList") { for rule in usageRules { rule.write(to: &$0) } }
        }
        return Array(writer.text.utf8)
    }
}

extension ElementTree {
    /// The items of a list, over all occurrences of the list.
    fileprivate func list(_ list: String, _ item: String) throws(CPIXError) -> [ElementTree] {
        let items = children(CPIXDocument.namespace, list).flatMap { $0.children(CPIXDocument.namespace, item) }
        guard items.count <= CPIXDocument.maximumItems else {
            throw CPIXError(.tooLarge, "\(list) has more than \(CPIXDocument.maximumItems) items")
        }
        return items
    }

    /// A required attribute that holds a UUID.
    func keyID(_ attribute: String) throws(CPIXError) -> KeyID {
        guard let text = attributes[attribute] else { throw CPIXError(.missing, "Missing \(name)@\(attribute)") }
        guard let id = KeyID(parsing: text) else { throw CPIXError(.invalid, "\(name)@\(attribute) is not a UUID") }
        return id
    }
}
