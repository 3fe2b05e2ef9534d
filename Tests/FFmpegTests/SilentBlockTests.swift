import FFmpeg
import Media
import Testing

/// Silence in the stream's own configuration, as a decoder hears it.
@Suite struct SilentBlockTests {
    private static func bits(_ fields: [(value: Int, count: Int)]) -> [UInt8] {
        var bits = fields.flatMap { field in (0..<field.count).reversed().map { field.value >> $0 & 1 } }
        while bits.count % 8 > 0 { bits.append(0) }
        return stride(from: 0, to: bits.count, by: 8).map { start in
            bits[start..<start + 8].reduce(0) { $0 << 1 | UInt8($1) }
        }
    }

    private static func expectSilence(_ format: AudioFormat, samples: UInt32, channels: Int, out: Int) throws {
        let block = try #require(format.silentBlock(samples: samples))
        #expect(format.sampleCount(of: block) == samples)
        var decoder = try Decoder(format)
        var count = 0
        for index in 0..<10 as Range<Int64> {
            try decoder.send(block, presentationTime: index)
            while let frame = try decoder.receive() {
                #expect(frame.isSilent && frame.channels == channels)
                count += frame.sampleCount
            }
        }
        #expect(abs(count - 10 * out) <= out)
    }

    @Test(arguments: 1...7) func aacOfEveryChannelConfiguration(configuration: Int) throws {
        let bytes = Self.bits([(2, 5), (3, 4), (configuration, 4), (0, 3)])
        let record = try AudioSpecificConfig(parsing: bytes)
        try Self.expectSilence(.aac(record), samples: 1024, channels: Int(record.channels), out: 1024)
    }

    /// Of HE-AAC the upper band is silent too: twice the samples come out.
    @Test func aacWithSpectralBandReplication() throws {
        let bytes = Self.bits([(5, 5), (6, 4), (2, 4), (3, 4), (2, 5), (0, 3)])
        try Self.expectSilence(.aac(AudioSpecificConfig(parsing: bytes)), samples: 1024, channels: 2, out: 2048)
        let stereo = Self.bits([(29, 5), (6, 4), (1, 4), (3, 4), (2, 5), (0, 3)])
        try Self.expectSilence(.aac(AudioSpecificConfig(parsing: stereo)), samples: 1024, channels: 2, out: 2048)
    }

    @Test(arguments: [120, 240, 480, 960, 1920, 2880, 5760] as [UInt32], [1, 2] as [UInt8])
    func opusOfEveryLength(samples: UInt32, channels: UInt8) throws {
        let header = Array("OpusHead".utf8) + [1, channels, 0, 0, 0x80, 0xBB, 0, 0, 0, 0, 0]
        let format = AudioFormat.opus(try OpusConfiguration(identificationHeader: header))
        try Self.expectSilence(format, samples: samples, channels: Int(channels), out: Int(samples))
    }

    @Test func othersHaveNone() throws {
        let odd = try AudioSpecificConfig(parsing: Self.bits([(23, 5), (3, 4), (2, 4), (0, 3)]))
        #expect(AudioFormat.aac(odd).silentBlock(samples: 1024) == nil)
        let plain = try AudioSpecificConfig(parsing: [0x11, 0x90])
        #expect(AudioFormat.aac(plain).silentBlock(samples: 2048) == nil)
        #expect(AudioFormat.mp3.silentBlock(samples: 1152) == nil)
    }
}
