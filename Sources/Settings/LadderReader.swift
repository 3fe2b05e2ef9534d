import Media

/// Reads `video`, `audio` and where they are cut.
struct LadderReader {
    let log: DiagnosticLog

    /// The ladder, with stand-ins for what is wrong and logged, and the segment duration where that is right.
    func read(_ root: Section) -> (ladder: Ladder, segmentSeconds: UInt32?) {
        let key = "segmentDurationSeconds"
        let segmentSeconds: UInt32? = root.has(key) ? root.integer(key, in: 1...30) : 6
        let part = readPart(root, segmentSeconds)
        var names: [String: Place] = [:]
        var video: [VideoRung] = []
        var rates: [(rate: FrameRate, place: Place)] = []
        let reader = VideoRungReader(log: log, segmentSeconds: segmentSeconds)
        for node in root.list("video", "- { name: 720p, codec: h264, ... }") ?? [] {
            guard let rung = reader.read(node) else { continue }
            checkName(rung.name, node, &names)
            if let rate = rung.frameRate { rates.append((rate, node.place)) }
            if rung.codec == .copy, video.contains(where: { $0.codec == .copy && $0.trackID == rung.trackID }) {
                log.error(
                    "there is a rung already that copies track \(rung.trackID), and this would be the same picture; "
                        + "delete it, or give it another trackId",
                    at: node.place)
            } else if rung.codec == .copy, let segmentSeconds {
                warnOfCopy(of: rung.trackID, beside: root, node, segmentSeconds)
            }
            video.append(rung)
        }
        if let segmentSeconds { checkAlignment(rates, segmentSeconds) }
        checkLeading(video, root)
        var audio: [AudioRung] = []
        for node in root.list("audio", "- { name: stereo, codec: aac }") ?? [] {
            guard let rung = AudioRungReader(log: log).read(node) else { continue }
            checkName(rung.name, node, &names)
            audio.append(rung)
        }
        let isAbsent = { (key: String) in root.list(key, "")?.isEmpty ?? !root.has(key) }
        if isAbsent("video"), isAbsent("audio") {
            log.error("the profile has neither video nor audio; list at least one rung", at: root.place)
        }
        let ladder = Ladder(
            video: video, audio: audio, segmentDurationSeconds: segmentSeconds ?? 6, partDurationMilliseconds: part)
        return (ladder, segmentSeconds)
    }

    private func readPart(_ root: Section, _ segmentSeconds: UInt32?) -> UInt32 {
        guard let node = root["partDurationSeconds"] else { return 1000 }
        guard let part = node.milliseconds("partDurationSeconds", in: 100...30000, log) else { return 1000 }
        if let seconds = segmentSeconds, part > seconds * 1000 {
            log.error(
                "'partDurationSeconds' is longer than a segment (\(seconds) s); parts are what a segment is made of",
                at: node.place)
        }
        return part
    }

    private func checkName(_ name: String, _ node: SettingsNode, _ names: inout [String: Place]) {
        guard !name.isEmpty else { return }
        if let first = names[name] {
            log.error(
                "the name '\(name)' is taken by the rung in line \(first.line); names are unique in a channel",
                at: node.place)
        } else {
            names[name] = node.place
        }
    }

    private func warnOfCopy(of track: UInt8, beside root: Section, _ node: SettingsNode, _ seconds: UInt32) {
        guard let rungs = root.list("video", ""), rungs.count > 1 else { return }
        log.warning(
            "codec copy beside other rungs: players can switch only if the encoder sends a keyframe every "
                + "\(seconds) s or at a divisor of it" + (track == 0 ? "" : ", at once on all its tracks"),
            at: node.place)
    }

    /// Encoded rungs are made of track 0, and cut where a copied track has its keyframes: that must be the same one.
    private func checkLeading(_ video: [VideoRung], _ root: Section) {
        let copied = video.filter { $0.codec == .copy }
        guard !copied.isEmpty, copied.count < video.count, !copied.contains(where: { $0.trackID == 0 }) else { return }
        log.error(
            "encoded rungs are made of the encoder's track 0, and no rung copies that; "
                + "beside encoded rungs, a rung with codec copy and trackId 0 must be there",
            at: root.place(of: "video"))
    }

    /// Segments of all rungs start together only if they last equally long: 6 s at 30, but 6.006 s at 30000/1001.
    private func checkAlignment(_ rates: [(rate: FrameRate, place: Place)], _ seconds: UInt32) {
        guard let first = rates.first, let frames = first.rate.framesPerSegment(seconds: seconds) else { return }
        for other in rates.dropFirst() {
            guard let otherFrames = other.rate.framesPerSegment(seconds: seconds) else { continue }
            let product = UInt64(frames) * UInt64(first.rate.denominator) * UInt64(other.rate.numerator)
            if product != UInt64(otherFrames) * UInt64(other.rate.denominator) * UInt64(first.rate.numerator) {
                log.error(
                    "\(other.rate) frames/s beside \(first.rate) frames/s: "
                        + "their segments would not start together; use rates of one family",
                    at: other.place)
            }
        }
    }
}

/// Reads one entry of `audio`.
struct AudioRungReader {
    let log: DiagnosticLog

    private static let encodingKeys = ["bitrate", "sampleRate", "channels"]
    /// ISO/IEC 14496-3:2019, table 1.18.
    private static let sampleRates: [UInt32] = [
        8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000,
    ]
    private static let channelCounts: [UInt8] = [1, 2, 3, 4, 5, 6, 8]

    func read(_ node: SettingsNode) -> AudioRung? {
        let keys = ["name", "codec", "trackId"] + Self.encodingKeys + ["language"]
        guard let section = Section(node, "an audio rung", keys: keys, log) else { return nil }
        let name = Names.read("name", of: section, limit: 32, "name it, such as stereo") ?? ""
        let language = readLanguage(section)
        let trackID = UInt8(clamping: section.integer("trackId", in: 0...255, default: 0))
        guard
            let codec = section.required("codec", "write aac or copy")?
                .word("codec", among: [AudioRung.Codec.aac, .copy], log)
        else { return nil }
        switch codec {
        case .copy:
            section.refuse(
                Self.encodingKeys, "has no meaning with codec copy, which passes the encoder's sound on; delete it")
            return AudioRung(name: name, codec: .copy, trackID: trackID, language: language)
        case .aac:
            let rate = listed("sampleRate", Self.sampleRates, "AAC", section) ?? 48000
            let channels = listed("channels", Self.channelCounts, "AAC", section) ?? 2
            let bitrate: UInt32 = section.integer("bitrate", in: 8000...1_000_000, default: 128_000)
            // 6144 bits for each channel of a frame of 1024 samples. ISO/IEC 14496-3:2019, clause 4.5.3.
            let limit = UInt64(rate) * 6 * UInt64(channels)
            if UInt64(bitrate) > limit {
                log.error(
                    "'bitrate' is \(bitrate); AAC ends at \(limit) for \(channels) channels at \(rate) Hz",
                    at: section.place(of: "bitrate"))
            }
            return AudioRung(
                name: name, codec: .aac, trackID: trackID, bitrate: bitrate, sampleRate: rate, channels: channels,
                language: language)
        }
    }

    private func listed<T: FixedWidthInteger>(_ key: String, _ values: [T], _ what: String, _ section: Section) -> T? {
        guard let value: T = section.integer(key, in: 0...T.max) else { return nil }
        guard values.contains(value) else {
            let known = Suggestion.list(values.map { "\($0)" })
            log.error("'\(key)' cannot be \(value); \(what) has \(known)", at: section.place(of: key))
            return nil
        }
        return value
    }

    private func readLanguage(_ section: Section) -> String {
        guard let node = section["language"], let text = node.text("language", log) else { return "und" }
        if !Names.isLanguage(text) {
            log.error("'language' cannot be '\(text)'; write a language tag such as en, pt-BR or und", at: node.place)
        }
        return text
    }
}
