package import Media

/// `pssh`: what one protection system needs to get a licence. ISO/IEC 23001-7:2023, clause 8.1.
package struct ProtectionSystemSpecificHeader: Sendable, Equatable {
    package var systemID: DRMSystemID
    /// The keys it is about; empty in version 0.
    package var keyIDs: [KeyID]
    /// The system's own data.
    package var data: [UInt8]

    package init(systemID: DRMSystemID, keyIDs: [KeyID] = [], data: [UInt8] = []) {
        self.systemID = systemID
        self.keyIDs = keyIDs
        self.data = data
    }

    /// The common system's box, version 1, without data: what ClearKey in browsers reads.
    package static func common(keyIDs: [KeyID]) -> ProtectionSystemSpecificHeader {
        ProtectionSystemSpecificHeader(systemID: .common, keyIDs: keyIDs)
    }

    /// - Parameter bytes: exactly one whole box.
    package init(parsing bytes: Span<UInt8>) throws(ParseError) {
        throw ParseError(.unsupported, at: 0, "not written yet")
    }

    /// The whole box.
    package func serialize() -> [UInt8] { [] }
}
