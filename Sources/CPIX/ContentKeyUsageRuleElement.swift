package import Media

/// Which tracks a key is for. CPIX 2.4, `ContentKeyUsageRule`.
package struct ContentKeyUsageRuleElement: Sendable, Equatable {
    /// A `VideoFilter` or `AudioFilter`, with whatever bounds it has.
    package struct Filter: Sendable, Equatable {
        package enum Kind: String, Sendable { case video = "VideoFilter", audio = "AudioFilter" }
        /// Bounds that are numbers. Pixels are width times height; both ends belong to the range, but for `minFps`,
        /// which does not.
        package enum Bound: String, Sendable, CaseIterable {
            case minPixels, maxPixels, minFps, maxFps, minChannels, maxChannels
        }

        package var kind: Kind
        /// `minPixels`, `maxChannels` and so on, as text.
        package var bounds: [String: String]

        package init(_ kind: Kind, bounds: [String: String] = [:]) {
            self.kind = kind
            self.bounds = bounds
        }

        /// Nil where the bound is not there, or no number.
        package subscript(bound: Bound) -> UInt64? {
            get { bounds[bound.rawValue].flatMap { UInt64($0) } }
            set { bounds[bound.rawValue] = newValue.map { "\($0)" } }
        }

        /// `@hdr`; nil where it is not there.
        package var hdr: Bool? {
            get { bounds["hdr"].map { ["true", "1"].contains($0) } }
            set { bounds["hdr"] = newValue.map { $0 ? "true" : "false" } }
        }
    }

    package var keyID: KeyID
    /// `@intendedTrackType`: VIDEO, AUDIO, ALL and the finer ones of the encryption contract.
    package var intendedTrackType: String?
    /// `KeyPeriodFilter@periodId`.
    package var periodIDs: [String]
    package var filters: [Filter]

    package init(
        keyID: KeyID, intendedTrackType: String?, periodIDs: [String] = [], filters: [Filter] = []
    ) {
        self.keyID = keyID
        self.intendedTrackType = intendedTrackType
        self.periodIDs = periodIDs
        self.filters = filters
    }

    init(reading element: ElementTree) throws(CPIXError) {
        self.init(keyID: try element.keyID("kid"), intendedTrackType: element.attributes["intendedTrackType"])
        for child in element.children where child.isOurs {
            if child.name == "KeyPeriodFilter", let id = child.attributes["periodId"] { periodIDs.append(id) }
            if let kind = Filter.Kind(rawValue: child.name) {
                filters.append(Filter(kind, bounds: child.attributes.filter { !$0.key.contains(":") }))
            }
        }
    }

    func write(to writer: inout XMLTextWriter) {
        writer.element(
            "cpix:ContentKeyUsageRule", [("kid", keyID.uuid), ("intendedTrackType", intendedTrackType)]
        ) { writer in
            for id in periodIDs { writer.element("cpix:KeyPeriodFilter", [("periodId", id)]) }
            for filter in filters {
                writer.element(
                    "cpix:\(filter.kind.rawValue)", filter.bounds.sorted { $0.key < $1.key }.map { ($0, $1) })
            }
        }
    }
}
