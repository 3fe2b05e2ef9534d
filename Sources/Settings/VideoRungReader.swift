import Media

/// Reads one entry of `video` and checks that an encoder and a player can do it.
struct VideoRungReader {
    let log: DiagnosticLog
    /// Nil where the profile's own is wrong: then nothing is compared with it.
    let segmentSeconds: UInt32?

    private static let copyingKeys = ["trackId", "longestGOPSeconds"]
    private static let encodingKeys = [
        "width", "height", "framerate", "bitrate", "rateControlMode", "profile", "level", "gopSize", "gopNumBFrames",
        "preset",
    ]
    /// What the decoder takes in, too.
    private static let maximumPixels: UInt32 = 4096 * 2304
    private static let presets = [
        "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
    ]

    /// A rung, with stand-ins for what is wrong and logged; nil where not even a name can be had.
    func read(_ node: SettingsNode) -> VideoRung? {
        guard
            let section = Section(
                node, "a video rung", keys: ["name", "codec"] + Self.copyingKeys + Self.encodingKeys, log)
        else {
            return nil
        }
        let name = Names.read("name", of: section, limit: 32, "name it after its size, such as 720p")
        let codec = section.required("codec", "write h264 or copy")?
            .word("codec", among: [VideoRung.Codec.h264, .copy], log)
        guard let codec else { return nil }
        switch codec {
        case .copy:
            section.refuse(
                Self.encodingKeys, "has no meaning with codec copy, which passes the encoder's picture on; delete it")
            let trackID = UInt8(clamping: section.integer("trackId", in: 0...255, default: 0))
            return VideoRung(
                name: name ?? "", codec: .copy, trackID: trackID, longestGOPSeconds: readLongestGOP(section))
        case .h264:
            section.refuse(
                ["trackId"], "has a meaning with codec copy only; encoded rungs are made of the encoder's track 0")
            section.refuse(
                ["longestGOPSeconds"], "has a meaning with codec copy only; encoded rungs have a gopSize")
            return encoded(section, name: name ?? "")
        }
    }

    /// 0 where nothing is said: a segment.
    private func readLongestGOP(_ section: Section) -> UInt32 {
        let key = "longestGOPSeconds"
        guard let seconds: UInt32 = section.integer(key, in: 1...30) else { return 0 }
        if let segmentSeconds, seconds > segmentSeconds {
            log.error(
                "'\(key)' is \(seconds), but every segment of \(segmentSeconds) s needs a keyframe; "
                    + "take at most \(segmentSeconds)",
                at: section.place(of: key))
        }
        return seconds
    }

    private func encoded(_ section: Section, name: String) -> VideoRung {
        let width = side("width", section)
        let height = side("height", section)
        let frameRate = readFrameRate(section)
        let bitrate = section.required("bitrate", "give bits a second, such as 3000000")?
            .integer("bitrate", in: 10000...100_000_000 as ClosedRange<UInt32>, log)
        let profile = section.word("profile", among: [VideoRung.Profile.baseline, .main, .high]) ?? .high
        let level = readLevel(section)
        let rung = VideoRung(
            name: name, codec: .h264, width: width ?? 0, height: height ?? 0, frameRate: frameRate,
            bitrate: bitrate ?? 0, rateControl: section.word("rateControlMode", among: [.cbr, .vbr]) ?? .cbr,
            profile: profile,
            level: level?.number ?? 0, gopSize: readGOP(section, frameRate),
            bFrames: section.integer("gopNumBFrames", in: 0...16, default: profile == .baseline ? 0 : 2),
            preset: readPreset(section))
        checkGOPStructure(rung, section)
        if let width, let height, UInt32(width) * UInt32(height) > Self.maximumPixels {
            log.error(
                "pictures of \(width)x\(height) are more than Sluice encodes; 4096x2304 is the largest",
                at: section.place)
        } else if let width, let height, let frameRate, let bitrate {
            let fitting = H264Level.lowest(
                width: width, height: height, frameRate: frameRate, bitrate: bitrate, profile: profile)
            check(rung, frameRate, against: level, fitting: fitting, section)
        }
        return rung
    }

    private func side(_ key: String, _ section: Section) -> UInt16? {
        guard let node = section.required(key, "give the picture's \(key) in pixels"),
            let pixels = node.integer(key, in: 16...8192 as ClosedRange<UInt16>, log)
        else { return nil }
        guard pixels % 2 == 0 else {
            log.error(
                "'\(key)' is \(pixels), which is odd; 4:2:0 pictures have even sides, so take \(pixels + 1)",
                at: node.place)
            return nil
        }
        return pixels
    }

    private func readFrameRate(_ section: Section) -> FrameRate? {
        guard let node = section.required("framerate", "give frames a second, such as 30 or 30000/1001"),
            let text = node.text("framerate", log)
        else { return nil }
        guard let rate = FrameRate(parsing: text) else {
            log.error(
                "'framerate' is '\(text)'; it must be 1 to 120, whole (30) or a fraction (30000/1001)", at: node.place)
            return nil
        }
        if let seconds = segmentSeconds, rate.framesPerSegment(seconds: seconds) == nil {
            log.error(
                "a segment of \(seconds) s has no whole number of frames at \(rate) frames/s; "
                    + "change framerate or segmentDurationSeconds",
                at: node.place)
        }
        return rate
    }

    private func readLevel(_ section: Section) -> H264Level? {
        guard let node = section["level"], let text = node.text("level", log) else { return nil }
        guard let level = H264Level(parsing: text) else {
            let known = H264Level.all.map(\.description)
            log.error("'level' cannot be '\(text)'; H.264 has \(Suggestion.list(known))", at: node.place)
            return nil
        }
        return level
    }

    /// Two seconds unless given, or the whole segment where that does not divide it.
    private func readGOP(_ section: Section, _ frameRate: FrameRate?) -> UInt32 {
        let given: UInt32? = section.integer("gopSize", in: 1...3600)
        guard let frameRate, let seconds = segmentSeconds,
            let frames = frameRate.framesPerSegment(seconds: seconds), frames > 0
        else { return given ?? 1 }
        guard let given else {
            let twoSeconds = frameRate.framesPerSegment(seconds: 2) ?? frames
            return twoSeconds > 0 && frames % twoSeconds == 0 ? twoSeconds : frames
        }
        if frames % given != 0 {
            let near = (1...given).last { frames % $0 == 0 } ?? frames
            log.error(
                "'gopSize' is \(given), which does not divide the \(frames) frames of a \(seconds) s segment; "
                    + "take \(near)",
                at: section.place(of: "gopSize"))
        }
        return given
    }

    private func readPreset(_ section: Section) -> String {
        guard let node = section["preset"], let text = node.text("preset", log) else { return "veryfast" }
        if !Self.presets.contains(text) {
            let suggestion = Suggestion.text(for: text, among: Self.presets)
            log.error("'preset' cannot be '\(text)'\(suggestion)", at: node.place)
        }
        return text
    }

    private func checkGOPStructure(_ rung: VideoRung, _ section: Section) {
        let place = section.place(of: "gopNumBFrames")
        if rung.profile == .baseline, rung.bFrames > 0 {
            log.error("the BASELINE profile has no B-frames; take gopNumBFrames 0, or profile MAIN", at: place)
        } else if section.has("gopNumBFrames"), rung.bFrames > 0, UInt32(rung.bFrames) >= rung.gopSize {
            log.error(
                "'gopNumBFrames' is \(rung.bFrames), but a GOP has only \(rung.gopSize) frames; take fewer", at: place)
        }
    }

    private func check(
        _ rung: VideoRung, _ frameRate: FrameRate, against level: H264Level?, fitting: H264Level?, _ section: Section
    ) {
        guard let level else {
            if fitting == nil {
                log.error(
                    "no level of H.264 holds \(rung.width)x\(rung.height) at \(frameRate) frames/s", at: section.place)
            }
            return
        }
        let advice = fitting.map { "; level \($0.description) does" } ?? ""
        let place = section.place(of: "level")
        if !level.allowsPicture(width: rung.width, height: rung.height) {
            log.error(
                "level \(level.description) does not hold pictures of \(rung.width)x\(rung.height)\(advice)", at: place)
        } else if !level.allowsRate(width: rung.width, height: rung.height, frameRate: frameRate) {
            log.error(
                "level \(level.description) does not hold \(frameRate) frames/s of "
                    + "\(rung.width)x\(rung.height)\(advice)",
                at: place)
        }
        let limit = level.bitrateLimit(rung.profile)
        if UInt64(rung.bitrate) > limit {
            log.error(
                "'bitrate' is \(rung.bitrate); "
                    + "level \(level.description) ends at \(limit) for \(rung.profile.rawValue)\(advice)",
                at: section.place(of: "bitrate"))
        }
    }
}
