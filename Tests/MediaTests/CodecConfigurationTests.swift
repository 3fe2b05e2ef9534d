import Media
import Testing

@Suite struct CodecConfigurationTests {
    /// Sequence headers that libaom, SVT-AV1 and rav1e wrote.
    @Test func codecStringsOfAV1() throws {
        func text(_ bytes: [UInt8]) throws -> String { try AV1CodecConfigurationRecord(parsing: bytes).rfc6381 }
        #expect(try text([0x81, 0x08, 0x0C, 0]) == "av01.0.08M.08")
        #expect(try text([0x81, 0x08, 0x4C, 0]) == "av01.0.08M.10")
        #expect(try text([0x81, 0x2D, 0xC0, 0]) == "av01.1.13H.10.0.000.01.01.01.0")
        #expect(try text([0x81, 0x48, 0x78, 0]) == "av01.2.08M.12.1.100.01.01.01.0")
        #expect(try text([0x81, 0x08, 0x0D, 0]) == "av01.0.08M.08.0.111.01.01.01.0")
        for refused in [
            [0x81, 0x08, 0x0C], [0x01, 0x08, 0x0C, 0], [0x81, 0x68, 0x0C, 0], [0x81, 8, 12, 0, 0x32, 9],
        ] {
            #expect(throws: ParseError.self) { _ = try AV1CodecConfigurationRecord(parsing: refused.map { UInt8($0) }) }
        }
    }

    @Test func ac3() throws {
        // 48 kHz, bsid 8, complete main, 3/2 with LFE, 448 kbit/s.
        let configuration = try AC3Configuration(parsing: [0x10, 0x3D, 0xE0])
        #expect(configuration.channels == 6 && configuration.sampleRate == 48000 && configuration.bitRateCode == 15)
        #expect(configuration.bytes == [0x10, 0x3D, 0xE0])
        #expect(configuration.rfc6381 == "ac-3")
        #expect(throws: ParseError.self) { _ = try AC3Configuration(parsing: [0xD0, 0x3D, 0xE0]) }
        #expect(throws: ParseError.self) { _ = try AC3Configuration(parsing: [0x10, 0x3D]) }
    }

    @Test func eac3() throws {
        // 768 kbit/s, 3/2 with LFE, one dependent substream with Lrs/Rrs, joint object coding of complexity 16.
        let bytes: [UInt8] = [0x18, 0x00, 0x20, 0x0F, 0x02, 0x02, 0x01, 0x10]
        let configuration = try EAC3Configuration(parsing: bytes)
        #expect(configuration.dataRate == 768 && configuration.substreams.count == 1)
        #expect(configuration.channels == 8 && configuration.sampleRate == 48000 && configuration.hasObjects)
        #expect(configuration.bytes == bytes)
        #expect(configuration.rfc6381 == "ec-3")
        let plain = try EAC3Configuration(parsing: [0x06, 0x00, 0x20, 0x04, 0x00])
        #expect(plain.channels == 2 && !plain.hasObjects && plain.bytes == [0x06, 0x00, 0x20, 0x04, 0x00])
        for length in 0..<6 {
            #expect(throws: ParseError.self) { _ = try EAC3Configuration(parsing: Array(bytes[..<length])) }
        }
        for bit in 0..<bytes.count * 8 {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            if let other = try? EAC3Configuration(parsing: changed) {
                #expect(other.channels >= 1 && other.channels <= 20)
            }
        }
    }

    @Test func opus() throws {
        let stereo: [UInt8] = [0, 2, 0x01, 0x38, 0, 0, 0xBB, 0x80, 0xFF, 0x00, 0]
        let configuration = try OpusConfiguration(parsing: stereo)
        #expect(configuration.channels == 2 && configuration.preSkip == 312 && configuration.outputGain == -256)
        #expect(configuration.bytes == stereo)
        #expect(configuration.rfc6381 == "opus")
        let surround: [UInt8] = [0, 6, 0x01, 0x38, 0, 0, 0xBB, 0x80, 0, 0, 1, 4, 2, 0, 4, 1, 2, 3, 5]
        let six = try OpusConfiguration(parsing: surround)
        #expect(six.channels == 6 && six.mapping?.coupledStreams == 2 && six.bytes == surround)
        for bytes in [stereo, surround] {
            for length in 0..<bytes.count {
                #expect(throws: ParseError.self) { _ = try OpusConfiguration(parsing: Array(bytes[..<length])) }
            }
            #expect(throws: ParseError.self) { _ = try OpusConfiguration(parsing: bytes + [0]) }
        }
        #expect(throws: ParseError.self) { _ = try OpusConfiguration(parsing: [0, 3] + stereo[2...]) }
    }

    @Test func kindsAndSizes() throws {
        let av1 = CodecConfiguration.av1(
            try AV1CodecConfigurationRecord(parsing: [0x81, 8, 0x0C, 0]), width: 1920, height: 1080)
        #expect(av1.kind == .video && av1.channelCount == nil)
        #expect(try #require(av1.pictureSize) == (1920, 1080))
        let ac3 = CodecConfiguration.ac3(try AC3Configuration(parsing: [0x10, 0x3D, 0xE0]))
        #expect(ac3.kind == .audio && ac3.channelCount == 6 && ac3.pictureSize == nil)
    }
}
