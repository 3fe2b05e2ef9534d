import Media

/// The header that makes one AAC raw_data_block a self-describing frame. ISO/IEC 14496-3:2019, clause 1.A.3.2.
struct ADTSFrame {
    static let headerSize = 7
    /// The 13-bit frame length counts the header.
    static let largestRawDataBlock = 8191 - headerSize

    private let profile: UInt8
    private let sampleRateIndex: UInt8
    private let channelConfiguration: UInt8

    init(_ configuration: AudioSpecificConfig) throws(TransportStreamError) {
        switch configuration.audioObjectType {
        case 1...4: profile = configuration.audioObjectType - 1
        // ADTS cannot name SBR and PS: the AAC-LC core is named, and decoders find the extension in the data.
        case 5, 29: profile = 1
        default:
            throw TransportStreamError(.unsupported, "AAC object type \(configuration.audioObjectType) in ADTS")
        }
        sampleRateIndex = configuration.sampleRateIndex
        guard sampleRateIndex < 13 else {
            throw TransportStreamError(.unsupported, "a sample rate of \(configuration.sampleRate) Hz in ADTS")
        }
        channelConfiguration = configuration.channelConfiguration
    }

    /// - Parameter rawDataBlockSize: 1 to `largestRawDataBlock` bytes.
    func header(rawDataBlockSize: Int) -> [UInt8] {
        let length = rawDataBlockSize + Self.headerSize
        return [
            // Syncword, MPEG-4, no CRC.
            0xFF, 0xF1,
            profile << 6 | sampleRateIndex << 2 | channelConfiguration >> 2,
            channelConfiguration << 6 | UInt8(length >> 11),
            UInt8(length >> 3 & 0xFF),
            // Buffer fullness 0x7FF: variable rate; one raw_data_block.
            UInt8(length & 7) << 5 | 0x1F, 0xFC,
        ]
    }
}
