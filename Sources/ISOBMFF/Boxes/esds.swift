package import Media

/// `esds`: the configuration of AAC in MPEG-4 descriptors. ISO/IEC 14496-14:2020, clause 6.7.2; ISO/IEC 14496-1:2010,
/// clauses 7.2.6.5 to 7.2.6.8 and 8.3.3 (sizes).
package struct ElementaryStreamDescriptor: Box {
    package static let boxType: FourCC = "esds"

    /// Bits a second; 0 where not known.
    package var maximumBitrate: UInt32
    package var averageBitrate: UInt32
    package var configuration: AudioSpecificConfig

    private enum Tag {
        static let stream: UInt8 = 3
        static let decoder: UInt8 = 4
        static let decoderSpecific: UInt8 = 5
        static let synchronisation: UInt8 = 6
    }

    package init(configuration: AudioSpecificConfig, maximumBitrate: UInt32 = 0, averageBitrate: UInt32 = 0) {
        self.configuration = configuration
        self.maximumBitrate = maximumBitrate
        self.averageBitrate = averageBitrate
    }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader) throws(ParseError) {
        _ = try reader.readFullBox()
        var stream = try Self.readDescriptor(Tag.stream, from: &reader)
        try reader.skip(reader.remaining)
        try stream.skip(2)
        let flags = try stream.read(UInt8.self)
        if flags & 0x80 != 0 { try stream.skip(2) }
        if flags & 0x40 != 0 { try stream.skip(Int(try stream.read(UInt8.self))) }
        if flags & 0x20 != 0 { try stream.skip(2) }
        var decoder = try Self.readDescriptor(Tag.decoder, from: &stream)
        let objectType = try decoder.read(UInt8.self)
        guard objectType == 0x40 else {
            throw ParseError(.unsupported, at: 0, "object type \(objectType), not MPEG-4 audio")
        }
        try decoder.skip(4)  // stream type, buffer size
        maximumBitrate = try decoder.read(UInt32.self)
        averageBitrate = try decoder.read(UInt32.self)
        var specific = try Self.readDescriptor(Tag.decoderSpecific, from: &decoder)
        configuration = try AudioSpecificConfig(parsing: try specific.readBytes(specific.remaining))
    }

    /// Offsets within descriptors count from the one around them: near enough for a box this small.
    @_lifetime(copy reader)
    private static func readDescriptor(_ tag: UInt8, from reader: inout ByteReader) throws(ParseError) -> ByteReader {
        let start = reader.offset
        guard try reader.read(UInt8.self) == tag else {
            throw ParseError(.invalid, at: start, "no descriptor with tag \(tag)")
        }
        var size = 0
        for _ in 0..<4 {
            let byte = try reader.read(UInt8.self)
            size = size << 7 | Int(byte & 0x7F)
            if byte & 0x80 == 0 { break }
        }
        return try reader.readSlice(size)
    }

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox()
        let specific = configuration.bytes
        writer.write(Tag.stream)
        writer.write(UInt8(3 + 15 + 2 + specific.count + 3))
        writer.write(zeros: 3)
        writer.write(Tag.decoder)
        writer.write(UInt8(13 + 2 + specific.count))
        writer.write(UInt8(0x40))
        writer.write(UInt8(0x15))  // audio, downstream
        writer.writeUInt24(0)
        writer.write(maximumBitrate)
        writer.write(averageBitrate)
        writer.write(Tag.decoderSpecific)
        writer.write(UInt8(specific.count))
        writer.write(bytes: specific)
        writer.write(bytes: [Tag.synchronisation, 1, 2])  // as MP4 files have it
    }

    package func describe(to description: inout BoxDescription) {
        description.field("codec", configuration.rfc6381)
        description.field("sampleRate", configuration.sampleRate)
        description.field("channels", configuration.channels)
        description.field("config", hex: configuration.bytes)
    }
}
