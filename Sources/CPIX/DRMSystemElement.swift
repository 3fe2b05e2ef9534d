package import Media

/// What one DRM system needs said about one key. CPIX 2.4, `DRMSystem`.
package struct DRMSystemElement: Sendable, Equatable {
    package var keyID: KeyID
    package var systemID: DRMSystemID
    /// Whole `pssh` boxes.
    package var pssh: Signalling<[UInt8]> = .absent
    /// XML that goes inside the MPD's `ContentProtection` element.
    package var contentProtectionData: Signalling<String> = .absent
    /// `ContentProtectionData@robustness`. SPEKE 2.1.
    package var robustness: String?
    /// Whole tag lines for the media playlist.
    package var hlsMedia: Signalling<[String]> = .absent
    /// Whole tag lines for the multivariant playlist.
    package var hlsMultivariant: Signalling<[String]> = .absent
    /// `@HLSAllowedCPC`: what the ALLOWED-CPC attribute of EXT-X-STREAM-INF says. SPEKE 2.1.
    package var hlsAllowedCPC: String?
    /// The PlayReady object of Smooth Streaming.
    package var smoothStreamingProtectionHeader: Signalling<[UInt8]> = .absent
    /// The URI attribute of EXT-X-KEY. SPEKE 1.0.
    package var uriExtXKey: Signalling<String> = .absent
    /// The KEYFORMAT attribute of EXT-X-KEY. SPEKE 1.0.
    package var keyFormat: Signalling<String> = .absent
    /// The KEYFORMATVERSIONS attribute of EXT-X-KEY. SPEKE 1.0.
    package var keyFormatVersions: Signalling<String> = .absent
    /// The PlayReady object. SPEKE 1.0.
    package var protectionHeader: Signalling<[UInt8]> = .absent

    package init(keyID: KeyID, systemID: DRMSystemID) {
        self.keyID = keyID
        self.systemID = systemID
    }

    /// Whether there is something from SPEKE 1.0's own namespace.
    var isSPEKE1: Bool { keyFormat != .absent || keyFormatVersions != .absent || protectionHeader != .absent }

    /// - Parameter word: becomes the one that the document uses, if it uses one.
    init(reading element: ElementTree, _ word: inout MultivariantWord) throws(CPIXError) {
        guard let systemText = element.attributes["systemId"] else {
            throw CPIXError(.missing, "Missing DRMSystem@systemId")
        }
        guard let systemID = DRMSystemID(parsing: systemText) else {
            throw CPIXError(.invalid, "DRMSystem@systemId is not a UUID")
        }
        self.init(keyID: try element.keyID("kid"), systemID: systemID)
        hlsAllowedCPC = element.attributes["HLSAllowedCPC"]
        let subject = "system \(systemID), KID \(keyID)"
        for child in element.children where child.isOurs {
            switch child.name {
            case "PSSH": pssh.merge(try child.signalledBytes(subject))
            case "ContentProtectionData":
                contentProtectionData.merge(try child.signalledText(subject))
                robustness = robustness ?? child.attributes["robustness"]
            case "HLSSignalingData":
                // Without the attribute the data is for the media playlist.
                switch child.attributes["playlist"]?.lowercased() {
                case "master":
                    word = .master
                    hlsMultivariant.merge(try child.signalledLines(subject))
                case "multivariant":
                    word = .multiVariant
                    hlsMultivariant.merge(try child.signalledLines(subject))
                default: hlsMedia.merge(try child.signalledLines(subject))
                }
            case "SmoothStreamingProtectionHeaderData":
                smoothStreamingProtectionHeader.merge(try child.signalledBytes(subject))
            case "URIExtXKey": uriExtXKey.merge(child.signalledPlainText())
            case "KeyFormat": keyFormat.merge(child.signalledPlainText())
            case "KeyFormatVersions": keyFormatVersions.merge(child.signalledPlainText())
            case "ProtectionHeader": protectionHeader.merge(try child.signalledBytes(subject))
            default: break
            }
        }
    }

    /// Takes from a duplicate what is missing here.
    mutating func merge(_ other: DRMSystemElement) {
        pssh.merge(other.pssh)
        contentProtectionData.merge(other.contentProtectionData)
        robustness = robustness ?? other.robustness
        hlsMedia.merge(other.hlsMedia)
        hlsMultivariant.merge(other.hlsMultivariant)
        hlsAllowedCPC = hlsAllowedCPC ?? other.hlsAllowedCPC
        smoothStreamingProtectionHeader.merge(other.smoothStreamingProtectionHeader)
        uriExtXKey.merge(other.uriExtXKey)
        keyFormat.merge(other.keyFormat)
        keyFormatVersions.merge(other.keyFormatVersions)
        protectionHeader.merge(other.protectionHeader)
    }

    func write(to writer: inout XMLTextWriter, _ word: MultivariantWord) {
        writer.element(
            "cpix:DRMSystem",
            [("kid", keyID.uuid), ("systemId", systemID.uuid), ("HLSAllowedCPC", hlsAllowedCPC)]
        ) { writer in
            func child(_ name: String, _ value: Signalling<String>, _ attribute: (String, String?)? = nil) {
                if value == .absent { return }
                writer.element(name, attribute.map { [$0] } ?? [], text: value.value)
            }
            func base64(_ text: Signalling<String>) -> Signalling<String> { text.map { $0.utf8.base64 } }
            func lines(_ lines: Signalling<[String]>) -> Signalling<String> {
                lines.map { $0.joined(separator: "\n").utf8.base64 }
            }
            child("cpix:PSSH", pssh.map { $0.base64 })
            child("cpix:ContentProtectionData", base64(contentProtectionData), ("robustness", robustness))
            child("cpix:URIExtXKey", base64(uriExtXKey))
            child("speke:KeyFormat", base64(keyFormat))
            child("speke:KeyFormatVersions", base64(keyFormatVersions))
            child("speke:ProtectionHeader", protectionHeader.map { $0.base64 })
            child("cpix:HLSSignalingData", lines(hlsMedia), ("playlist", "media"))
            child("cpix:HLSSignalingData", lines(hlsMultivariant), ("playlist", word.rawValue))
            child("cpix:SmoothStreamingProtectionHeaderData", smoothStreamingProtectionHeader.map { $0.base64 })
        }
    }
}
