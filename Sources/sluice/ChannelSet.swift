import Access
import ChunkStream
import CurlHTTP
import Dispatch
import Files
import Keys
import Live
import Logging
import Media
import Origin
import Sealing
import ServiceLifecycle
import Settings
import Slate
import Supervisor
import Timeline

import struct Foundation.Date

/// The channels of the profile folder: makes them, runs their key schedules, and changes them at a reload.
actor ChannelSet: Service {
    nonisolated let directory: ChannelDirectory
    private let supervisor: Supervisor
    private let profiles: String
    private let environment: [String: String]
    private let storage: String
    private let budget: StorageBudget
    private let hostKey: HostKey
    private let access: AccessDesk
    private let rates: ChannelRates
    private let sealsMedia: Bool
    private let departed: DepartedChannels
    private let http: HTTPClient
    private let clock: DaemonClock
    private let logger: Logger
    private let (schedules, found) = AsyncStream.makeStream(of: LiveChannel.self)
    private var runners: [String: Task<Void, Never>] = [:]
    /// Until when a change waits for disks that are late.
    private var patientUntil: ContinuousClock.Instant?

    init(
        directory: ChannelDirectory, supervisor: Supervisor, profiles: String, environment: [String: String],
        storage: String, budget: StorageBudget, hostKey: HostKey, sealsMedia: Bool, access: AccessDesk,
        rates: ChannelRates, http: HTTPClient, clock: DaemonClock, logger: Logger
    ) {
        self.directory = directory
        self.supervisor = supervisor
        self.profiles = profiles
        self.environment = environment
        self.storage = storage
        self.budget = budget
        self.hostKey = hostKey
        self.sealsMedia = sealsMedia
        self.access = access
        self.rates = rates
        departed = DepartedChannels(directory: storage, budget: budget) { Self.log($0, logger) }
        self.http = http
        self.clock = clock
        self.logger = logger
    }

    /// Reads the folder anew. A channel whose profile did not change is not touched; one whose file has become wrong
    /// goes on as it was.
    func reload() async throws {
        let loaded = ProfileDirectory.load(path: profiles, environment: environment)
        // A folder that is not mounted, or a copy under way, is not to end every programme.
        let isEmptied = loaded.isEmpty && !directory.all.isEmpty
        for diagnostic in loaded.diagnostics {
            logger.log(level: diagnostic.severity == .error || isEmptied ? .error : .warning, "\(diagnostic)")
        }
        guard !isEmptied else {
            return logger.error(
                "no channel is taken off, as that would be all of them: put the profiles back, or stop the daemon")
        }
        let named = Set(loaded.profiles.map(\.channel))
        patientUntil = .now + .seconds(3)
        departed.admit(named)
        for profile in loaded.profiles {
            let current = directory.channel(named: profile.channel)
            let isKept = current.map { profile.admitting(as: $0.profile) == $0.profile } ?? true
            // First, so that nothing is on air that is not kept.
            do {
                let rules = isKept ? profile.access : try rules(from: current, to: profile)
                if try access.set(rules, of: profile.channel), isKept {
                    logger.notice("who may watch has changed", metadata: ["channel": "\(profile.channel)"])
                }
            } catch {
                logger.error("the profile cannot be used: \(error)", metadata: ["channel": "\(profile.channel)"])
                continue
            }
            if rates.set(profile.requestRate, of: profile.channel), current != nil {
                logger.notice("how often one may ask has changed", metadata: ["channel": "\(profile.channel)"])
            }
            if let current, isKept {
                if supervisor.setIngest(profile.ingest, of: current) {
                    logger.notice("who may publish has changed", metadata: ["channel": "\(profile.channel)"])
                }
                continue
            }
            await put(profile, inPlaceOf: current)
        }
        guard !loaded.diagnostics.contains(where: { $0.severity == .error }) else { return }
        for channel in directory.all where !named.contains(channel.profile.channel) && !isStuck(channel) {
            _ = directory.remove(named: channel.profile.channel)
            access.remove(channel: channel.profile.channel)
            rates.set(nil, of: channel.profile.channel)
            await takeOff(channel, reason: "its profile is gone")
            supervisor.forgetFiles(of: channel)
        }
        // Those that a disk keeps on air have no profile any more, and are not left over.
        let present = named.union(directory.all.map(\.profile.channel))
        departed.update(present: present, now: Int64(Date().timeIntervalSince1970))
    }

    /// The rules until a channel has taken another one's place: what is on air is kept as it was, and what comes is kept
    /// as it will be.
    /// - Parameter changed: whether endpoints whose rules change are kept from everybody: in the moment of the change.
    /// - Throws: where the rules to come cannot be used.
    private func rules(
        from current: LiveChannel?, to profile: ChannelProfile, changed: Bool = false
    ) throws(UnusableRule) -> ChannelAccess {
        let (old, new) = (access.access(of: profile.channel), profile.access)
        var rules = ChannelAccess(channel: .nobody)
        for endpoint in profile.endpoints {
            let rule = new.rule(of: endpoint.id)
            if let rule { _ = try AccessRules(rule) }
            rules.endpoints[endpoint.id] = .some(rule)
        }
        for endpoint in current?.profile.endpoints ?? [] {
            let rule = old.rule(of: endpoint.id)
            let stays = !changed || rules.endpoints[endpoint.id] == .some(rule)
            rules.endpoints[endpoint.id] = .some(stays ? rule : .nobody)
        }
        return rules
    }

    /// Until shutdown; then the schedules forget their keys.
    nonisolated func run() async throws {
        try await gracefulShutdown()
        await stop()
    }

    private func stop() {
        for runner in runners.values { runner.cancel() }
        runners = [:]
        // What was late goes to the disk yet, of all channels at the same time.
        let end = ContinuousClock.now + .seconds(10)
        for channel in directory.all {
            let left = max(.zero, end - ContinuousClock.now) / Duration.milliseconds(1)
            _ = channel.timeline.disk.perform(atLeast: Int(left)) {}
        }
    }

    /// Opens a channel. One that is on air already is served as it was until the new one can take its place.
    private func put(_ profile: ChannelProfile, inPlaceOf current: LiveChannel?) async {
        if let current, isStuck(current) {
            // Who may publish no more shall not wait for a disk.
            supervisor.setIngest(current.profile.ingest.refusing(as: profile.ingest), of: current)
            return
        }
        if let current { await takeOff(current, reason: "its profile changed") }
        let before = access.access(of: profile.channel)
        do {
            let channel = try open(profile)
            if let current {
                await keys(of: channel, asIn: current)
                _ = try access.set(try rules(from: current, to: profile, changed: true), of: profile.channel)
            }
            directory.add(channel)
            _ = try access.set(profile.access, of: profile.channel)
        } catch {
            logger.error("cannot open the channel: \(error)", metadata: ["channel": "\(profile.channel)"])
            guard let current else { return }
            do {
                directory.add(try open(current.profile))
                _ = try access.set(before, of: profile.channel)
            } catch {
                logger.error("nor as it was: \(error)", metadata: ["channel": "\(profile.channel)"])
                _ = directory.remove(named: profile.channel)
            }
            return
        }
        do { _ = try access.set(profile.access, of: profile.channel) } catch {
            logger.error("who may watch: \(error)", metadata: ["channel": "\(profile.channel)"])
        }
    }

    /// Waits a little for the keys of what viewers have now, so that a reload is no interruption to them.
    private func keys(of channel: LiveChannel, asIn current: LiveChannel) async {
        func isShort(_ endpoint: EndpointProfile) -> Bool {
            guard let before = current.state(of: endpoint.id), !before.isWithheld else { return false }
            return channel.state(of: endpoint.id)?.isWithheld ?? false
        }
        for _ in 0..<60 where channel.profile.endpoints.contains(where: isShort) {
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return }
        }
    }

    private func open(_ profile: ChannelProfile) throws -> LiveChannel {
        let (http, hostKey, clock) = (http, hostKey, clock)
        let logger = logger
        let known = KnownKeys()
        var seal = WindowSeal(key: hostKey.key(for: .segments), channel: profile.channel)
        seal.isWriting = sealsMedia
        let channel = try LiveChannel(
            profile: profile, directory: "\(storage)/\(profile.channel)", budget: budget, seal: seal, logger: logger,
            clock: { clock.now() }, steady: steadyMilliseconds,
            alarm: { time, action in
                let due = DispatchTime.now() + .milliseconds(Int(clamping: max(time - clock.now(), 0)))
                DispatchQueue.global().asyncAfter(deadline: due, execute: action)  // why: a time is the event
            }
        ) { contract, speke, vaultPath, onChange in
            let vault = vaultPath.map { path in
                KeyVault(
                    SealedFile(path: path, key: hostKey.key(for: .keys), context: ["content keys", profile.channel]),
                    contract: contract)
            }
            // Without rotation no key is stale, and some providers have one key for all that a content has.
            let rotates = contract.rotationIntervalSeconds > 0
            let client = SPEKEClient(
                http, try SPEKEClient.Provider(speke), known: rotates ? known : KnownKeys())
            let token = try KeyDeliveryToken(speke)
            let schedule = KeySchedule(
                KeyPlan.Settings(
                    rotationIntervalSeconds: contract.rotationIntervalSeconds, prefetchSeconds: speke.prefetchSeconds,
                    retentionSeconds: UInt32(
                        clamping: UInt64(profile.keptSeconds) + UInt64(speke.onKeyFailure.graceSeconds)),
                    prefetchPeriods: speke.prefetchPeriods, keepsReserve: speke.onKeyFailure.then == .slate),
                clock: KeyClock(now: { clock.now() }),
                report: { event in
                    Self.log(event, channel: profile.channel, contract: contract, now: clock.now(), logger)
                    switch event {
                    case .fetched, .restored: onChange()
                    case .failed, .dropped, .vaultFailed: break
                    }
                },
                vault: vault, present: { keys in token?.adding(to: keys, of: contract) ?? keys },
                fetch: { period throws(KeyError) in try await client.keys(for: contract, period: period) })
            // So that a provider that gives an old key again is found out after a restart too.
            for keys in schedule.held { client.remember(keys) }
            return schedule
        }
        supervisor.setIngest(nil, of: channel)
        let length = profile.ladder.segmentDuration.milliseconds
        // Time goes on from what is stored before anything reckons with it; never under those who publish.
        if supervisor.statuses.isEmpty {
            clock.goOn(from: channel.timeline.usedUntil.milliseconds, tolerance: 2 * length)
        }
        supervisor.attend(channel)
        supervisor.playFiles(of: channel)
        runners[profile.channel] = Task {
            await withDiscardingTaskGroup { group in
                for schedule in channel.schedules { group.addTask { await schedule.run() } }
                if channel.wantsSlate { group.addTask { await self.prepareSlate(of: channel, for: .missingKey) } }
                if channel.wantsFill { group.addTask { await self.prepareSlate(of: channel, for: .lostInput) } }
            }
        }
        logger.info(
            "channel opened",
            metadata: ["channel": "\(profile.channel)", "segments": "\(channel.timeline.snapshot.segments.count)"])
        return channel
    }

    /// The slate of before, or one that a worker makes now: until then there is none.
    private nonisolated func prepareSlate(of channel: LiveChannel, for purpose: SlatePurpose) async {
        let profile = channel.profile
        let files = purpose == .missingKey ? profile.slate : profile.fillSlate
        var logger = logger
        logger[metadataKey: "channel"] = "\(profile.channel)"
        let lines = logger
        while !Task.isCancelled {
            do {
                let source = try SlateSource(files)
                let recipe = channel.slateRecipe(files: source.bytes, kind: source.kind)
                if channel.hasSlate(recipe: recipe, for: purpose) { return }
                let slate = try await supervisor.slateTurns.run { [supervisor] () -> Slate? in
                    // Meanwhile it may have been made for the other purpose.
                    if channel.hasSlate(recipe: recipe, for: purpose) { return nil }
                    return try await supervisor.slateWorker.make(profile.ladder, of: source, recipe: recipe) { event in
                        lines.log(level: event.level == .info ? .info : .warning, "\(files.diagnostic(event))")
                    }
                }
                if let slate { channel.setSlate(slate, for: purpose) }
                return
            } catch {
                switch purpose {
                case .missingKey: logger.error("no slate could be made: past the grace manifests answer 503: \(error)")
                case .lostInput: logger.error("no slate could be made: a lost input is a gap: \(error)")
                }
                do { try await Task.sleep(for: .seconds(60)) } catch { return }
            }
        }
    }

    /// Whether a channel's disk stands still. It goes on as it is then, from memory: to take it off would wait for that disk,
    /// without a picture, and all other changes with it.
    private func isStuck(_ channel: LiveChannel) -> Bool {
        let disk = channel.timeline.disk
        guard disk.isStuck else { return false }
        // One flush that takes long is no reason to refuse a change. All of a reload wait no longer than that.
        let left = max(.zero, (patientUntil ?? .now) - .now) / Duration.milliseconds(1)
        if case .done = disk.perform(atLeast: Int(left), {}) { return false }
        logger.error(
            """
            the channel's disk does not answer: it goes on with the profile it has, and with the new one's rules of who may \
            publish; reload again when the disk is well
            """,
            metadata: ["channel": "\(channel.profile.channel)"])
        return true
    }

    /// Nothing is written to its folder any more.
    private func takeOff(_ channel: LiveChannel, reason: String) async {
        let name = channel.profile.channel
        // First the flag, for an encoder that comes just now; and who publishes knows why it ends before it is cut off.
        channel.announceRetirement()
        supervisor.stopFiles(of: channel)
        supervisor.stopPublications(of: channel, reason: reason)
        channel.retire()
        for schedule in channel.schedules { await schedule.giveUpVault() }
        runners.removeValue(forKey: name)?.cancel()
        logger.notice("channel closed: \(reason)", metadata: ["channel": "\(name)"])
    }

    private static func log(_ event: DepartedChannels.Event, _ logger: Logger) {
        switch event {
        case .found(let channel, let bytes):
            logger.notice(
                "a channel without a profile has media on the disk: kept for a day while there is room",
                metadata: ["channel": "\(channel)", "bytes": "\(bytes)"])
        case .removed(let channel, let bytes):
            logger.notice(
                "removed the media of a channel without a profile",
                metadata: ["channel": "\(channel)", "bytes": "\(bytes)"])
        }
    }

    private static func log(
        _ event: KeySchedule.Event, channel: String, contract: KeyContract, now: Int64, _ logger: Logger
    ) {
        let metadata: Logger.Metadata = ["channel": "\(channel)", "scheme": "\(contract.scheme.rawValue)"]
        switch event {
        case .fetched(let period, let attempts):
            logger.info(
                "key period fetched",
                metadata: metadata.merging(["period": "\(period)", "attempts": "\(attempts)"]) { $1 })
        case .failed(let period, let error, let nextAttempt):
            logger.warning(
                "\(error)",
                metadata: metadata.merging([
                    "period": "\(period)", "retryInMilliseconds": "\(nextAttempt - now)",
                ]) { $1 })
        case .dropped(let period):
            logger.debug("key period dropped", metadata: metadata.merging(["period": "\(period)"]) { $1 })
        case .restored(let periods):
            logger.info(
                "keys of before the restart are held", metadata: metadata.merging(["periods": "\(periods)"]) { $1 })
        case .vaultFailed(let reason):
            logger.error("keys cannot be kept over a restart: \(reason)", metadata: metadata)
        }
    }
}
