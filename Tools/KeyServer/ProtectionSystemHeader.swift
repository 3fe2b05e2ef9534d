import Media

/// A `pssh` box. ISO/IEC 23001-7:2023, clause 8.1: version 1 where it lists KIDs, else version 0.
struct ProtectionSystemHeader {
    var systemID: DRMSystemID
    var keyIDs: [KeyID] = []
    var data: [UInt8] = []

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 64 + data.count)
        writer.write(UInt32(0))
        writer.write(FourCC("pssh"))
        writer.write(UInt8(keyIDs.isEmpty ? 0 : 1))
        writer.writeUInt24(0)
        writer.write(bytes: systemID.id.bytes)
        if !keyIDs.isEmpty {
            writer.write(UInt32(keyIDs.count))
            for id in keyIDs { writer.write(bytes: id.bytes) }
        }
        writer.write(UInt32(data.count))
        writer.write(bytes: data)
        writer.patch(UInt32(writer.count), at: 0)
        return writer.bytes
    }
}
