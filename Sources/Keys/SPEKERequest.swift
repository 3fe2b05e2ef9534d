package import CPIX
import CommonEncryption
package import Media

/// The SPEKE request for the keys of one period of a contract, as a value.
package struct SPEKERequest: Sendable, Equatable {
    package let contract: KeyContract
    package let period: KeyPeriod
    package let version: SPEKEVersion
    package let quirks: SPEKEQuirks
    /// The KID may be the provider's choice.
    package let allowsKeyIDOverride: Bool
    /// For whom keys are to be encrypted, DER; nil: they come in the clear, within TLS.
    package let certificate: [UInt8]?

    package init(
        _ contract: KeyContract, period: KeyPeriod, version: SPEKEVersion = .v2, quirks: SPEKEQuirks = SPEKEQuirks(),
        allowsKeyIDOverride: Bool = false, certificate: [UInt8]? = nil
    ) {
        self.contract = contract
        self.period = period
        self.version = version
        self.quirks = quirks
        self.allowsKeyIDOverride = allowsKeyIDOverride
        self.certificate = certificate
    }

    /// The KID asked for: the same on every node and after every restart.
    package func keyID(of entry: ContractEntry) -> KeyID {
        KeyID.derived(
            contentID: contract.contentID, scheme: contract.scheme.rawValue, entry: entry.intendedTrackType,
            rotationIntervalSeconds: contract.rotationIntervalSeconds, period: period)
    }

    /// The IV asked for; nil where the scheme derives one for each sample or segment.
    func explicitIV(of keyID: KeyID) -> [UInt8]? {
        switch contract.scheme {
        case .cbcs, .sampleAES: InitializationVector.constantIV(keyID: keyID)
        case .cenc, .aes128: nil
        }
    }

    /// `ContentKey@commonEncryptionScheme`; SPEKE 1.0 has none.
    var schemeName: String? {
        switch (version, contract.scheme) {
        case (.v1, _): nil
        case (.v21, .aes128), (.v21, .sampleAES):
            quirks.sendMethodAsScheme ? contract.scheme.rawValue : contract.scheme.commonEncryptionScheme
        case (.v2, _), (.v21, _): contract.scheme.commonEncryptionScheme
        }
    }

    /// What the provider calls a system. AES-128 is registered nowhere: servers of each version know another number.
    func providersID(of system: DRMSystemID) -> DRMSystemID {
        guard system == .aes128 else { return system }
        return quirks.aes128SystemID ?? (version == .v1 ? Self.speke1AES128 : .aes128)
    }

    private static let speke1AES128 = DRMSystemID(parsing: "81376844-f976-481e-a84e-cc25d39b0b33") ?? .aes128

    /// `ContentKeyPeriod@index`.
    var periodIndex: UInt32 { UInt32(truncatingIfNeeded: period.index) }

    /// `ContentKeyPeriod@id`; an XML id cannot start with a digit.
    private var periodID: String { "period-\(period)" }

    private var hasPeriod: Bool {
        quirks.sendKeyPeriod && (version != .v1 || contract.rotationIntervalSeconds > 0)
    }

    package var document: CPIXDocument {
        var document =
            version == .v1
            ? CPIXDocument(contentID: nil, id: contract.contentID, version: nil)
            : CPIXDocument(contentID: contract.contentID, version: version.cpixVersion)
        if let word = quirks.multivariantWord { document.multivariantWord = word }
        if let certificate { document.deliveryData = [DeliveryDataElement(id: "packager", certificate: certificate)] }
        if hasPeriod { document.periods = [periodElement] }
        for entry in contract.entries {
            let id = keyID(of: entry)
            document.contentKeys.append(
                ContentKeyElement(
                    keyID: id, commonEncryptionScheme: schemeName,
                    // FairPlay's licence carries the IV, so the provider must know it.
                    explicitIV: quirks.sendExplicitIV ? explicitIV(of: id) : nil))
            document.drmSystems += contract.systems.map { request(for: $0, id) }
            // SPEKE 1.0 has one key for everything, and rules for the sake of the period alone.
            if version == .v1, !hasPeriod { continue }
            document.usageRules.append(
                ContentKeyUsageRuleElement(
                    keyID: id, intendedTrackType: version == .v1 ? nil : entry.intendedTrackType,
                    periodIDs: hasPeriod ? [periodID] : [],
                    filters: version == .v1 ? [] : entry.filters.map(\.element)))
        }
        return document
    }

    private var periodElement: ContentKeyPeriodElement {
        var element = ContentKeyPeriodElement(id: periodID, index: periodIndex)
        if version == .v21, contract.rotationIntervalSeconds > 0, !period.isReserve {
            element.start = Self.milliseconds(contract.startSeconds(of: period.index))
            element.end = Self.milliseconds(contract.startSeconds(of: period.index &+ 1))
        }
        return element
    }

    private static func milliseconds(_ seconds: Int64) -> Int64 { Int64(clamping: Int128(seconds) * 1000) }

    /// Asks for what manifests and boxes can hold of each system.
    private func request(for system: DRMSystemID, _ keyID: KeyID) -> DRMSystemElement {
        var element = DRMSystemElement(keyID: keyID, systemID: providersID(of: system))
        guard version != .v1 else {
            switch system {
            case .aes128, .fairPlay:
                element.uriExtXKey = .requested
                element.keyFormat = .requested
                element.keyFormatVersions = .requested
            case .playReady:
                element.pssh = .requested
                element.protectionHeader = .requested
            default: element.pssh = .requested
            }
            return element
        }
        element.hlsMedia = .requested
        element.hlsMultivariant = .requested
        switch system {
        case .aes128, .fairPlay: break
        case .clearKey: element.contentProtectionData = .requested
        default:
            element.pssh = .requested
            element.contentProtectionData = .requested
        }
        return element
    }
}

extension ContractEntry.Filter {
    fileprivate var element: ContentKeyUsageRuleElement.Filter {
        switch self {
        case .video(let least, let most):
            var filter = ContentKeyUsageRuleElement.Filter(.video)
            filter[.minPixels] = least
            filter[.maxPixels] = most
            return filter
        case .audio(let least, let most):
            var filter = ContentKeyUsageRuleElement.Filter(.audio)
            filter[.minChannels] = least.map(UInt64.init)
            filter[.maxChannels] = most.map(UInt64.init)
            return filter
        }
    }
}
