/// The `avcC` payload: parameter sets and how NAL units are framed. ISO/IEC 14496-15:2022, clause 5.3.3.1.
package struct AVCDecoderConfigurationRecord: Sendable, Equatable {
    package let profileIndication: UInt8
    package let profileCompatibility: UInt8
    package let levelIndication: UInt8
    /// Bytes of a NAL unit's length field in samples: 1, 2 or 4.
    package let nalUnitLengthSize: Int
    package let sequenceParameterSets: [[UInt8]]
    package let pictureParameterSets: [[UInt8]]
    /// chroma_format, bit depths and SPS extensions that follow for High and above; kept as received.
    package let trailer: [UInt8]

    /// - Parameter bytes: the record, at most 64 KiB, at least one parameter set of each kind.
    package init(parsing bytes: [UInt8]) throws(ParseError) {
        guard bytes.count <= 65536 else { throw ParseError(.tooLarge, at: 0, "avcC of \(bytes.count) bytes") }
        var reader = ByteReader(bytes.span)
        let version = try reader.read(UInt8.self)
        guard version == 1 else { throw ParseError(.unsupported, at: 0, "avcC version \(version)") }
        profileIndication = try reader.read(UInt8.self)
        profileCompatibility = try reader.read(UInt8.self)
        levelIndication = try reader.read(UInt8.self)
        nalUnitLengthSize = Int(try reader.read(UInt8.self) & 3) + 1
        guard nalUnitLengthSize != 3 else { throw ParseError(.invalid, at: 4, "NAL unit length field of 3 bytes") }
        sequenceParameterSets = try Self.readSets(
            &reader, count: Int(try reader.read(UInt8.self) & 0x1F), nalUnitType: 7)
        pictureParameterSets = try Self.readSets(&reader, count: Int(try reader.read(UInt8.self)), nalUnitType: 8)
        trailer = try reader.readBytes(reader.remaining)
    }

    /// A record with 4-byte length fields made from parameter sets as an encoder gives them.
    package init(sequenceParameterSets: [[UInt8]], pictureParameterSets: [[UInt8]]) throws(ParseError) {
        guard let sps = sequenceParameterSets.first, sps.count >= 4 else {
            throw ParseError(.invalid, at: 0, "no sequence parameter set")
        }
        guard !pictureParameterSets.isEmpty else { throw ParseError(.invalid, at: 0, "no picture parameter set") }
        profileIndication = sps[1]
        profileCompatibility = sps[2]
        levelIndication = sps[3]
        nalUnitLengthSize = 4
        self.sequenceParameterSets = sequenceParameterSets
        self.pictureParameterSets = pictureParameterSets
        // 4:2:0, 8 bits and no SPS extension: what follows for High (100) and above in clause 5.3.3.1.2.
        trailer = [100, 110, 122, 144].contains(sps[1]) ? [0xFC | 1, 0xF8, 0xF8, 0] : []
    }

    @_lifetime(reader: copy reader)
    private static func readSets(
        _ reader: inout ByteReader, count: Int, nalUnitType: UInt8
    ) throws(ParseError) -> [[UInt8]] {
        guard count > 0 else { throw ParseError(.invalid, at: reader.offset, "no NAL unit of type \(nalUnitType)") }
        var sets: [[UInt8]] = []
        for _ in 0..<count {
            let length = Int(try reader.read(UInt16.self))
            let start = reader.offset
            let set = try reader.readBytes(length)
            guard length >= (nalUnitType == 7 ? 4 : 2), set[0] & 0x1F == nalUnitType else {
                throw ParseError(.invalid, at: start, "parameter set is not a NAL unit of type \(nalUnitType)")
            }
            sets.append(set)
        }
        return sets
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(bytes: [
            1, profileIndication, profileCompatibility, levelIndication, 0xFC | UInt8(nalUnitLengthSize - 1),
        ])
        writer.write(0xE0 | UInt8(sequenceParameterSets.count))
        for set in sequenceParameterSets {
            writer.write(UInt16(set.count))
            writer.write(bytes: set)
        }
        writer.write(UInt8(pictureParameterSets.count))
        for set in pictureParameterSets {
            writer.write(UInt16(set.count))
            writer.write(bytes: set)
        }
        writer.write(bytes: trailer)
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter()
        write(to: &writer)
        return writer.bytes
    }

    package var rfc6381: String {
        "avc1."
            + [profileIndication, profileCompatibility, levelIndication].map { byte in
                let hex = String(byte, radix: 16, uppercase: false)
                return hex.count == 1 ? "0" + hex : hex
            }.joined()
    }
}
