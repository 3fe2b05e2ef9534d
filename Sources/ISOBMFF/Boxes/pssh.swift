package import Media

/// `pssh`: what one protection system needs to get a licence. ISO/IEC 23001-7:2023, clause 8.1.
package struct ProtectionSystemSpecificHeader: Box {
    package static let boxType: FourCC = "pssh"

    package var systemID: DRMSystemID
    /// The keys it is about: version 1. Version 0 is written where there are none.
    package var keyIDs: [KeyID]
    /// The system's own data.
    package var data: [UInt8]

    package init(systemID: DRMSystemID, keyIDs: [KeyID] = [], data: [UInt8] = []) {
        self.systemID = systemID
        self.keyIDs = keyIDs
        self.data = data
    }

    /// The common system's box, without data: what ClearKey in browsers reads.
    package static func common(keyIDs: [KeyID]) -> ProtectionSystemSpecificHeader {
        ProtectionSystemSpecificHeader(systemID: .common, keyIDs: keyIDs)
    }

    /// - Parameter bytes: exactly one whole box.
    package init(parsing bytes: Span<UInt8>) throws(ParseError) { try self.init(parsingBox: bytes) }

    /// The whole box.
    package func serialize() -> [UInt8] { serialized() }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        let version = try reader.readFullBox(maximumVersion: 1).version
        guard let systemID = DRMSystemID(parsing: try reader.readKeyID().hex) else {
            throw ParseError(.invalid, at: 4, "not a system ID")
        }
        self.systemID = systemID
        keyIDs = []
        if version == 1 {
            for _ in 0..<(try reader.readCount(entrySize: 16)) { keyIDs.append(try reader.readKeyID()) }
        }
        data = try reader.readBytes(try reader.readCount(entrySize: 1))
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox(version: keyIDs.isEmpty ? 0 : 1)
        writer.write(bytes: systemID.id.bytes)
        if !keyIDs.isEmpty {
            writer.write(UInt32(keyIDs.count))
            for keyID in keyIDs { writer.write(bytes: keyID.bytes) }
        }
        writer.write(UInt32(data.count))
        writer.write(bytes: data)
    }

    package func describe(to description: inout BoxDescription) {
        description.field("system", systemID)
        description.field("keyIDs", keyIDs.map(\.uuid).joined(separator: ","))
        description.field("data", data.count)
    }
}
