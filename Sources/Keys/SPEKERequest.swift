package import CPIX
import CommonEncryption
package import Media

/// The SPEKE 2.0 request for the keys of one period of a contract, as a value.
package struct SPEKERequest: Sendable, Equatable {
    package static let version = "2.0"

    package let contract: KeyContract
    package let period: KeyPeriod

    package init(_ contract: KeyContract, period: KeyPeriod) {
        self.contract = contract
        self.period = period
    }

    /// The KID asked for: the same on every node and after every restart.
    package func keyID(of entry: ContractEntry) -> KeyID {
        KeyID.derived(
            contentID: contract.contentID, scheme: contract.scheme.rawValue, entry: entry.intendedTrackType,
            rotationIntervalSeconds: contract.rotationIntervalSeconds, period: period)
    }

    /// `ContentKeyPeriod@id`; an XML id cannot start with a digit.
    private var periodID: String { "period-\(period)" }

    package var document: CPIXDocument {
        var document = CPIXDocument(contentID: contract.contentID)
        document.periods = [ContentKeyPeriodElement(id: periodID, index: UInt32(truncatingIfNeeded: period.index))]
        for entry in contract.entries {
            let id = keyID(of: entry)
            document.contentKeys.append(
                ContentKeyElement(
                    keyID: id, commonEncryptionScheme: contract.scheme.commonEncryptionScheme,
                    // FairPlay's licence carries the IV, so the provider must know it. CENC has one for each sample.
                    explicitIV: contract.scheme == .cbcs ? InitializationVector.constantIV(keyID: id) : nil))
            document.drmSystems += contract.systems.map { Self.request(for: $0, id) }
            document.usageRules.append(
                ContentKeyUsageRuleElement(
                    keyID: id, intendedTrackType: entry.intendedTrackType, periodIDs: [periodID],
                    filters: entry.filters.map(\.element)))
        }
        return document
    }

    /// Asks for what manifests and boxes can hold of each system.
    private static func request(for system: DRMSystemID, _ keyID: KeyID) -> DRMSystemElement {
        var element = DRMSystemElement(keyID: keyID, systemID: system)
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
        func bounds(_ pairs: [(String, (any FixedWidthInteger)?)]) -> [String: String] {
            Dictionary(uniqueKeysWithValues: pairs.compactMap { name, bound in bound.map { (name, "\($0)") } })
        }
        return switch self {
        case .video(let least, let most): .init(.video, bounds: bounds([("minPixels", least), ("maxPixels", most)]))
        case .audio(let least, let most):
            .init(.audio, bounds: bounds([("minChannels", least), ("maxChannels", most)]))
        }
    }
}
