/// How a publisher's sound is coded: what a decoder is told before the first block.
package enum AudioFormat: Sendable, Equatable {
    case aac(AudioSpecificConfig)
    case opus(OpusConfiguration)
    case flac(FLACStreamInfo)
    case ac3(AC3Configuration)
    case eac3(EAC3Configuration)
    /// Its frames say everything themselves.
    case mp3

    package var name: String {
        switch self {
        case .aac: "AAC"
        case .opus: "Opus"
        case .flac: "FLAC"
        case .ac3: "AC-3"
        case .eac3: "E-AC-3"
        case .mp3: "MP3"
        }
    }

    /// For a container of fragments; nil for FLAC and MP3, which Sluice does not package.
    package var codecConfiguration: CodecConfiguration? {
        switch self {
        case .aac(let configuration): .aac(configuration)
        case .opus(let configuration): .opus(configuration)
        case .ac3(let configuration): .ac3(configuration)
        case .eac3(let configuration): .eac3(configuration)
        case .flac, .mp3: nil
        }
    }

    /// Samples a second as decoded; nil where only frames say it.
    package var sampleRate: UInt32? {
        switch self {
        case .aac(let configuration): configuration.sampleRate
        case .opus: OpusConfiguration.sampleRate
        case .flac(let information): information.sampleRate
        case .ac3(let configuration): configuration.sampleRate
        case .eac3(let configuration): configuration.sampleRate
        case .mp3: nil
        }
    }

    /// How many samples of each channel a block gives; nil where it is broken, or its format does not say it.
    package func sampleCount(of block: [UInt8]) -> UInt32? {
        switch self {
        case .aac: 1024
        case .opus: OpusPacket.sampleCount(of: block)
        case .ac3: 1536
        // One access unit: six audio blocks, in however many frames. ETSI TS 102 366 V1.4.1, annex F.1.
        case .eac3: EAC3AccessUnit.blockCount(in: block) == 6 ? 1536 : nil
        case .flac, .mp3: nil
        }
    }
}
