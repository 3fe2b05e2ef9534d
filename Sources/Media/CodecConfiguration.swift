/// What a decoder must know before the first sample.
package enum CodecConfiguration: Sendable, Equatable {
    case avc(AVCDecoderConfigurationRecord, width: UInt16, height: UInt16)
    case hevc(HEVCDecoderConfigurationRecord, width: UInt16, height: UInt16)
    case av1(AV1CodecConfigurationRecord, width: UInt16, height: UInt16)
    case aac(AudioSpecificConfig)
    case ac3(AC3Configuration)
    case eac3(EAC3Configuration)
    case opus(OpusConfiguration)
    case jpeg(PictureTiles)
    case webVTT

    /// The codec string of RFC 6381: `avc1.640029`, `hvc1.1.6.L93.B0`, `av01.0.08M.08`, `mp4a.40.2`, `ac-3`, `ec-3`,
    /// `opus`, `wvtt`; `jpeg`, which no RFC names and manifests do.
    package var rfc6381: String {
        switch self {
        case .avc(let record, _, _): record.rfc6381
        case .hevc(let record, _, _): record.rfc6381
        case .av1(let record, _, _): record.rfc6381
        case .aac(let configuration): configuration.rfc6381
        case .ac3(let configuration): configuration.rfc6381
        case .eac3(let configuration): configuration.rfc6381
        case .opus(let configuration): configuration.rfc6381
        case .jpeg: "jpeg"
        case .webVTT: "wvtt"
        }
    }

    /// The codec string up to its first dot: `avc1`, `mp4a`.
    package var family: String { String(rfc6381.prefix { $0 != "." }) }

    /// Width and height of the coded picture, of thumbnails each; nil for audio and text.
    package var pictureSize: (width: UInt32, height: UInt32)? {
        switch self {
        case .avc(_, let width, let height), .hevc(_, let width, let height), .av1(_, let width, let height):
            (UInt32(width), UInt32(height))
        case .jpeg(let tiles): (UInt32(tiles.width), UInt32(tiles.height))
        case .aac, .ac3, .eac3, .opus, .webVTT: nil
        }
    }

    /// Channels of audio; nil for pictures and text.
    package var channelCount: UInt8? {
        switch self {
        case .avc, .hevc, .av1, .jpeg, .webVTT: nil
        case .aac(let configuration): configuration.channels
        case .ac3(let configuration): configuration.channels
        case .eac3(let configuration): configuration.channels
        case .opus(let configuration): configuration.channels
        }
    }

    package var kind: Track.Kind {
        switch self {
        case .avc, .hevc, .av1: .video
        case .aac, .ac3, .eac3, .opus: .audio
        case .jpeg: .image
        case .webVTT: .text
        }
    }
}
