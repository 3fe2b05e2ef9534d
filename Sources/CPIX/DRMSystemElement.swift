package import Media

/// A child of `DRMSystem`: an empty one asks the provider to fill it in.
package enum Signalling<Value: Sendable & Equatable>: Sendable, Equatable {
    case absent
    case requested
    case filled(Value)

    package var value: Value? {
        if case .filled(let value) = self { value } else { nil }
    }
}

/// What one DRM system needs said about one key. CPIX 2.3, `DRMSystem`.
package struct DRMSystemElement: Sendable, Equatable {
    package var keyID: KeyID
    package var systemID: DRMSystemID
    /// Whole `pssh` boxes.
    package var pssh: Signalling<[UInt8]> = .absent
    /// XML that goes inside the MPD's `ContentProtection` element.
    package var contentProtectionData: Signalling<String> = .absent
    /// Whole tag lines for the media playlist.
    package var hlsMedia: Signalling<[String]> = .absent
    /// Whole tag lines for the multivariant playlist.
    package var hlsMultivariant: Signalling<[String]> = .absent
    /// The PlayReady object of Smooth Streaming.
    package var smoothStreamingProtectionHeader: Signalling<[UInt8]> = .absent
    /// The URI attribute of EXT-X-KEY, as older providers answer it.
    package var uriExtXKey: Signalling<String> = .absent

    package init(keyID: KeyID, systemID: DRMSystemID) {
        self.keyID = keyID
        self.systemID = systemID
    }

    init(reading element: ElementTree) throws(CPIXError) {
        guard let systemText = element.attributes["systemId"] else {
            throw CPIXError(.missing, "Missing DRMSystem@systemId")
        }
        guard let systemID = DRMSystemID(parsing: systemText) else {
            throw CPIXError(.invalid, "DRMSystem@systemId is not a UUID")
        }
        self.init(keyID: try element.keyID("kid"), systemID: systemID)
        for child in element.children where child.namespace == CPIXDocument.namespace {
            switch child.name {
            case "PSSH": pssh.merge(try bytes(of: child))
            case "ContentProtectionData": contentProtectionData.merge(try text(of: child))
            case "HLSSignalingData":
                // CPIX 2.4 renamed `master`; without the attribute the data is for the media playlist.
                switch child.attributes["playlist"] ?? "media" {
                case "master", "multiVariant", "multivariant": hlsMultivariant.merge(try lines(of: child))
                default: hlsMedia.merge(try lines(of: child))
                }
            case "SmoothStreamingProtectionHeaderData": smoothStreamingProtectionHeader.merge(try bytes(of: child))
            case "URIExtXKey": uriExtXKey.merge(try text(of: child))
            default: break
            }
        }
    }

    /// Takes from a duplicate what is missing here.
    mutating func merge(_ other: DRMSystemElement) {
        pssh.merge(other.pssh)
        contentProtectionData.merge(other.contentProtectionData)
        hlsMedia.merge(other.hlsMedia)
        hlsMultivariant.merge(other.hlsMultivariant)
        smoothStreamingProtectionHeader.merge(other.smoothStreamingProtectionHeader)
        uriExtXKey.merge(other.uriExtXKey)
    }

    func write(to writer: inout XMLTextWriter) {
        writer.element("cpix:DRMSystem", [("kid", keyID.uuid), ("systemId", systemID.uuid)]) { writer in
            func child(_ name: String, _ value: Signalling<String>, playlist: String? = nil) {
                if value == .absent { return }
                writer.element("cpix:\(name)", [("playlist", playlist)], text: value.value)
            }
            child("PSSH", pssh.map { $0.base64 })
            child("ContentProtectionData", contentProtectionData.map { $0.utf8.base64 })
            child("URIExtXKey", uriExtXKey.map { $0.utf8.base64 })
            child("HLSSignalingData", hlsMedia.map { $0.joined(separator: "\n").utf8.base64 }, playlist: "media")
            child(
                "HLSSignalingData", hlsMultivariant.map { $0.joined(separator: "\n").utf8.base64 }, playlist: "master")
            child("SmoothStreamingProtectionHeaderData", smoothStreamingProtectionHeader.map { $0.base64 })
        }
    }

    private func bytes(of element: ElementTree) throws(CPIXError) -> Signalling<[UInt8]> {
        guard let bytes = element.text.base64Bytes else {
            throw CPIXError(.invalid, "\(element.name) of system \(systemID), KID \(keyID) is not base64")
        }
        return bytes.isEmpty ? .requested : .filled(bytes)
    }

    private func text(of element: ElementTree) throws(CPIXError) -> Signalling<String> {
        guard let bytes = try bytes(of: element).value else { return .requested }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CPIXError(.invalid, "\(element.name) of system \(systemID), KID \(keyID) is not UTF-8 in base64")
        }
        return .filled(text)
    }

    private func lines(of element: ElementTree) throws(CPIXError) -> Signalling<[String]> {
        guard let text = try text(of: element).value else { return .requested }
        let lines = text.split { $0.isNewline }.map(String.init)
        return lines.isEmpty ? .requested : .filled(lines)
    }
}

extension Signalling {
    /// A filled value stays; an empty one says more than none.
    fileprivate mutating func merge(_ other: Signalling) {
        if value == nil, other != .absent { self = other }
    }

    fileprivate func map<Other>(_ transform: (Value) -> Other) -> Signalling<Other> {
        switch self {
        case .absent: .absent
        case .requested: .requested
        case .filled(let value): .filled(transform(value))
        }
    }
}
