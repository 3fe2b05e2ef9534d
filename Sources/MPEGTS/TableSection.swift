/// A program table as one whole packet, made once and repeated with its own continuity counter.
///
/// ISO/IEC 13818-1:2022, clauses 2.4.4.1 (pointer_field) and 2.4.4 (sections).
struct TableSection {
    let packetID: UInt16
    private let packet: [UInt8]

    /// - Parameters:
    ///   - tableID: 0 for the PAT, 2 for the PMT.
    ///   - extensionID: transport_stream_id or program_number.
    ///   - version: 0 to 31.
    ///   - body: what follows last_section_number; at most 171 bytes, so that the section fits its packet.
    init(packetID: UInt16, tableID: UInt8, extensionID: UInt16, version: UInt8 = 0, body: [UInt8]) {
        precondition(body.count <= PacketWriter.packetSize - 4 - 1 - 8 - 4, "a table of one packet")
        self.packetID = packetID
        let length = UInt16(5 + body.count + 4)
        var section: [UInt8] = [
            tableID, 0xB0 | UInt8(length >> 8), UInt8(length & 0xFF),
            UInt8(extensionID >> 8), UInt8(extensionID & 0xFF),
            // Current; section 0 of 0.
            0xC1 | version << 1, 0, 0,
        ]
        section += body
        let check = Self.crc32(section)
        section += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: check >> $0) }
        var packet: [UInt8] = [0x47, 0x40 | UInt8(packetID >> 8), UInt8(packetID & 0xFF), 0x10, 0]
        packet += section
        packet += repeatElement(0xFF, count: PacketWriter.packetSize - packet.count)
        self.packet = packet
    }

    /// The 188 bytes with a continuity counter of 0 to 15.
    func packet(continuityCounter: UInt8) -> [UInt8] {
        var bytes = packet
        bytes[3] |= continuityCounter & 0x0F
        return bytes
    }

    /// CRC_32. ISO/IEC 13818-1:2022, annex A.
    static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var register: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            register ^= UInt32(byte) << 24
            for _ in 0..<8 { register = register << 1 ^ (register >> 31 == 1 ? 0x04C1_1DB7 : 0) }
        }
        return register
    }
}
