/// The decoder configuration of AAC. ISO/IEC 14496-3:2019, clause 1.6.2.1.
package struct AudioSpecificConfig: Sendable, Equatable {
    /// 2 AAC-LC, 5 HE-AAC (SBR), 29 HE-AACv2 (PS); the type signalled first.
    package let audioObjectType: UInt8
    package let sampleRate: UInt32
    /// 1 to 7 channels, or 8 for configuration 7 (7.1).
    package let channels: UInt8
    /// The configuration exactly as received: what goes into `esds`.
    package let bytes: [UInt8]

    private static let sampleRates: [UInt32] = [
        96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
    ]

    package init(parsing bytes: [UInt8]) throws(ParseError) {
        guard bytes.count <= 64 else {
            throw ParseError(.tooLarge, at: 0, "AudioSpecificConfig of \(bytes.count) bytes")
        }
        var bits = BitReader(bytes)
        var objectType = try bits.read(5)
        if objectType == 31 { objectType = 32 + (try bits.read(6)) }
        let frequencyIndex = Int(try bits.read(4))
        let rate: UInt32
        if frequencyIndex == 15 {
            rate = try bits.read(24)
        } else if frequencyIndex < Self.sampleRates.count {
            rate = Self.sampleRates[frequencyIndex]
        } else {
            throw ParseError(.invalid, at: 0, "sampling frequency index \(frequencyIndex)")
        }
        guard (7350...96000).contains(rate) else { throw ParseError(.invalid, at: 0, "sample rate \(rate)") }
        let configuration = try bits.read(4)
        guard (1...7).contains(configuration) else {
            throw ParseError(.unsupported, at: 1, "AAC channel configuration \(configuration)")
        }
        audioObjectType = UInt8(objectType)
        sampleRate = rate
        channels = configuration == 7 ? 8 : UInt8(configuration)
        self.bytes = bytes
    }

    package var rfc6381: String { "mp4a.40.\(audioObjectType)" }

    /// Index into the standard's table of rates, for ADTS; 15 where the rate is not in it.
    package var sampleRateIndex: UInt8 { UInt8(Self.sampleRates.firstIndex(of: sampleRate) ?? 15) }
    /// The channel configuration as the bitstream writes it.
    package var channelConfiguration: UInt8 { channels == 8 ? 7 : channels }
}
