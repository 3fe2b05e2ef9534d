import Foundation
import Media

/// Reads a whole profile: its parts in the order in which they depend on each other.
struct ChannelProfileReader {
    static let keys = [
        "channel", "ingest", "video", "audio", "segmentDurationSeconds", "partDurationSeconds", "storageWindowSeconds",
        "thumbnails", "slate", "captionLanguageMappings", "access", "limits", "endpoints", "speke",
    ]

    /// What a profile is, and what comparing it with the other profiles of a folder needs.
    struct Reading {
        /// Nil if there is an error.
        var profile: ChannelProfile?
        /// The channel's name even where other things are wrong.
        var channel: String?
        var channelPlace: Place
        /// Where each provider's `resourceId` is written.
        var resourcePlaces: [String: Place] = [:]
        var diagnostics: [Diagnostic] = []
    }

    let environment: [String: String]
    let purpose: LoadPurpose

    func read(path: String) -> Reading {
        let log = DiagnosticLog()
        guard let text = SettingsDocument.contents(of: path, log: log) else {
            return Reading(channelPlace: Place(file: path), diagnostics: log.diagnostics)
        }
        return read(text: text, file: path, directory: (path as NSString).deletingLastPathComponent)
    }

    func read(text: String, file: String, directory: String) -> Reading {
        let log = DiagnosticLog()
        var reading = Reading(channelPlace: Place(file: file, line: 1, column: 1))
        if let node = SettingsDocument.root(of: text, file: file, log: log),
            let root = Section(node, "the profile", keys: Self.keys, log)
        {
            let secrets = SecretReader(environment: environment, directory: directory, purpose: purpose, log: log)
            read(root, secrets, log, into: &reading)
        }
        reading.diagnostics = log.diagnostics.sorted()
        if reading.diagnostics.hasErrors { reading.profile = nil }
        return reading
    }

    private func read(_ root: Section, _ secrets: SecretReader, _ log: DiagnosticLog, into reading: inout Reading) {
        reading.channel = Names.read("channel", of: root, limit: 64, "it is the name in every URL: channel: news")
        reading.channelPlace = root.place(of: "channel")
        let ingestReader = IngestReader(secrets: secrets)
        let ingest = ingestReader.read(root)
        let (cut, segmentSeconds) = LadderReader(log: log).read(root)
        var ladder = cut
        ladder.thumbnails = ThumbnailReader(log: log).read(root, ladder)
        let storage = readStorage(root, segmentSeconds, log)
        let speke = SPEKEReader(secrets: secrets).read(root)
        reading.resourcePlaces = speke.resourcePlaces
        let slate = SlateReader(secrets: secrets).read(
            root,
            isShown: speke.profiles.values.contains { $0.onKeyFailure.then == .slate }
                || ingest?.inputLoss.fill == .slate && ingest?.inputLoss.slate.isBlack == true)
        if let ingest { ingestReader.check(ingest.inputLoss, root, ladder, slate: slate) }
        let encryption = EncryptionReader(
            log: log, segmentSeconds: segmentSeconds, spekeNames: speke.names, speke: speke.profiles)
        let captions = CaptionReader(log: log).read(root)
        let endpoints = EndpointReader(
            log: log, segmentSeconds: segmentSeconds, storageSeconds: storage, encryption: encryption, ladder: ladder,
            hasThumbnails: root.has("thumbnails"), hasCaptions: captions.contains { $0.field != nil }
        ).read(root).map { endpoint in
            var endpoint = endpoint
            endpoint.captions = captions
            return endpoint
        }
        if endpoints.contains(where: \.includeSubtitles) {
            ladder.captions = SubtitleReader(log: log).read(captions, root, ladder)
        }
        let access = AccessReader(secrets: secrets).read(root)
        let requestRate = readRequestRate(root, log)
        ladder.isLowLatency = endpoints.contains(where: \.hasParts)
        // Players that reckon with numbers alone ask for segments by the grid.
        ladder.cutsAtSplices =
            endpoints.contains(where: \.showsAdMarkers)
            && !endpoints.contains { $0.package == .dash && $0.segmentTemplate == .number }
        if ladder.isLowLatency {
            PartCheck(log: log).check(
                ladder,
                at: root.has("partDurationSeconds")
                    ? root.place(of: "partDurationSeconds") : root.keyPlace("endpoints"))
        }
        warnOfUnused(speke, endpoints, log)
        if endpoints.contains(where: { $0.playlistType == .event }), !root.has("storageWindowSeconds") {
            log.warning(
                "playlistType event lists at most storageWindowSeconds, an hour where nothing is said; a longer event "
                    + "goes on as a live playlist: write storageWindowSeconds",
                at: root.keyPlace("endpoints"))
        }
        guard let channel = reading.channel, let ingest else { return }
        reading.profile = ChannelProfile(
            channel: channel, ingest: ingest, ladder: ladder, storageWindowSeconds: storage ?? 3600,
            endpoints: endpoints, speke: speke.profiles, slate: slate, access: access)
        reading.profile?.requestRate = requestRate
    }

    private func readStorage(_ root: Section, _ segmentSeconds: UInt32?, _ log: DiagnosticLog) -> UInt32? {
        let key = "storageWindowSeconds"
        guard root.has(key) else { return 3600 }
        guard let storage: UInt32 = root.integer(key, in: 1...1_209_600) else { return nil }
        if let segment = segmentSeconds, storage < segment * 3 {
            log.error(
                "'\(key)' is \(storage), less than three segments of \(segment) s; take at least \(segment * 3)",
                at: root.place(of: key))
            return nil
        }
        return storage
    }

    private func readRequestRate(_ root: Section, _ log: DiagnosticLog) -> AddressRate? {
        let keys = ["requestRatePerAddress", "requestBurstPerAddress"]
        guard let node = root["limits"], let section = Section(node, "limits", keys: keys, log) else { return nil }
        return OriginLimitsReader(log: log) { section[$0].map { [$0] } ?? [] }.rate("request")
    }

    private func warnOfUnused(_ speke: SPEKEReader.Result, _ endpoints: [EndpointProfile], _ log: DiagnosticLog) {
        // An endpoint with errors may have meant any of them.
        guard !log.diagnostics.hasErrors else { return }
        let used = Set(endpoints.compactMap { $0.encryption?.speke })
        for name in speke.names where !used.contains(name) {
            guard let place = speke.places[name] else { continue }
            log.warning("no endpoint uses the key provider '\(name)'", at: place)
        }
    }
}

extension ChannelProfile {
    /// Reads and checks the profile in a file. Paths inside it are relative to its folder.
    ///
    /// - Parameter environment: where `{ env: NAME }` is looked up.
    /// - Returns: the profile, nil if there is an error, and everything that is wrong or dangerous, sorted.
    package static func load(
        path: String, environment: [String: String], purpose: LoadPurpose = .serve
    ) -> (profile: ChannelProfile?, diagnostics: [Diagnostic]) {
        let reading = ChannelProfileReader(environment: environment, purpose: purpose).read(path: path)
        return (reading.profile, reading.diagnostics)
    }

    /// Reads and checks the text of a profile.
    ///
    /// - Parameters:
    ///   - file: what diagnostics call it.
    ///   - directory: what paths inside it are relative to; the working directory if empty.
    package static func load(
        text: String, file: String, directory: String = "", environment: [String: String],
        purpose: LoadPurpose = .serve
    ) -> (profile: ChannelProfile?, diagnostics: [Diagnostic]) {
        let reading = ChannelProfileReader(environment: environment, purpose: purpose)
            .read(text: text, file: file, directory: directory)
        return (reading.profile, reading.diagnostics)
    }
}
