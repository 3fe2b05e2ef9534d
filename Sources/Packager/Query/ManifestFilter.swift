package import Media

/// Which renditions a manifest names. What is not asked about stays.
package struct ManifestFilter: Sendable, Hashable {
    typealias Range = ClosedRange<UInt32>

    /// Picture lines.
    var videoHeights: [Range] = []
    /// Bits a second.
    var videoBitrates: [Range] = []
    /// Thousandths of a frame a second.
    var videoFrameRates: [Range] = []
    var videoCodecs: Set<String> = []
    var audioBitrates: [Range] = []
    var audioChannels: [Range] = []
    /// Hertz.
    var audioSampleRates: [Range] = []
    var audioCodecs: Set<String> = []
    /// Lower case.
    var audioLanguages: Set<String> = []
    /// Lower case.
    var subtitleLanguages: Set<String> = []

    /// Picture lines of I-frames that are by themselves.
    var trickPlayHeights: [Range] = []
    /// `iframe`, `image` or `none`.
    var trickPlayTypes: Set<String> = []

    package init() {}

    package var isNone: Bool { self == ManifestFilter() }

    /// One text for all that mean the same.
    package var text: String {
        let ranges = [
            videoHeights, videoBitrates, videoFrameRates, audioBitrates, audioChannels, audioSampleRates,
            trickPlayHeights,
        ]
        .map { $0.map { "\($0.lowerBound)-\($0.upperBound)" } }
        let words = [videoCodecs, audioCodecs, audioLanguages, trickPlayTypes, subtitleLanguages].map { $0.sorted() }
        return (ranges + words).map { $0.joined(separator: ",") }.joined(separator: ";")
    }

    /// - Parameter bitrate: of the track, in bits a second.
    package func admits(_ track: Track, bitrate: UInt32) -> Bool {
        func isIn(_ value: UInt32?, _ ranges: [Range]) -> Bool {
            ranges.isEmpty || (value.map { value in ranges.contains { $0.contains(value) } } ?? false)
        }
        switch track.kind {
        case .video:
            return isIn(track.codec.pictureSize?.height, videoHeights) && isIn(bitrate, videoBitrates)
                && isIn(track.frameRate?.thousandths, videoFrameRates)
                && (videoCodecs.isEmpty || videoCodecs.contains(track.codec.family))
        case .image:
            return (trickPlayTypes.isEmpty || trickPlayTypes.contains("image"))
                && isIn(track.codec.pictureSize?.height, trickPlayHeights)
        case .text: return subtitleLanguages.isEmpty || subtitleLanguages.contains(track.language.lowercased())
        case .audio:
            return isIn(bitrate, audioBitrates) && isIn(track.codec.channelCount.map { UInt32($0) }, audioChannels)
                && isIn(track.timescale, audioSampleRates)
                && (audioCodecs.isEmpty || audioCodecs.contains(track.codec.family))
                && (audioLanguages.isEmpty || audioLanguages.contains(track.language.lowercased()))
        }
    }

    /// Whether the I-frames of a track that is admitted are, too.
    func admitsIFrames(of track: Track) -> Bool {
        guard trickPlayTypes.isEmpty || trickPlayTypes.contains("iframe") else { return false }
        let height = track.codec.pictureSize?.height
        return trickPlayHeights.isEmpty
            || (height.map { height in trickPlayHeights.contains { $0.contains(height) } } ?? false)
    }

    /// - Parameter isOfMediaPackage: whether the name stands in `aws.manifestfilter`; our own are parameters by themselves.
    /// - Returns: whether the name is one of a filter.
    mutating func take(
        _ name: String, _ value: String, _ words: inout ManifestQuery.Words, isOfMediaPackage: Bool
    ) throws(ManifestQueryError) -> Bool {
        // What has the same meaning is one thing, and may be said once.
        switch (name, isOfMediaPackage) {
        case ("height", false), ("video_height", true):
            try words.note("height")
            videoHeights = try Self.ranges(value, name)
        case ("bitrate", false), ("video_bitrate", true):
            try words.note("bitrate")
            videoBitrates = try Self.ranges(value, name)
        case ("framerate", false), ("video_framerate", true):
            try words.note("framerate")
            videoFrameRates = try Self.ranges(value, name, decimals: 3)
        case ("codec", false):
            try words.note("codec")
            for word in try Self.list(value, name) {
                if let families = Self.videoFamilies[word] {
                    videoCodecs.formUnion(families)
                } else if let families = Self.audioFamilies[word] {
                    audioCodecs.formUnion(families)
                } else {
                    throw Self.unknown(word, name, Self.videoFamilies.keys.sorted() + Self.audioFamilies.keys.sorted())
                }
            }
        case ("video_codec", true):
            try words.note(name)
            videoCodecs = try Self.codecs(value, name, Self.videoFamilies)
        case ("audio_codec", true):
            try words.note(name)
            audioCodecs = try Self.codecs(value, name, Self.audioFamilies)
        case ("audio_bitrate", true):
            try words.note(name)
            audioBitrates = try Self.ranges(value, name)
        case ("channels", false), ("audio_channels", true):
            try words.note("channels")
            audioChannels = try Self.ranges(value, name)
        case ("audio_sample_rate", true):
            try words.note(name)
            audioSampleRates = try Self.ranges(value, name)
        case ("language", false), ("audio_language", true):
            try words.note("language")
            audioLanguages = Set(try Self.list(value, name))
        case ("subtitles", false), ("subtitle_language", true):
            try words.note("subtitles")
            subtitleLanguages = Set(try Self.list(value, name))
        case ("trickplay", false), ("trickplay_type", true):
            try words.note("trickplay")
            let known = ["iframe", "image", "none"]
            let types = try Self.list(value, name)
            if let other = types.first(where: { !known.contains($0) }) { throw Self.unknown(other, name, known) }
            trickPlayTypes = Set(types)
        case ("trickplay_height", true):
            try words.note(name)
            trickPlayHeights = try Self.ranges(value, name)
        default: return false
        }
        return true
    }

    // The sample entry's names (RFC 6381) of the codecs, by what users call them.
    private static let videoFamilies: [String: Set<String>] = [
        "h264": ["avc1", "avc3"], "avc": ["avc1", "avc3"], "h265": ["hvc1", "hev1"], "hevc": ["hvc1", "hev1"],
        "av1": ["av01"],
    ]
    private static let audioFamilies: [String: Set<String>] = [
        "aac": ["mp4a"], "aacl": ["mp4a"], "aach": ["mp4a"], "ac-3": ["ac-3"], "ac3": ["ac-3"], "ec-3": ["ec-3"],
        "eac3": ["ec-3"], "opus": ["Opus"],
    ]

    private static func codecs(
        _ text: String, _ name: String, _ families: [String: Set<String>]
    ) throws(ManifestQueryError) -> Set<String> {
        var found: Set<String> = []
        for word in try list(text, name) {
            guard let family = families[word] else { throw unknown(word, name, families.keys.sorted()) }
            found.formUnion(family)
        }
        return found
    }

    private static func unknown(_ word: String, _ name: String, _ known: [String]) -> ManifestQueryError {
        ManifestQueryError(
            "'\(name)' knows no '\(ManifestQuery.Words.shown(word))', but \(known.joined(separator: ", "))")
    }

    private static let mostValues = 16

    private static func list(_ text: String, _ name: String) throws(ManifestQueryError) -> [String] {
        let words = text.lowercased().split(separator: ",", omittingEmptySubsequences: false).map {
            String($0.drop { $0 == " " })
        }
        guard words.allSatisfy({ !$0.isEmpty }) else { throw ManifestQueryError("'\(name)' has an empty value") }
        guard words.count <= mostValues else {
            throw ManifestQueryError("'\(name)' has more than \(mostValues) values")
        }
        return words
    }

    /// `A-B`, `A-`, `-B` or `A`, several with commas between.
    private static func ranges(
        _ text: String, _ name: String, decimals: Int = 0
    ) throws(ManifestQueryError) -> [Range] {
        var ranges: [Range] = []
        for word in try list(text, name) {
            let ends = word.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            let first = ends[0].isEmpty ? 0 : number(ends[0], decimals: decimals)
            let last = ends.count == 1 ? first : ends[1].isEmpty ? .max : number(ends[1], decimals: decimals)
            guard word != "-", let first, let last, first <= last else {
                throw ManifestQueryError(
                    "'\(name)' wants a number or a range such as 360-720: '\(ManifestQuery.Words.shown(word))'")
            }
            ranges.append(first...last)
        }
        return ranges
    }

    /// Digits, and a fraction where there may be one, in units of the last decimal.
    private static func number(_ text: Substring, decimals: Int) -> UInt32? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 1 || (decimals > 0 && parts[1].count <= decimals) else { return nil }
        let digits = parts.joined() + String(repeating: "0", count: decimals - (parts.count == 2 ? parts[1].count : 0))
        guard !parts[0].isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return UInt32(digits)
    }
}

extension FrameRate {
    fileprivate var thousandths: UInt32 {
        UInt32(clamping: (UInt64(numerator) * 1000 + UInt64(denominator) / 2) / UInt64(denominator))
    }
}
