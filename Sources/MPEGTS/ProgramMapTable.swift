/// The elementary streams of a program. ISO/IEC 13818-1:2022, clause 2.4.4.8.
struct ProgramMapTable {
    struct Stream {
        var signalling: StreamSignalling
        var packetID: UInt16
        /// ISO 639-2 code of three letters; nil where the language is not known.
        var language: [UInt8]?
    }

    var packetID: UInt16
    var programNumber: UInt16
    var clockPacketID: UInt16
    /// 0 to 31; another one tells receivers that the streams are described anew.
    var version: UInt8 = 0
    var streams: [Stream]

    var section: TableSection {
        var body: [UInt8] = [0xE0 | UInt8(clockPacketID >> 8), UInt8(clockPacketID & 0xFF), 0xF0, 0]
        for stream in streams {
            // ISO_639_language_descriptor, clause 2.6.18; audio_type 0: undefined.
            let descriptors = stream.signalling.descriptors + (stream.language.map { [0x0A, 4] + $0 + [0] } ?? [])
            body += [
                stream.signalling.streamType, 0xE0 | UInt8(stream.packetID >> 8), UInt8(stream.packetID & 0xFF),
                0xF0, UInt8(descriptors.count),
            ]
            body += descriptors
        }
        return TableSection(
            packetID: packetID, tableID: 2, extensionID: programNumber, version: version, body: body)
    }
}
