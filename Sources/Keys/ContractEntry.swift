package import Media

/// One key of an encryption contract and the tracks it is for. SPEKE 2.0, "Encryption contract".
package struct ContractEntry: Sendable, Hashable {
    /// Bounds are inclusive; nil: none.
    package enum Filter: Sendable, Hashable {
        /// Width times height.
        case video(minPixels: UInt64?, maxPixels: UInt64?)
        case audio(minChannels: UInt8?, maxChannels: UInt8?)

        package func matches(_ track: Track) -> Bool {
            switch self {
            case .video(let least, let most):
                // Thumbnails are pictures: they have the key of rungs of their size.
                guard track.kind != .audio else { return false }
                // Subtitles have the key of the smallest.
                let size = track.codec.pictureSize ?? (0, 0)
                let pixels = UInt64(size.width) * UInt64(size.height)
                return pixels >= least ?? 0 && pixels <= most ?? .max
            case .audio(let least, let most):
                guard track.kind == .audio, let channels = track.codec.channelCount else { return false }
                return channels >= least ?? 0 && channels <= most ?? .max
            }
        }
    }

    /// `ContentKeyUsageRule@intendedTrackType`, as the presets name it: VIDEO, SD, HD1, STEREO_AUDIO, ALL.
    package var intendedTrackType: String
    /// A track is this entry's where any of them matches.
    package var filters: [Filter]

    package init(_ intendedTrackType: String, _ filters: [Filter]) {
        self.intendedTrackType = intendedTrackType
        self.filters = filters
    }

    package func matches(_ track: Track) -> Bool { filters.contains { $0.matches(track) } }
}

extension ContractEntry {
    private static let sd: UInt64 = 1024 * 576
    private static let hd1: UInt64 = 1280 * 720
    private static let hd: UInt64 = 1920 * 1080
    private static let uhd1: UInt64 = 4096 * 2160

    private static func pixels(above least: UInt64?, to most: UInt64?) -> Filter {
        .video(minPixels: least.map { $0 + 1 }, maxPixels: most)
    }

    /// SHARED: one key for everything.
    package static let all = [
        ContractEntry(
            "ALL",
            [.video(minPixels: nil, maxPixels: nil), .audio(minChannels: nil, maxChannels: nil)])
    ]

    /// PRESET-VIDEO-1 to -8; empty for other numbers.
    package static func video(preset: Int) -> [ContractEntry] {
        let sdOnly = ContractEntry("SD", [pixels(above: nil, to: sd)])
        let sdAndHD1 = ContractEntry("SD+HD1", [pixels(above: nil, to: sd), pixels(above: sd, to: hd1)])
        let hdUpTo1080 = ContractEntry("HD", [pixels(above: sd, to: hd)])
        let hd1Only = ContractEntry("HD1", [pixels(above: sd, to: hd1)])
        let hd2 = ContractEntry("HD2", [pixels(above: hd1, to: hd)])
        let uhd = ContractEntry("UHD", [pixels(above: hd, to: nil)])
        let uhd1Only = ContractEntry("UHD1", [pixels(above: hd, to: uhd1)])
        let uhd2 = ContractEntry("UHD2", [pixels(above: uhd1, to: nil)])
        return switch preset {
        case 1: [ContractEntry("VIDEO", [pixels(above: nil, to: nil)])]
        case 2: [sdOnly, ContractEntry("HD", [pixels(above: sd, to: nil)])]
        case 3: [sdOnly, hdUpTo1080, uhd]
        case 4: [sdOnly, hdUpTo1080, uhd1Only, uhd2]
        case 5: [sdOnly, hd1Only, hd2, uhd1Only, uhd2]
        case 6: [sdOnly, hd1Only, hd2, uhd]
        case 7: [sdAndHD1, hd2, uhd]
        case 8: [sdAndHD1, hd2, uhd1Only, uhd2]
        default: []
        }
    }

    /// PRESET-AUDIO-1 to -3; empty for other numbers.
    package static func audio(preset: Int) -> [ContractEntry] {
        let stereo = ContractEntry("STEREO_AUDIO", [.audio(minChannels: nil, maxChannels: 2)])
        return switch preset {
        case 1: [ContractEntry("AUDIO", [.audio(minChannels: nil, maxChannels: nil)])]
        case 2: [stereo, ContractEntry("MULTICHANNEL_AUDIO", [.audio(minChannels: 3, maxChannels: nil)])]
        case 3:
            [
                stereo, ContractEntry("MULTICHANNEL_AUDIO_3_6", [.audio(minChannels: 3, maxChannels: 6)]),
                ContractEntry("MULTICHANNEL_AUDIO_7", [.audio(minChannels: 7, maxChannels: nil)]),
            ]
        default: []
        }
    }
}
