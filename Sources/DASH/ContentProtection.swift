package import Media

/// How content is protected, or one system by which it can be played. ISO/IEC 23009-1:2022, clause 5.8.4.1.
package struct ContentProtection: Sendable, Hashable {
    /// A child element. ISO/IEC 23001-7:2023, clause 11.2, and the systems' own.
    package enum Content: Sendable, Hashable {
        /// `cenc:pssh`: a whole box.
        case pssh([UInt8])
        /// `mspr:pro`: a PlayReady object.
        case playReadyObject([UInt8])
        /// `dashif:laurl` and `dashif:Laurl`: where a licence is to be had, of type EME-1.0.
        case licenseURL(String)
        /// XML of a key server (CPIX ContentProtectionData), passed on as it is.
        /// It must have been found well-formed, with its own namespace declarations.
        case fragment(String)
    }

    package var schemeIDURI: String
    package var value: String?
    /// `cenc:default_KID`.
    package var defaultKeyID: KeyID?
    package var contents: [Content]

    package init(schemeIDURI: String, value: String? = nil, defaultKeyID: KeyID? = nil, contents: [Content] = []) {
        self.schemeIDURI = schemeIDURI
        self.value = value
        self.defaultKeyID = defaultKeyID
        self.contents = contents
    }

    /// The scheme and the key, which come before the systems. ISO/IEC 23009-1:2022, clause 5.8.5.2.
    package static func commonEncryption(_ scheme: ProtectionScheme, defaultKeyID: KeyID) -> ContentProtection {
        ContentProtection(
            schemeIDURI: "urn:mpeg:dash:mp4protection:2011", value: scheme.rawValue, defaultKeyID: defaultKeyID)
    }

    /// One system by its UUID. ISO/IEC 23009-1:2022, clause 5.8.5.3.
    package static func system(_ system: DRMSystemID, value: String? = nil, _ contents: [Content]) -> ContentProtection
    {
        ContentProtection(schemeIDURI: "urn:uuid:" + system.uuid, value: value, contents: contents)
    }

    /// ClearKey with its licence URL. No common PSSH stands beside it: dash.js then asks with the wrong data.
    package static func clearKey(licenseURL: String) -> ContentProtection {
        system(.clearKey, value: "ClearKey1.0", [.licenseURL(licenseURL)])
    }

    func write(to writer: inout XMLWriter) {
        let attributes: XMLWriter.Attributes = [
            "schemeIdUri": schemeIDURI, "value": value, "cenc:default_KID": defaultKeyID?.uuid,
        ]
        writer.element("ContentProtection", attributes) { writer in
            for content in contents {
                switch content {
                case .pssh(let box): writer.element("cenc:pssh", text: Base64.encode(box))
                case .playReadyObject(let object): writer.element("mspr:pro", text: Base64.encode(object))
                case .licenseURL(let url):
                    // DASH-IF's present spelling, and the older one, which is all that some players look for.
                    for name in ["dashif:laurl", "dashif:Laurl"] as [StaticString] {
                        writer.element(name, ["licenseType": "EME-1.0"], text: url)
                    }
                case .fragment(let xml): writer.fragment(xml)
                }
            }
        }
    }
}
