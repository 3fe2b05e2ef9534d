import Media

/// Reads `endpoints` and checks each against the ladder, the storage window and the key providers.
struct EndpointReader {
    let log: DiagnosticLog
    /// Nil where the profile's own is wrong: then nothing is compared with it. So for the next.
    let segmentSeconds: UInt32?
    let storageSeconds: UInt32?
    let encryption: EncryptionReader
    let ladder: Ladder
    /// Whether the profile says anything of thumbnails.
    let hasThumbnails: Bool
    /// Whether a channel of CEA-608 is named.
    let hasCaptions: Bool

    private static let commonKeys = [
        "id", "package", "container", "lowLatency", "includeIframeOnlyStream", "includeThumbnails", "clearThumbnails",
        "includeSubtitles", "clearSubtitles", "adMarkers", "encryption", "access",
        "tooEarlyStatus", "expiredStatus",
    ]
    private static let hlsKeys = [
        "playlistType", "playlistWindowSeconds", "programDateTimeIntervalSeconds", "useAudioRenditionGroup",
    ]
    private static let dashKeys = [
        "manifestWindowSeconds", "minBufferTimeSeconds", "minUpdatePeriodSeconds", "suggestedPresentationDelaySeconds",
        "segmentTemplate", "periodTriggers", "targetLatencySeconds", "inbandProducerReferenceTime",
        "mpdPatch", "profile",
    ]

    /// The segment duration that defaults are made of.
    private var seconds: UInt32 { segmentSeconds ?? 6 }

    func read(_ root: Section) -> [EndpointProfile] {
        guard root.required("endpoints", "list at least one, such as { id: hls, package: hls }") != nil,
            let nodes = root.list("endpoints", "- { id: hls, package: hls }")
        else { return [] }
        if nodes.isEmpty {
            log.error("'endpoints' is an empty list, so nobody could watch", at: root.place(of: "endpoints"))
        }
        var endpoints: [EndpointProfile] = []
        var lines: [String: Int] = [:]
        for node in nodes {
            guard let endpoint = readEndpoint(node) else { continue }
            if let line = lines[endpoint.id] {
                log.error(
                    "the endpoint id '\(endpoint.id)' is taken by the one in line \(line); ids are unique in a channel",
                    at: node.place)
            } else if !endpoint.id.isEmpty {
                lines[endpoint.id] = node.place.line
            }
            endpoints.append(endpoint)
        }
        return endpoints
    }

    private func readEndpoint(_ node: SettingsNode) -> EndpointProfile? {
        let keys = Self.commonKeys + Self.hlsKeys + Self.dashKeys
        guard let section = Section(node, "an endpoint", keys: keys, log) else { return nil }
        let id = Names.read("id", of: section, limit: 64, "it becomes a part of the URL: id: hls") ?? ""
        guard
            let package = section.required("package", "write hls or dash")?.word(
                "package", EndpointProfile.Package.self, log)
        else { return nil }
        let isLowLatency = section.bool("lowLatency", default: false)
        var endpoint = package == .hls ? readHLS(section, id) : readDASH(section, id, isLowLatency: isLowLatency)
        endpoint.lowLatency = isLowLatency
        endpoint.tooEarlyStatus = section.word("tooEarlyStatus", default: endpoint.tooEarlyStatus)
        endpoint.expiredStatus = section.word("expiredStatus", default: endpoint.expiredStatus)
        endpoint.includeIframeOnlyStream = section.bool("includeIframeOnlyStream", default: false)
        endpoint.includeThumbnails = section.bool("includeThumbnails", default: false)
        endpoint.clearThumbnails = section.bool("clearThumbnails", default: false)
        ThumbnailReader(log: log).check(endpoint, hasThumbnails: hasThumbnails, section)
        endpoint.includeSubtitles = section.bool("includeSubtitles", default: false)
        endpoint.clearSubtitles = section.bool("clearSubtitles", default: false)
        SubtitleReader(log: log).check(endpoint, hasCaptions: hasCaptions, section)
        HbbTVCheck(log: log, ladder: ladder, segmentSeconds: seconds).check(endpoint, at: section.place(of: "profile"))
        if isLowLatency, !endpoint.hasParts {
            PendingFeature.lowLatency.report(at: section.keyPlace("lowLatency"), log)
        }
        return endpoint
    }

    private func readHLS(_ section: Section, _ id: String) -> EndpointProfile {
        section.refuse(Self.dashKeys, "is a word of package dash, and this endpoint is hls; delete it")
        let container = section.word("container", default: EndpointProfile.Container.cmaf)
        let playlistType = section.word("playlistType", default: EndpointProfile.PlaylistType.live)
        var window = UInt32(60)
        switch playlistType {
        case .live: window = readWindow("playlistWindowSeconds", section)
        case .event:
            section.refuse(["playlistWindowSeconds"], "contradicts playlistType event, which keeps all; delete one")
            window = storageSeconds ?? 3600
        }
        let groups = section.bool("useAudioRenditionGroup", default: container == .cmaf)
        if container == .cmaf, !groups {
            log.error(
                "'useAudioRenditionGroup' is false, but CMAF keeps audio apart; write true, or container ts",
                at: section.place(of: "useAudioRenditionGroup"))
        }
        return EndpointProfile(
            id: id, package: .hls, container: container, playlistType: playlistType, windowSeconds: window,
            programDateTimeIntervalSeconds: readDateTimeInterval(section, window),
            useAudioRenditionGroup: groups,
            adMarkers: readMarkers(section, among: [.daterange, .cueOutIn, .enhanced], default: []),
            encryption: encryption.read(section, .hls, container))
    }

    private func readDASH(_ section: Section, _ id: String, isLowLatency: Bool) -> EndpointProfile {
        section.refuse(Self.hlsKeys, "is a word of package hls, and this endpoint is dash; delete it")
        if section.word("container", EndpointProfile.Container.self) == .ts {
            log.error("'container' is ts, but DASH is made of cmaf only; delete it", at: section.place(of: "container"))
        }
        let window = readWindow("manifestWindowSeconds", section)
        let encryption = encryption.read(section, .dash, .cmaf)
        if !isLowLatency {
            section.refuse(["targetLatencySeconds", "inbandProducerReferenceTime"], "wants lowLatency: true beside it")
        }
        let template = section.word(
            "segmentTemplate", default: isLowLatency ? .number : EndpointProfile.SegmentTemplate.timeline)
        if isLowLatency, template == .timeline {
            log.error(
                "'segmentTemplate' is timeline, which says of a segment how long it is before lowLatency could know; "
                    + "write number, or delete it",
                at: section.place(of: "segmentTemplate"))
        }
        let hasPatches = section.bool("mpdPatch", default: false)
        if hasPatches, template == .number {
            log.error(
                "'mpdPatch' is for segmentTemplate timeline: with number there is hardly anything to patch; delete it",
                at: section.place(of: "mpdPatch"))
        }
        let triggers = readTriggers(section, encryption)
        return EndpointProfile(
            id: id, package: .dash, windowSeconds: window, programDateTimeIntervalSeconds: 0,
            minBufferTimeSeconds: section.integer(
                "minBufferTimeSeconds", in: 1...300, default: isLowLatency ? 1 : seconds),
            minUpdatePeriodSeconds: readUpdatePeriod(section, window),
            suggestedPresentationDelaySeconds: readDelay(section, window, isLowLatency: isLowLatency),
            segmentTemplate: template, periodTriggers: triggers,
            targetLatencyMilliseconds: readTargetLatency(section, window),
            inbandProducerReferenceTime: section.bool("inbandProducerReferenceTime", default: false),
            mpdPatch: hasPatches, dashProfile: section.word("profile", default: .none),
            adMarkers: readMarkers(section, among: [.binary], default: triggers.contains(.ads) ? [.binary] : []),
            encryption: encryption)
    }

    private func readWindow(_ key: String, _ section: Section) -> UInt32 {
        // Ten segments where nothing is said, a minute at least.
        guard section.has(key) else { return max(60, seconds * 10) }
        guard let window: UInt32 = section.integer(key, in: 1...1_209_600) else { return 60 }
        let place = section.place(of: key)
        if let segment = segmentSeconds, window < segment * 3 {
            log.error(
                "'\(key)' is \(window), less than three segments of \(segment) s, which players need; "
                    + "take at least \(segment * 3)",
                at: place)
        }
        if let storage = storageSeconds, window > storage {
            log.error(
                "'\(key)' is \(window), but storageWindowSeconds keeps only \(storage); raise that or shorten this",
                at: place)
        }
        return window
    }

    private func readDateTimeInterval(_ section: Section, _ window: UInt32) -> UInt32 {
        let key = "programDateTimeIntervalSeconds"
        guard section.has(key) else { return seconds }
        guard let interval: UInt32 = section.integer(key, in: 0...3600) else { return seconds }
        if interval > window {
            log.error(
                "'\(key)' is \(interval), longer than the window of \(window) s, "
                    + "so most playlists would have no date; take at most \(window)",
                at: section.place(of: key))
        }
        return interval
    }

    private func readUpdatePeriod(_ section: Section, _ window: UInt32) -> UInt32 {
        let key = "minUpdatePeriodSeconds"
        let period = section.integer(key, in: 1...300, default: max(1, seconds / 2))
        if section.has(key), period >= window {
            log.error(
                "'\(key)' is \(period), but what a player got is gone after manifestWindowSeconds \(window); "
                    + "take a segment's duration or less",
                at: section.place(of: key))
        }
        return period
    }

    private func readDelay(_ section: Section, _ window: UInt32, isLowLatency: Bool) -> UInt32? {
        let key = "suggestedPresentationDelaySeconds"
        if isLowLatency, !section.has(key) { return nil }
        let delay = section.integer(key, in: 1...1800, default: min(seconds * 3, window))
        guard section.has(key) else { return delay }
        if let segment = segmentSeconds, delay < segment, !isLowLatency {
            log.error(
                "'\(key)' is \(delay), less than one segment of \(segment) s, "
                    + "so players would ask for what is not made yet; take \(segment * 3)",
                at: section.place(of: key))
        } else if delay > window {
            log.error(
                "'\(key)' is \(delay), behind the window of \(window) s; take at most \(window), "
                    + "or raise manifestWindowSeconds",
                at: section.place(of: key))
        }
        return delay
    }

    private func readTargetLatency(_ section: Section, _ window: UInt32) -> UInt32? {
        let key = "targetLatencySeconds"
        guard let target = section[key]?.milliseconds(key, in: 300...30000, log) else { return nil }
        if target / 1000 >= window {
            log.error("'\(key)' is behind the window of \(window) s; take less", at: section.place(of: key))
        }
        return target
    }

    /// A word, or a list of several.
    private func readMarkers(
        _ section: Section, among known: [EndpointProfile.AdMarkers], default value: Set<EndpointProfile.AdMarkers>
    ) -> Set<EndpointProfile.AdMarkers> {
        let key = "adMarkers"
        guard let node = section[key] else { return value }
        let words = known.map(\.rawValue) + ["NONE"]
        var items = [node]
        if case .sequence(let list) = node.value { items = list }
        var markers: Set<EndpointProfile.AdMarkers> = []
        for item in items {
            guard let text = item.text(key, log) else { continue }
            guard words.contains(text) else {
                log.error(
                    "'\(key)' cannot be '\(text)' in this package; take \(words.joined(separator: ", "))",
                    at: item.place)
                continue
            }
            if let marker = EndpointProfile.AdMarkers(rawValue: text) { markers.insert(marker) }
        }
        if markers.isSuperset(of: [.cueOutIn, .enhanced]) {
            log.error("'\(key)' is CUE_OUT_IN and SCTE35_ENHANCED, which has the same tags; delete one", at: node.place)
        }
        return markers
    }

    private func readTriggers(_ section: Section, _ encryption: EndpointEncryption?) -> Set<
        EndpointProfile.PeriodTrigger
    > {
        let rotates = (encryption?.keyRotationIntervalSeconds ?? 0) > 0
        guard let items = section.list("periodTriggers", "[keyRotation]") else { return [.keyRotation] }
        var triggers: Set<EndpointProfile.PeriodTrigger> = []
        for item in items {
            guard let trigger = item.word("periodTriggers", EndpointProfile.PeriodTrigger.self, log) else { continue }
            triggers.insert(trigger)
        }
        if rotates, !triggers.contains(.keyRotation) {
            log.warning(
                "keys rotate, but 'periodTriggers' has no keyRotation: "
                    + "players that look for keys in the manifest only will stop",
                at: section.place(of: "periodTriggers"))
        }
        return triggers
    }
}
