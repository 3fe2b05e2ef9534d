package import CurlHTTP
import Media

/// Walks a manifest like a player: fetches, checks the rules, opens, reports.
package struct StreamProbe: Sendable {
    package struct Options: Sendable {
        /// An HLS playlist of either kind, or an MPD.
        package var url: String
        /// Where keys of Common Encryption are: `GET /keys/KID`.
        package var keyServer: String
        /// What viewers show where keys, or the manifest itself, are guarded.
        package var token: HTTPSecret?
        /// How long to follow a live window; 0: one look.
        package var seconds: Int
        /// Of each rendition, how many of the newest segments are fetched at first.
        package var firstLook: Int

        package init(
            url: String, keyServer: String = "http://127.0.0.1:8090", token: HTTPSecret? = nil, seconds: Int = 0,
            firstLook: Int = 3
        ) {
            self.url = url
            self.keyServer = keyServer.hasSuffix("/") ? String(keyServer.dropLast()) : keyServer
            self.token = token
            self.seconds = seconds
            self.firstLook = firstLook
        }
    }

    private let options: Options
    private let client: HTTPClient
    private let now: @Sendable () -> Int64
    private let pause: @Sendable (Int64) async throws -> Void

    /// - Parameters:
    ///   - now: milliseconds since the epoch.
    ///   - pause: lets so many of them go by.
    package init(
        _ options: Options, client: HTTPClient, now: @escaping @Sendable () -> Int64,
        pause: @escaping @Sendable (Int64) async throws -> Void = { try await Task.sleep(for: .milliseconds($0)) }
    ) {
        self.options = options
        self.client = client
        self.now = now
        self.pause = pause
    }

    package func run() async -> ProbeReport {
        let start = now()
        var access = options.token.map { ViewerAccess(token: $0, for: [options.url, options.keyServer]) }
        let url = await access?.enter(options.url, by: client) ?? options.url
        var context = ProbeContext(client: client, keyServer: options.keyServer, access: access)
        var renditions: [ProbeReport.Rendition] = []
        let isMPD = options.url.prefix { $0 != "?" && $0 != "#" }.hasSuffix(".mpd")
        if isMPD {
            var walk = DASHWalk(url: url, firstLook: options.firstLook)
            await follow(from: start, isEnded: { walk.isEnded }) {
                await walk.round(now: now(), &context)
                return walk.reloadMilliseconds
            }
            walk.finish(&context)
            renditions = walk.renditions
        } else if let response = await context.fetch(url, .playlist, place: Reference.fileName(url)) {
            var walk = HLSWalk(url: url, firstLook: options.firstLook)
            walk.start(response, &context)
            await follow(from: start, isEnded: { walk.isEnded }) {
                await walk.round(now: now(), &context)
                return walk.reloadMilliseconds
            }
            await walk.finish(&context)
            renditions = walk.renditions
        }
        if renditions.allSatisfy({ $0.segments == 0 }),
            !context.log.findings.contains(where: { $0.severity > .warning })
        {
            context.log.add(Issue(.status, "no segment could be fetched"), at: Reference.fileName(options.url))
        }
        return ProbeReport(
            url: Reference.withoutSecrets(options.url), findings: context.log.findings, renditions: renditions,
            seconds: Int((now() - start) / 1000))
    }

    /// Rounds until the time is over, the presentation ends or the task is cancelled.
    ///
    /// - Parameter round: one round; the milliseconds from its start to the next one's.
    private func follow(from start: Int64, isEnded: () -> Bool, _ round: () async -> Int64) async {
        let end = start + Int64(options.seconds) * 1000
        while true {
            let roundStart = now()
            let rest = await round() - (now() - roundStart)
            guard now() + max(rest, 0) < end, !isEnded(), !Task.isCancelled else { return }
            if rest > 0 {
                guard (try? await pause(rest)) != nil else { return }
            }
        }
    }
}
