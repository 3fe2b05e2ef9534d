/// The one program and where its map is. ISO/IEC 13818-1:2022, clause 2.4.4.3.
struct ProgramAssociationTable {
    static let packetID: UInt16 = 0
    static let transportStreamID: UInt16 = 1

    var programNumber: UInt16
    var programMapPacketID: UInt16

    var section: TableSection {
        TableSection(
            packetID: Self.packetID, tableID: 0, extensionID: Self.transportStreamID,
            body: [
                UInt8(programNumber >> 8), UInt8(programNumber & 0xFF),
                0xE0 | UInt8(programMapPacketID >> 8), UInt8(programMapPacketID & 0xFF),
            ])
    }
}
