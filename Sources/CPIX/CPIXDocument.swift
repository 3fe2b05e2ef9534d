import Media

/// A CPIX document as SPEKE uses it: a request to a key provider, or its answer. DASH-IF CPIX 2.3 and 2.4.
///
/// SPEKE 1.0 has `id`, 2.0 and 2.1 have `contentID` and `version`; the rest differs in what is filled in only.
///
/// Reading is lenient: elements are found by local name in any namespace of CPIX's, in none, or under a prefix that
/// nobody declared; in any order; unknown ones are passed over; duplicates are merged. What a reader of the document
/// needs is for that reader to demand.
package struct CPIXDocument: Sendable, Equatable {
    static let namespace = "urn:dashif:org:cpix"
    static let pskcNamespace = "urn:ietf:params:xml:ns:keyprov:pskc"
    static let spekeNamespace = "urn:aws:amazon:com:speke"
    static let signatureNamespace = "http://www.w3.org/2000/09/xmldsig#"
    static let encryptionNamespace = "http://www.w3.org/2001/04/xmlenc#"
    package static let version = "2.3"
    /// Items of one list of a document; SPEKE has a few keys, and a few systems for each.
    package static let maximumItems = 1024

    /// `CPIX@id`: the content id of SPEKE 1.0.
    package var id: String?
    /// `CPIX@contentId`.
    package var contentID: String?
    /// `CPIX@version`.
    package var version: String?
    /// For whom keys are encrypted; empty where they come in the clear.
    package var deliveryData: [DeliveryDataElement]
    package var contentKeys: [ContentKeyElement]
    package var drmSystems: [DRMSystemElement]
    package var periods: [ContentKeyPeriodElement]
    package var usageRules: [ContentKeyUsageRuleElement]
    /// How `HLSSignalingData@playlist` names the multivariant playlist: as read, or as the version writes it.
    package var multivariantWord: MultivariantWord

    package init(
        contentID: String?, id: String? = nil, version: String? = CPIXDocument.version,
        deliveryData: [DeliveryDataElement] = [], contentKeys: [ContentKeyElement] = [],
        drmSystems: [DRMSystemElement] = [], periods: [ContentKeyPeriodElement] = [],
        usageRules: [ContentKeyUsageRuleElement] = []
    ) {
        self.id = id
        self.contentID = contentID
        self.version = version
        self.deliveryData = deliveryData
        self.contentKeys = contentKeys
        self.drmSystems = drmSystems
        self.periods = periods
        self.usageRules = usageRules
        multivariantWord = version == SPEKEVersion.v21.cpixVersion ? .multiVariant : .master
    }

    /// Parses at most 1 MiB of XML.
    package init(parsing xml: [UInt8]) throws(CPIXError) { try self.init(parsing: xml.span) }

    /// Parses at most 1 MiB of XML. Keys go from there into `ContentKey`s; no other copy of them stays.
    package init(parsing xml: Span<UInt8>) throws(CPIXError) {
        let root = try ElementTree(parsing: xml)
        guard root.namespace == Self.namespace, root.name == "CPIX" else {
            throw CPIXError(.notCPIX, "the document's root is not a CPIX element of \(Self.namespace)")
        }
        self.init(
            contentID: root.attributes["contentId"], id: root.attributes["id"], version: root.attributes["version"])
        for element in try root.list("DeliveryDataList", "DeliveryData") {
            deliveryData.append(try DeliveryDataElement(reading: element))
        }
        for element in try root.list("ContentKeyList", "ContentKey") {
            let key = try ContentKeyElement(reading: element)
            if let index = contentKeys.firstIndex(where: { $0.keyID == key.keyID }) {
                try contentKeys[index].merge(key)
            } else {
                contentKeys.append(key)
            }
        }
        for element in try root.list("DRMSystemList", "DRMSystem") {
            let system = try DRMSystemElement(reading: element, &multivariantWord)
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

    /// The document as XML text in UTF-8. That of an answer may hold keys in the clear: it is for the wire alone, and
    /// the caller's to `cleanse`.
    package var xml: [UInt8] {
        var writer = XMLTextWriter()
        let isEncrypted = !deliveryData.isEmpty || contentKeys.contains { $0.encrypted != nil }
        writer.element(
            "cpix:CPIX",
            [
                ("id", id), ("contentId", contentID), ("version", version), ("xmlns:cpix", Self.namespace),
                ("xmlns:pskc", Self.pskcNamespace),
                ("xmlns:speke", drmSystems.contains { $0.isSPEKE1 } ? Self.spekeNamespace : nil),
                ("xmlns:ds", isEncrypted ? Self.signatureNamespace : nil),
                ("xmlns:enc", isEncrypted ? Self.encryptionNamespace : nil),
            ]
        ) { writer in
            if !deliveryData.isEmpty {
                writer.element("cpix:DeliveryDataList") { for element in deliveryData { element.write(to: &$0) } }
            }
            writer.element("cpix:ContentKeyList") { for key in contentKeys { key.write(to: &$0) } }
            writer.element("cpix:DRMSystemList") { writer in
                for system in drmSystems { system.write(to: &writer, multivariantWord) }
            }
            if !periods.isEmpty {
                writer.element("cpix:ContentKeyPeriodList") { for period in periods { period.write(to: &$0) } }
            }
            // SPEKE 1.0 has rules only where keys rotate.
            if !usageRules.isEmpty || id == nil {
                writer.element("cpix:ContentKeyUsageRuleList") { for rule in usageRules { rule.write(to: &$0) } }
            }
        }
        return writer.bytes
    }
}

extension ElementTree {
    /// The items of a list, over all occurrences of the list.
    fileprivate func list(_ list: String, _ item: String) throws(CPIXError) -> [ElementTree] {
        let items = children(list).flatMap { $0.children(item) }
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
