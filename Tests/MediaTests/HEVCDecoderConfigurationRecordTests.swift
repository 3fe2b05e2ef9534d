import Media
import Testing

@Suite struct HEVCDecoderConfigurationRecordTests {
    /// Main profile, level 3.1; parameter sets of two bytes of payload, which nobody parses here.
    static func record(
        profile: UInt8 = 1, compatibility: [UInt8] = [0x60, 0, 0, 0], constraints: [UInt8] = [0xB0, 0, 0, 0, 0, 0],
        level: UInt8 = 93
    ) -> [UInt8] {
        let head =
            [1, profile] + compatibility + constraints + [level, 0xF0, 0, 0xFC, 0xFD, 0xF8, 0xF8, 0, 0, 0x0F, 3]
        let units = [32, 33, 34].flatMap { (type: UInt8) -> [UInt8] in
            [0x80 | type, 0, 1, 0, 4, type << 1, 1, 0xAA, 0xBB]
        }
        return head + units
    }

    @Test func codecStrings() throws {
        func text(_ bytes: [UInt8]) throws -> String { try HEVCDecoderConfigurationRecord(parsing: bytes).rfc6381 }
        #expect(try text(Self.record()) == "hvc1.1.6.L93.B0")
        // ISO/IEC 14496-15:2022, annex E.3: trailing zero bytes are left out, inner ones stay.
        #expect(try text(Self.record(constraints: [0, 0, 0, 0, 0, 0])) == "hvc1.1.6.L93")
        #expect(try text(Self.record(constraints: [0x90, 0, 8, 0, 0, 0])) == "hvc1.1.6.L93.90.0.8")
        #expect(
            try text(Self.record(profile: 0x22, compatibility: [0x20, 0, 0, 0], level: 153)) == "hvc1.2.4.H153.B0")
        #expect(
            try text(Self.record(profile: 0x44, compatibility: [0x08, 0, 0, 0x01], level: 120))
                == "hvc1.A4.80000010.L120.B0")
    }

    @Test func recordsComeBack() throws {
        let bytes = Self.record()
        let record = try HEVCDecoderConfigurationRecord(parsing: bytes)
        #expect(record.bytes == bytes)
        #expect(record.nalUnitLengthSize == 4)
        #expect(record.arrays.map(\.type.rawValue) == [32, 33, 34])
        #expect(record.units(.pictureParameterSet) == [[68, 1, 0xAA, 0xBB]])
    }

    @Test func cutAndChangedOnesNeverTrap() throws {
        let bytes = Self.record()
        for length in 0..<bytes.count {
            #expect(throws: ParseError.self) {
                _ = try HEVCDecoderConfigurationRecord(parsing: Array(bytes[..<length]))
            }
        }
        var accepted = 0
        for bit in 0..<bytes.count * 8 {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            if let record = try? HEVCDecoderConfigurationRecord(parsing: changed) {
                accepted += 1
                #expect(!record.rfc6381.isEmpty)
                #expect(record.bytes.count == bytes.count)
            }
        }
        #expect(accepted > 0 && accepted < bytes.count * 8)
    }
}
