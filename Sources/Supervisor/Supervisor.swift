package import ChunkStream
import Dispatch
import Glibc
package import Live
package import Logging
import Media
import ServerTLS
package import Settings
import Synchronization
import Timeline

/// Listens for encoders and gives each that has something to say a worker of its own; knows who publishes what.
package final class Supervisor: Sendable {
    package struct Configuration: Sendable {
        package var rtmp: DaemonConfiguration.RTMP
        package var rtmps: DaemonConfiguration.RTMPS
        /// Path of the `sluice-ingest` executable.
        package var worker: String
        package var workerArguments: WorkerArguments

        package init(
            rtmp: DaemonConfiguration.RTMP, rtmps: DaemonConfiguration.RTMPS = DaemonConfiguration.RTMPS(),
            worker: String, workerArguments: WorkerArguments = WorkerArguments()
        ) {
            self.rtmp = rtmp
            self.rtmps = rtmps
            self.worker = worker
            self.workerArguments = workerArguments
        }
    }

    /// What was counted since the start.
    package struct Counters: Sendable {
        package var connections: UInt64 = 0
        package var publications: UInt64 = 0
        package var takeovers: UInt64 = 0
        /// From one encoder of a channel to the other.
        package var switches: [Change: UInt64] = [:]
        /// By reason: address, limit, timeout, tls, protocol, credentials, webhook.
        package var refusals: [String: UInt64] = [:]
        /// Workers that died by a signal or were ended for breaking the format.
        package var workerFailures: UInt64 = 0
    }

    /// A change of encoders, as it is counted.
    package struct Change: Sendable, Hashable {
        package let channel: String
        /// Why, in a word.
        package let reason: String
    }

    /// The encoders of a channel: two at most.
    private struct Seats {
        /// Held: its identity is the key.
        let channel: LiveChannel
        var holders: [EncoderRole: Publication] = [:]
        var redundancy: Redundancy
        /// When somebody looks next at who is silent, if ever.
        var lookDue: Int64?
    }

    private struct State {
        /// Every connection that has a worker, published or not.
        var open: [ObjectIdentifier: Publication] = [:]
        /// Publications that are being decided on, and will be one more.
        var reserved = 0
        /// Who may publish, where that changed since the channel was opened.
        var ingest: [String: IngestProfile] = [:]
        /// Who publishes each channel. Not by its name: after a reload there may still be who publishes to the one before.
        var seats: [ObjectIdentifier: Seats] = [:]
        var counters = Counters()
        /// Of the channels that have files played.
        var inputs: [String: FileInput] = [:]
    }

    /// Who comes to be given a worker.
    private enum Arrival: Sendable {
        case connection(ListeningSocket.Connection)
        case files(FileInput)
    }

    let configuration: Configuration
    let channels: ChannelDirectory
    let logger: Logger
    /// Milliseconds from the epoch.
    let clock: @Sendable () -> Int64
    /// Told when somebody is about to publish, and nobody else does.
    private let catchUp: @Sendable () -> Void
    let webHook: WebHook
    /// In which slates are made that are there before they are needed.
    package let slateTurns = SlateTurns(width: 1)
    /// And those of a last picture, which somebody waits for: not behind a clip, nor behind one worker that hangs.
    let stillTurns = SlateTurns(width: 2)
    /// By channel: one at a time.
    let stills = Mutex<[String: Task<Void, Never>]>([:])
    let budget: LogBudget
    private let front: TLSFront?
    private let sockets: [ListeningSocket]
    private let events: EventQueue
    private let state = Mutex(State())
    private let reception = Mutex<Reception?>(nil)
    /// Of encoders, at most rtmp.maxHandshakes are in it; of files, a channel's.
    private let (arrivals, arriving) = AsyncStream.makeStream(of: Arrival.self)
    private let isStopped = Atomic(false)

    /// Binds the listeners; `run` accepts.
    package init(
        _ configuration: Configuration, channels: ChannelDirectory, logger: Logger,
        clock: @escaping @Sendable () -> Int64, catchUp: @escaping @Sendable () -> Void = {}
    ) throws(SocketError) {
        self.configuration = configuration
        self.channels = channels
        self.logger = logger
        self.clock = clock
        self.catchUp = catchUp
        budget = LogBudget(logger)
        webHook = WebHook(clock: clock)
        var sockets = try ListeningSocket.open(configuration.rtmp.listen)
        front = try configuration.rtmps.tls.map { files throws(SocketError) in
            do throws(CertificateError) {
                return TLSFront(try ServerCertificate(files, section: "rtmps", logger: logger))
            } catch {
                throw SocketError(operation: "use \(error.setting)", reason: error.reason)
            }
        }
        if front != nil { sockets += try ListeningSocket.open(configuration.rtmps.listen, isSecure: true) }
        self.sockets = sockets
        events = try EventQueue()
    }

    /// What was bound, in the order of the configuration.
    package var ports: [UInt16] { sockets.filter { !$0.isSecure }.map(\.port) }
    package var securePorts: [UInt16] { sockets.filter(\.isSecure).map(\.port) }
    package var slateWorker: SlateWorker {
        SlateWorker(path: configuration.worker, arguments: configuration.workerArguments)
    }
    package var counters: Counters { state.withLock { $0.counters } }

    /// Connections of encoders now: all, without a worker, and with one but without an answer to publish.
    package var connections: (all: Int, waiting: Int, handshakes: Int) {
        let now = reception.withLock { $0 }?.now ?? Reception.Presence()
        return (now.connections, now.waiting, now.handshakes)
    }

    /// Who publishes now, by channel; those on air before those that wait.
    package var statuses: [PublicationStatus] {
        state.withLock { $0.seats.values.flatMap(\.holders.values) }.map(\.status).sorted {
            ($0.channel, $0.isOnAir ? 0 : 1) < ($1.channel, $1.isOnAir ? 0 : 1)
        }
    }

    /// Accepts encoders until `stop`, then ends the publications in order and returns.
    package func run() async {
        let reception = Reception(
            limits, sockets: sockets, front: front, events: events, budget: budget,
            host: .init(
                allows: { [self] in allows($0) }, hasChannels: { [channels] in !channels.all.isEmpty },
                admit: { [arriving] in arriving.yield(.connection($0)) },
                count: { [self] in count($0) },
                clock: steadyMilliseconds))
        if self.reception.withLock({ current in
            defer { current = reception }
            return isStopped.load(ordering: .acquiring)
        }) {
            return
        }
        await withDiscardingTaskGroup { group in
            group.addTask {
                while await BlockingThread.run("rtmp-reception", { reception.run() }) == nil {
                    self.logger.error("no encoder is taken: the system has no more threads")
                    // why: nothing tells when there are threads again
                    do { try await Task.sleep(for: .seconds(1)) } catch { break }
                    if self.isStopped.load(ordering: .acquiring) { break }
                }
                self.arriving.finish()
            }
            for await arrival in arrivals {
                switch arrival {
                case .connection(let connection):
                    let publication = Publication(.encoder(connection), self) { reception.settled(connection.id) }
                    state.withLock { $0.open[ObjectIdentifier(publication)] = publication }
                    group.addTask {
                        await self.run(publication)
                        reception.left(connection.id)
                    }
                case .files(let input): group.addTask { await self.play(input) }
                }
            }
            for input in state.withLock({ Array($0.inputs.values) }) { input.stop() }
            for publication in state.withLock({ Array($0.open.values) }) {
                publication.stop("the daemon is shutting down")
            }
        }
    }

    private func run(_ publication: Publication) async {
        await publication.run()
        state.withLock { $0.open[ObjectIdentifier(publication)] = nil }
    }

    /// Runs it as one of those that are ended with the daemon.
    func runAmongOthers(_ publication: Publication) async {
        let isLate = state.withLock { state in
            state.open[ObjectIdentifier(publication)] = publication
            return isStopped.load(ordering: .acquiring)
        }
        if isLate { publication.stop("the daemon is shutting down") }
        await run(publication)
    }

    /// The files of a channel; another one takes the place of what was before.
    func setInput(_ input: FileInput) {
        state.withLock { $0.inputs[input.channel.profile.channel] = input }
        arriving.yield(.files(input))
    }

    func takeInput(of channel: String) -> FileInput? {
        state.withLock { $0.inputs.removeValue(forKey: channel) }
    }

    func input(of channel: String) -> FileInput? { state.withLock { $0.inputs[channel] } }

    /// Ends `run` from any thread.
    package func stop() {
        let reception = reception.withLock { reception in
            isStopped.store(true, ordering: .releasing)
            return reception
        }
        reception?.stop()
    }

    /// Reads the certificate of RTMPS anew.
    package func reloadCertificate() { front?.reload() }

    /// Ends what publishes to a channel, whose profile has gone or changed.
    package func stopPublications(of channel: LiveChannel, reason: String) {
        for publication in publications(of: channel) { publication.stop(reason) }
    }

    private func publications(of channel: LiveChannel) -> [Publication] {
        state.withLock { Array($0.seats[ObjectIdentifier(channel)]?.holders.values ?? [:].values) }
    }

    private var limits: WaitingRoom.Limits {
        let rtmp = configuration.rtmp
        return WaitingRoom.Limits(
            connections: Int(rtmp.maxConnections), connectionsPerAddress: Int(rtmp.maxConnectionsPerAddress),
            handshakes: Int(rtmp.maxHandshakes), patience: Int64(rtmp.handshakeTimeoutSeconds) * 1000)
    }

    private func allows(_ address: IPAddress) -> Bool {
        channels.all.contains { ingest(of: $0).allow.contains { $0.contains(address) } }
    }

    private func count(_ what: Reception.Count) {
        switch what {
        case .connection: state.withLock { $0.counters.connections += 1 }
        case .refusal(let reason): countRefusal(reason)
        }
    }

    // MARK: Who may publish

    /// Who may publish to a channel, and how much, as it is now.
    func ingest(of channel: LiveChannel) -> IngestProfile {
        state.withLock { $0.ingest[channel.profile.channel] } ?? channel.profile.ingest
    }

    /// Changes who may publish to a channel without touching what is on air, unless it may not be any more.
    ///
    /// - Parameter ingest: nil: what the channel was opened with.
    /// - Returns: whether it was different.
    @discardableResult package func setIngest(_ ingest: IngestProfile?, of channel: LiveChannel) -> Bool {
        let name = channel.profile.channel
        let isOther = self.ingest(of: channel) != ingest ?? channel.profile.ingest
        state.withLock { $0.ingest[name] = ingest }
        if isOther { for publication in publications(of: channel) { publication.checkRights() } }
        return isOther
    }

    /// Whether one more publication, to this channel, keeps within `rtmp.maxPublishers`; one that takes another's place
    /// does. Where it does, a place is kept until `take` or `giveBack`.
    func reserve(_ channel: LiveChannel, as role: EncoderRole) -> Bool {
        state.withLock { state in
            if state.seats[ObjectIdentifier(channel)]?.holders[role] == nil {
                let seated = state.seats.values.reduce(0) { $0 + $1.holders.count }
                guard seated + state.reserved < Int(configuration.rtmp.maxPublishers) else {
                    return false
                }
            }
            state.reserved += 1
            return true
        }
    }

    /// A place for files, which an operator has named: none is refused.
    func reserve(_ input: FileInput) { state.withLock { $0.reserved += 1 } }

    func giveBack() { state.withLock { $0.reserved -= 1 } }

    // MARK: Who is on air
    // By a clock that only runs forward: a leap of the wall's is no silence of an encoder.

    /// Gives a publication that has a place its seat; the one that had it is ended: a reconnecting encoder is never
    /// told "busy".
    ///
    /// - Returns: the first segment that it may make.
    func take(_ channel: LiveChannel, for publication: Publication, as role: EncoderRole) -> UInt64 {
        if state.withLock({ $0.seats.isEmpty }) { catchUp() }
        return channel.whileTaking {
            let (now, profile, id) = (steadyMilliseconds(), channel.profile, ObjectIdentifier(channel))
            let previous = state.withLock { state in
                state.reserved -= 1
                state.counters.publications += 1
                let previous = state.seats[id]?.holders[role]
                if previous != nil { state.counters.takeovers += 1 }
                return previous
            }
            // With another one at hand, viewers need not wait for what this one will make.
            if let previous { giveUp(previous, channel, now, isReplaced: true) }
            let isOnAir = state.withLock { state in
                let empty = Seats(
                    channel: channel,
                    redundancy: Redundancy(
                        profile.ingest.redundancy, partMilliseconds: profile.ladder.parts.target.value))
                state.seats[id, default: empty].holders[role] = publication
                return state.seats[id, default: empty].redundancy.join(role, now: now)
            }
            previous?.stop("another encoder with the same stream key took over")
            channel.inputTaken()
            // Where something is filled in, that goes on until there is something better.
            guard isOnAir, !channel.fillsNow else {
                publication.media.wait(forFill: isOnAir)
                let snapshot = channel.timeline.snapshot
                return snapshot.segments.last.map { snapshot.numbering.count(ofNumber: $0.number) + 1 } ?? 0
            }
            let (token, firstSegment) = channel.timeline.beginPublication()
            publication.media.goOnAir(token, from: 0)
            return firstSegment
        }
    }

    /// Something came from a publication: the time to see whether it is the better one.
    /// - Parameter isWhole: a chunk of it, or input that it can make whole segments of; else only its worker lives.
    func progressed(_ publication: Publication, as role: EncoderRole, _ channel: LiveChannel, isWhole: Bool = true) {
        channel.whileTaking {
            let now = steadyMilliseconds()
            let onAir = onAir(of: channel)
            if onAir === publication, let first = publication.media.firstReady {
                letIn(publication, from: first, channel)
            }
            let waits = onAir !== publication
            let idle = waits ? onAir?.idleMilliseconds : nil
            let ownIdle = waits ? publication.idleMilliseconds : nil
            let isSeamless = waits && publication.media.holds(channel.timeline.segmentUnderWay)
            let (change, lookAt) = state.withLock { state -> (Redundancy.Switch?, Int64?) in
                let id = ObjectIdentifier(channel)
                guard var seats = state.seats[id], seats.holders[role] === publication else { return (nil, nil) }
                let change =
                    isWhole
                    ? seats.redundancy.progressed(
                        role, now: now, idle: idle, ownIdle: ownIdle, isSeamless: isSeamless)
                    : seats.redundancy.looked(role, now: now, idle: idle, ownIdle: ownIdle)
                var due = change == nil ? seats.redundancy.nextLook(now: now, idle: idle) : nil
                if let time = due, let before = seats.lookDue, before <= time { due = nil }
                seats.lookDue = due ?? seats.lookDue
                state.seats[id] = seats
                return (change, due)
            }
            if let change { perform(change, channel) }
            if let lookAt { look(at: lookAt, now: now, channel) }
        }
    }

    /// Looks at who is silent at a time at which nothing else may happen.
    private func look(at time: Int64, now: Int64, _ channel: LiveChannel) {
        let due = DispatchTime.now() + .milliseconds(Int(clamping: max(time - now, 0)))
        DispatchQueue.global().asyncAfter(deadline: due) { [weak self, weak channel] in  // why: a time is the event
            guard let self, let channel else { return }
            let waiting = state.withLock { state -> (role: EncoderRole, publication: Publication)? in
                let id = ObjectIdentifier(channel)
                state.seats[id]?.lookDue = nil
                guard let seats = state.seats[id], let active = seats.redundancy.active else { return nil }
                return seats.holders[active.other].map { (active.other, $0) }
            }
            if let waiting { progressed(waiting.publication, as: waiting.role, channel, isWhole: false) }
        }
    }

    /// Once a second.
    func reported(
        _ publication: Publication, as role: EncoderRole, _ channel: LiveChannel, _ health: Redundancy.Health
    ) {
        let now = steadyMilliseconds()
        state.withLock { state in
            let id = ObjectIdentifier(channel)
            guard state.seats[id]?.holders[role] === publication else { return }
            state.seats[id]?.redundancy.reported(role, health, now: now)
        }
    }

    /// A publication is over. The other encoder of the channel goes on in its place, where there is one.
    func release(_ channel: LiveChannel, by publication: Publication) {
        channel.whileTaking { giveUp(publication, channel, steadyMilliseconds()) }
    }

    /// With the channel's decision at hand.
    private func giveUp(
        _ publication: Publication, _ channel: LiveChannel, _ now: Int64, isReplaced: Bool = false
    ) {
        let id = ObjectIdentifier(channel)
        let (isSeated, change, isEmpty) = state.withLock { state -> (Bool, Redundancy.Switch?, Bool) in
            guard let role = state.seats[id]?.holders.first(where: { $0.value === publication })?.key else {
                return (false, nil, false)
            }
            state.seats[id]?.holders[role] = nil
            let change = state.seats[id]?.redundancy.leave(role, now: now)
            let isEmpty = state.seats[id]?.holders.isEmpty ?? true
            if isEmpty { state.seats[id] = nil }
            return (true, change, isEmpty)
        }
        guard isSeated else { return }
        if let change { perform(change, channel) }
        // What it had under way is a short segment, unless the other one has it whole.
        publication.media.leaveAir(channel.timeline)
        // A daemon that stops ends its publications itself.
        if isEmpty, !isReplaced, !isStopped.load(ordering: .acquiring) { channel.inputLeft() }
    }

    /// Has what all of a channel's encoders send spliced: what waits may be on air next.
    /// - Returns: whether anybody publishes.
    package func splice(_ channel: LiveChannel, _ marker: SpliceMarker) -> Bool {
        let publications = state.withLock { Array($0.seats[ObjectIdentifier(channel)]?.holders.values ?? [:].values) }
        for publication in publications { publication.splice(marker) }
        return !publications.isEmpty
    }

    /// Of a channel's encoders the one whose media is listed, or would be if it were not filled in for.
    func onAir(of channel: LiveChannel) -> Publication? {
        state.withLock { state in
            let seats = state.seats[ObjectIdentifier(channel)]
            return seats?.redundancy.active.flatMap { seats?.holders[$0] }
        }
    }

    /// With the channel's decision at hand.
    private func perform(_ change: Redundancy.Switch, _ channel: LiveChannel) {
        let name = channel.profile.channel
        let holders = state.withLock { state in
            state.counters.switches[Change(channel: name, reason: change.cause.name), default: 0] += 1
            return state.seats[ObjectIdentifier(channel)]?.holders ?? [:]
        }
        holders[change.to.other]?.media.wait()
        if let first = holders[change.to]?.media.firstReady { channel.giveWay(to: first) }
        // What is filled in ends with a whole segment, not with who only connects.
        let failure =
            channel.fillsNow
            ? holders[change.to]?.media.awaitFill(from: channel.timeline.firstFree)
            : holders[change.to]?.media.takeOver(channel.timeline)
        logger.warning(
            "the \(change.to.rawValue) encoder is on air now: \(change.cause)",
            metadata: ["channel": "\(name)", "reason": "\(change.cause.name)"])
        if let failure { holders[change.to]?.stop(failure) }
    }

    func countRefusal(_ reason: String) { state.withLock { $0.counters.refusals[reason, default: 0] += 1 } }
    func countWorkerFailure() { state.withLock { $0.counters.workerFailures += 1 } }
}

/// Milliseconds of a clock that only runs forward.
@Sendable package func steadyMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
