/// The `dac3` payload: what an AC-3 stream is. ETSI TS 102 366 V1.4.1, annex F.4.
package struct AC3Configuration: Sendable, Equatable {
    /// fscod: 0 48 kHz, 1 44.1 kHz, 2 32 kHz.
    package let sampleRateCode: UInt8
    /// bsid, 0 to 8.
    package let bitStreamID: UInt8
    package let bitStreamMode: UInt8
    /// acmod: 0 two programmes, 1 mono, 2 stereo, to 7 for 3/2.
    package let codingMode: UInt8
    package let hasLFE: Bool
    /// frmsizecod / 2.
    package let bitRateCode: UInt8

    /// - Parameter bytes: the 3 bytes of the box.
    package init(parsing bytes: [UInt8]) throws(ParseError) {
        guard bytes.count == 3 else { throw ParseError(.invalid, at: 0, "dac3 of \(bytes.count) bytes") }
        var bits = BitReader(bytes)
        sampleRateCode = UInt8(try bits.read(2))
        bitStreamID = UInt8(try bits.read(5))
        bitStreamMode = UInt8(try bits.read(3))
        codingMode = UInt8(try bits.read(3))
        hasLFE = try bits.readFlag()
        bitRateCode = UInt8(try bits.read(5))
        guard sampleRateCode < 3 else { throw ParseError(.invalid, at: 0, "fscod 3") }
    }

    package var bytes: [UInt8] {
        let head = UInt32(sampleRateCode) << 22 | UInt32(bitStreamID) << 17 | UInt32(bitStreamMode) << 14
        let tail = UInt32(codingMode) << 11 | (hasLFE ? 1 << 10 : 0) | UInt32(bitRateCode) << 5
        var writer = ByteWriter()
        writer.writeUInt24(head | tail)
        return writer.bytes
    }

    package var sampleRate: UInt32 { Self.sampleRates[Int(sampleRateCode)] }
    package var channels: UInt8 { Self.fullChannels[Int(codingMode)] + (hasLFE ? 1 : 0) }
    package var rfc6381: String { "ac-3" }

    static let sampleRates: [UInt32] = [48000, 44100, 32000]
    /// By acmod, without LFE. ETSI TS 102 366 V1.4.1, table 4.3.
    static let fullChannels: [UInt8] = [2, 1, 2, 3, 3, 4, 4, 5]
}
