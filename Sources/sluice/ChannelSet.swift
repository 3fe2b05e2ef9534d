import CurlHTTP
import Keys
import Live
import Logging
import ServiceLifecycle
import Settings
import Supervisor
import Timeline

/// The channels of the profile folder: makes them, runs their key schedules, and changes them at a reload.
actor ChannelSet: Service {
    nonisolated let directory: ChannelDirectory
    private let supervisor: Supervisor
    private let profiles: String
    private let environment: [String: String]
    private let storage: String
    private let budget: StorageBudget
    private let http: HTTPClient
    private let logger: Logger
    private let (schedules, found) = AsyncStream.makeStream(of: LiveChannel.self)
    private var runners: [String: Task<Void, Never>] = [:]

    init(
        directory: ChannelDirectory, supervisor: Supervisor, profiles: String, environment: [String: String],
        storage: String, budget: StorageBudget, http: HTTPClient, logger: Logger
    ) {
        self.directory = directory
        self.supervisor = supervisor
        self.profiles = profiles
        self.environment = environment
        self.storage = storage
        self.budget = budget
        self.http = http
        self.logger = logger
    }

    /// Reads the folder anew. A channel whose profile did not change is not touched; one whose file has become wrong
    /// goes on as it was.
    func reload() throws {
        let loaded = ProfileDirectory.load(path: profiles, environment: environment)
        for diagnostic in loaded.diagnostics {
            logger.log(level: diagnostic.severity == .error ? .error : .warning, "\(diagnostic)")
        }
        for profile in loaded.profiles {
            let current = directory.channel(named: profile.channel)
            guard current?.profile != profile else { continue }
            if current != nil { remove(profile.channel, reason: "its profile changed") }
            do { try add(profile) } catch {
                logger.error("cannot open the channel: \(error)", metadata: ["channel": "\(profile.channel)"])
            }
        }
        let named = Set(loaded.profiles.map(\.channel))
        guard !loaded.diagnostics.contains(where: { $0.severity == .error }) else { return }
        for channel in directory.all where !named.contains(channel.profile.channel) {
            remove(channel.profile.channel, reason: "its profile is gone")
        }
    }

    /// Until shutdown; then the schedules forget their keys.
    nonisolated func run() async throws {
        try await gracefulShutdown()
        await stop()
    }

    private func stop() {
        for runner in runners.values { runner.cancel() }
        runners = [:]
    }

    private func add(_ profile: ChannelProfile) throws {
        let http = http
        let logger = logger
        let channel = try LiveChannel(
            profile: profile, directory: "\(storage)/\(profile.channel)", budget: budget, logger: logger,
            clock: wallMilliseconds
        ) { contract, speke, onChange in
            let client = SPEKEClient(http, try SPEKEClient.Provider(speke))
            return KeySchedule(
                KeyPlan.Settings(
                    rotationIntervalSeconds: contract.rotationIntervalSeconds, prefetchSeconds: speke.prefetchSeconds,
                    retentionSeconds: profile.storageWindowSeconds + speke.onKeyFailure.graceSeconds),
                report: { event in
                    Self.log(event, channel: profile.channel, contract: contract, logger)
                    if case .fetched = event { onChange() }
                },
                fetch: { period throws(KeyError) in try await client.keys(for: contract, period: period) })
        }
        directory.add(channel)
        runners[profile.channel] = Task {
            await withDiscardingTaskGroup { group in
                for schedule in channel.schedules { group.addTask { await schedule.run() } }
            }
        }
        logger.info(
            "channel opened",
            metadata: ["channel": "\(profile.channel)", "segments": "\(channel.timeline.snapshot.segments.count)"])
    }

    private func remove(_ name: String, reason: String) {
        supervisor.stopPublication(of: name, reason: reason)
        runners.removeValue(forKey: name)?.cancel()
        _ = directory.remove(named: name)
        logger.notice("channel closed: \(reason)", metadata: ["channel": "\(name)"])
    }

    private static func log(_ event: KeySchedule.Event, channel: String, contract: KeyContract, _ logger: Logger) {
        let metadata: Logger.Metadata = ["channel": "\(channel)", "scheme": "\(contract.scheme.rawValue)"]
        switch event {
        case .fetched(let period, let attempts):
            logger.info(
                "key period fetched",
                metadata: metadata.merging(["period": "\(period)", "attempts": "\(attempts)"]) { $1 })
        case .failed(let period, let error, let nextAttempt):
            logger.warning(
                "the key provider failed: \(error)",
                metadata: metadata.merging([
                    "period": "\(period)", "retryInMilliseconds": "\(nextAttempt - wallMilliseconds())",
                ]) { $1 })
        case .dropped(let period):
            logger.debug("key period dropped", metadata: metadata.merging(["period": "\(period)"]) { $1 })
        }
    }
}

extension SPEKEClient.Provider {
    /// - Throws: for authentication that is not in effect yet.
    init(_ speke: SPEKEProfile) throws {
        switch speke.authentication {
        case .none: self.init(url: speke.url)
        case .basic(let user, let password):
            self.init(url: speke.url, authentication: .basic(user: user, password: HTTPSecret(password.reveal())))
        case .bearer(let token):
            self.init(url: speke.url, authentication: .bearer(HTTPSecret(token.reveal())))
        case .header(let name, let value):
            self.init(url: speke.url, authentication: .header(name: name, value: HTTPSecret(value.reveal())))
        case .sigV4, .clientCertificate:
            throw StartError(description: "this authentication of the key provider is not in effect yet")
        }
    }
}
