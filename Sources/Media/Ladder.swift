/// What is made of one publication: the rungs, the audio renditions and where segments are cut.
///
/// The daemon reads it from the channel profile and hands it to the worker that does the work.
package struct Ladder: Codable, Sendable, Hashable {
    package var video: [VideoRung]
    package var audio: [AudioRung]
    /// Nil: none are made.
    package var thumbnails: ThumbnailRung?
    /// Closed captions that are made into subtitles, each of another channel.
    package var captions: [CaptionRung] = []
    /// Nominal segment duration; segments start at multiples of it since the Unix epoch.
    /// At a fractional frame rate it is the nearest whole number of frames (6 s at 30000/1001: 180 frames).
    package var segmentDurationSeconds: UInt32
    /// Nominal duration of a CMAF chunk, in milliseconds.
    package var partDurationMilliseconds: UInt32
    /// Whether somebody waits for each part: nothing is held back to look ahead, at the price of some quality.
    package var isLowLatency: Bool
    /// Whether a segment may begin up to half a duration off its place, where a splice is.
    package var cutsAtSplices: Bool

    package init(
        video: [VideoRung], audio: [AudioRung], segmentDurationSeconds: UInt32, partDurationMilliseconds: UInt32,
        isLowLatency: Bool = false, cutsAtSplices: Bool = false
    ) {
        self.video = video
        self.audio = audio
        self.segmentDurationSeconds = segmentDurationSeconds
        self.partDurationMilliseconds = partDurationMilliseconds
        self.isLowLatency = isLowLatency
        self.cutsAtSplices = cutsAtSplices
    }
}

/// Of each segment one sheet of small pictures, at equal distances; made of an encoded rung.
package struct ThumbnailRung: Codable, Sendable, Hashable {
    /// The track's name.
    package static let name = "thumbnails"

    package var tiles: PictureTiles

    package init(tiles: PictureTiles) { self.tiles = tiles }
}

/// Subtitles made of a channel of CEA-608 inside the pictures of the encoder's video track that leads.
package struct CaptionRung: Codable, Sendable, Hashable {
    /// 1 to 4: CC1 to CC4.
    package var channel: UInt8
    /// BCP 47.
    package var language: String

    package init(channel: UInt8, language: String) {
        self.channel = channel
        self.language = language
    }

    /// The track's name.
    package var name: String { Self.name(of: channel) }

    package static func name(of channel: UInt8) -> String { "subtitles-cc\(channel)" }
}

/// One picture size and rate of the ladder.
package struct VideoRung: Codable, Sendable, Hashable {
    package enum Codec: String, Codable, Sendable { case h264, copy }
    package enum RateControl: String, Codable, Sendable { case cbr = "CBR", vbr = "VBR" }
    package enum Profile: String, Codable, Sendable { case baseline = "BASELINE", main = "MAIN", high = "HIGH" }

    package var name: String
    package var codec: Codec
    /// The publisher's track that is copied; what is encoded is made of track 0.
    package var trackID: UInt8
    /// 0 for `copy`, as is everything below but the frame rate.
    package var width: UInt16
    package var height: UInt16
    /// The fixed grid on which frames sit; nil for `copy`: the encoder's own times.
    package var frameRate: FrameRate?
    /// Bits a second.
    package var bitrate: UInt32
    package var rateControl: RateControl
    package var profile: Profile
    /// As H.264 counts: 41 for level 4.1; 0 leaves it to the encoder.
    package var level: UInt8
    /// Frames from IDR to IDR; divides the frames of a segment.
    package var gopSize: UInt32
    /// Of `copy`: how far apart the encoder's IDRs are at most; 0: as far as a segment is long.
    package var longestGOPSeconds: UInt32
    package var bFrames: UInt8
    /// x264's preset name.
    package var preset: String

    package init(
        name: String, codec: Codec, trackID: UInt8 = 0, width: UInt16 = 0, height: UInt16 = 0,
        frameRate: FrameRate? = nil,
        bitrate: UInt32 = 0,
        rateControl: RateControl = .cbr, profile: Profile = .high, level: UInt8 = 0, gopSize: UInt32 = 0,
        longestGOPSeconds: UInt32 = 0, bFrames: UInt8 = 0,
        preset: String = "veryfast"
    ) {
        self.name = name
        self.codec = codec
        self.trackID = trackID
        self.width = width
        self.height = height
        self.frameRate = frameRate
        self.bitrate = bitrate
        self.rateControl = rateControl
        self.profile = profile
        self.level = level
        self.gopSize = gopSize
        self.longestGOPSeconds = longestGOPSeconds
        self.bFrames = bFrames
        self.preset = preset
    }
}

/// One audio rendition.
package struct AudioRung: Codable, Sendable, Hashable {
    package enum Codec: String, Codable, Sendable { case aac, copy }

    package var name: String
    package var codec: Codec
    /// The publisher's track that it is made of.
    package var trackID: UInt8
    /// Bits a second; 0 for `copy`, as are the two below.
    package var bitrate: UInt32
    package var sampleRate: UInt32
    package var channels: UInt8
    /// BCP 47.
    package var language: String

    package init(
        name: String, codec: Codec, trackID: UInt8 = 0, bitrate: UInt32 = 0, sampleRate: UInt32 = 0,
        channels: UInt8 = 0, language: String = "und"
    ) {
        self.name = name
        self.codec = codec
        self.trackID = trackID
        self.bitrate = bitrate
        self.sampleRate = sampleRate
        self.channels = channels
        self.language = language
    }
}

extension Ladder {
    /// What two of its longest segments take, all rungs together.
    /// - Parameter inputBitrate: bits a second of what comes in, at most: all of it may be copied.
    package func bytesOfTwoSegments(inputBitrate: UInt32) -> Int {
        let copies = video.contains { $0.codec == .copy } || audio.contains { $0.codec == .copy }
        let rate =
            video.reduce(0) { $0 + Int($1.bitrate) } + audio.reduce(0) { $0 + Int($1.bitrate) }
            + (copies ? Int(inputBitrate) : 0)
        let seconds = Int(clamping: longestSegment.rescaled(to: 1, rounding: .up).value)
        return rate / 8 * seconds * 2
    }

    /// Of all that is made, in this order: pictures, sound, thumbnails, subtitles.
    package var trackNames: [String] {
        video.map(\.name) + audio.map(\.name) + (thumbnails == nil ? [] : [ThumbnailRung.name])
            + captions.map(\.name)
    }

    /// How long a segment can be: where a rung copies, all are cut at the first IDR at or after a boundary, which the
    /// encoder sends up to a GOP later. What would be longer ends the publication. Half as much again where splices cut.
    package var longestSegment: Ticks {
        let nominal = longestPlace
        return video.filter { $0.codec == .copy }.map { longestSegment(of: $0) }.max() ?? nominal
    }

    /// From one place where a segment can begin to the next.
    private var longestPlace: Ticks {
        let nominal = segmentDuration
        return cutsAtSplices ? Ticks(nominal.value + (nominal.value + 1) / 2, timescale: nominal.timescale) : nominal
    }

    package func longestSegment(of rung: VideoRung) -> Ticks {
        let nominal = longestPlace
        guard rung.codec == .copy else { return nominal }
        guard rung.longestGOPSeconds > 0 else { return Ticks(nominal.value * 2, timescale: nominal.timescale) }
        let more = Int64(rung.longestGOPSeconds) * Int64(nominal.timescale)
        return Ticks(nominal.value + min(more, nominal.value), timescale: nominal.timescale)
    }

    /// The exact duration of a segment: the nominal one as a whole number of frames of the first encoded rung, so that
    /// segment N starts at N times this since the Unix epoch. 6 s at 30000/1001 are 180 frames, 6.006 s.
    package var segmentDuration: Ticks {
        let nominal = Ticks(Int64(segmentDurationSeconds), timescale: 1)
        guard let rate = video.lazy.compactMap(\.frameRate).first else { return nominal }
        // nominal * numerator / denominator frames, rounded to the nearest.
        let scaled = Int64(segmentDurationSeconds) * Int64(rate.numerator)
        let frames = (scaled + Int64(rate.denominator) / 2) / Int64(rate.denominator)
        return frames > 0 ? Ticks(frames * Int64(rate.denominator), timescale: rate.numerator) : nominal
    }
}
