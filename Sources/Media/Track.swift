/// One coded stream of a channel: a rung of the ladder, an audio rendition or thumbnails.
package struct Track: Sendable, Equatable {
    /// `image`: of each segment one picture of others side by side, for players to show while they seek. `text`: subtitles.
    package enum Kind: String, Sendable, Codable { case video, audio, image, text }

    /// The rung's name in the profile, unique in its channel: [a-z0-9][a-z0-9-]{0,31}.
    package var name: String
    /// Ticks a second of all times of this track: 90,000 for video and images, the sample rate for audio.
    package var timescale: UInt32
    package var codec: CodecConfiguration
    /// BCP 47; "und" where unknown.
    package var language: String
    /// How far a sample's presentation time can lie before its decode time, in ticks (at least 0).
    /// A container that wants PTS >= DTS (MPEG-TS) subtracts this from every decode time.
    package var reorderDelay: UInt32
    /// Nominal frame rate of video; nil for audio and where it is not known.
    package var frameRate: FrameRate?

    package init(
        name: String, timescale: UInt32, codec: CodecConfiguration, language: String = "und",
        reorderDelay: UInt32 = 0, frameRate: FrameRate? = nil
    ) {
        self.name = name
        self.timescale = timescale
        self.codec = codec
        self.language = language
        self.reorderDelay = reorderDelay
        self.frameRate = frameRate
    }

    package var kind: Kind { codec.kind }
}

extension Track.Kind {
    /// Whether it is what a presentation consists of, and not what goes with it.
    package var isPlayed: Bool { self == .video || self == .audio }

    /// Which kind's key policy it has.
    package var protectedAs: Track.Kind {
        switch self {
        case .video, .image, .text: .video
        case .audio: .audio
        }
    }
}

/// Frames a second as a fraction: 30/1, 30000/1001.
package struct FrameRate: Hashable, Sendable, Codable, CustomStringConvertible {
    package var numerator: UInt32
    package var denominator: UInt32

    package init(_ numerator: UInt32, _ denominator: UInt32 = 1) {
        precondition(numerator > 0 && denominator > 0, "a frame rate is a positive fraction")
        self.numerator = numerator
        self.denominator = denominator
    }

    package var description: String { denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)" }
}

extension FrameRate {
    private enum CodingKeys: String, CodingKey { case numerator, denominator }

    /// A file may hold anything: a rate that is no positive fraction is an error of its format.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let numerator = try container.decode(UInt32.self, forKey: .numerator)
        let denominator = try container.decode(UInt32.self, forKey: .denominator)
        guard numerator > 0, denominator > 0 else {
            throw DecodingError.dataCorruptedError(
                forKey: .denominator, in: container, debugDescription: "\(numerator)/\(denominator)")
        }
        self.init(numerator, denominator)
    }
}
