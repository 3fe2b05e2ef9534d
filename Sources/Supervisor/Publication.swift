import ChunkStream
import Dispatch
import Glibc
import Live
import Logging
import Media
import Settings
import Subprocess
import Synchronization
import SystemPackage
import Timeline

/// One encoder's connection, from accept to the end of its worker; or files that are played in place of one.
///
/// The worker has the encoder's socket, or the feed of files, as standard input and one end of a socket pair as standard output; this reads
/// the other end on a thread of its own and puts what it says into the channel's timeline. Whatever goes wrong here
/// ends this publication and nothing else.
final class Publication: Sendable {
    private struct State {
        var channel: LiveChannel?
        /// With which it came.
        var key: Secret?
        /// As the encoder called the channel.
        var app = ""
        var role = EncoderRole.primary
        /// Of the timeline, when it began; and when that was, by the steady clock.
        var firstSegment: UInt64 = 0
        var begunAt: Int64 = 0
        var encoder = ""
        var startedAt: Int64 = 0
        var worker: Int32 = 0
        var statistics = IngestStatistics()
        var bitsPerSecond = 0
        /// Of a second ago, and when they came.
        var before = IngestStatistics()
        var statisticsAt: Int64 = 0
        var secondsOverLimit = 0
        var stopReason: String?
        var stoppedAt: Int64?
        /// Between the decision to let it publish and the answer.
        var isBeingAccepted = false
        /// Tells its worker why it has to stop, once it publishes.
        var whisper: WorkerChannel.Whisper?
        /// Events logged since the time beside it.
        var events = (count: 0, since: Int64.min)
        var markers = MarkerBudget()
        /// Our end of the socket pair, as long as no thread reads it.
        var workerDescriptor: CInt?
    }

    /// Why the conversation with the worker is over.
    private struct Ending: Sendable {
        var reason: String
        /// The worker went away without a word.
        var isSudden = false
        /// Ours or the worker's, not the encoder's.
        var isFault = false
    }

    private let source: PublicationSource
    private let supervisor: Supervisor
    private let state = Mutex(State())
    let media = PublicationMedia()
    /// Our own descriptor of the worker's standard input: shutting it down ends its input in order.
    private let encoderSocket: CInt

    private let settled: @Sendable () -> Void

    /// - Parameter settled: told when it has shown a right to publish.
    init(_ source: PublicationSource, _ supervisor: Supervisor, settled: @escaping @Sendable () -> Void = {}) {
        self.source = source
        self.supervisor = supervisor
        self.settled = settled
        encoderSocket = fcntl(source.workersInput, F_DUPFD_CLOEXEC, 3)
    }

    deinit { if encoderSocket >= 0 { close(encoderSocket) } }

    var status: PublicationStatus {
        state.withLock { state in
            PublicationStatus(
                channel: state.channel?.profile.channel ?? "", role: state.role, isOnAir: media.isOnAir,
                peer: source.name, encoder: state.encoder,
                startedAt: state.startedAt, worker: state.worker, statistics: state.statistics,
                bitsPerSecond: state.bitsPerSecond, file: source.files?.status.playing)
        }
    }

    /// Has the worker tell the encoder why, deliver what it has, and go; where it cannot be told, or does not, the
    /// encoder's connection is cut off, which ends the worker too.
    func stop(_ reason: String) {
        let now = supervisor.clock()
        let (isBeingAccepted, whisper) = state.withLock { state in
            if state.stopReason == nil { state.stopReason = reason }
            if state.stoppedAt == nil { state.stoppedAt = now }
            defer { state.whisper = nil }
            return (state.isBeingAccepted, state.whisper)
        }
        // Who is just being accepted is told right after.
        if isBeingAccepted { return }
        guard let whisper, whisper.send(.stop(reason: reason)) else { return cutOff() }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience) { [weak self] in  // why: a deadline
            self?.cutOff()
        }
    }

    private func noThread(for descriptor: CInt) -> Ending {
        close(descriptor)
        supervisor.countWorkerFailure()
        return Ending(reason: "the system has no more threads", isFault: true)
    }

    private func cutOff() {
        if encoderSocket >= 0 { shutdown(encoderSocket, CInt(SHUT_RDWR)) }
    }

    /// How long a worker may take to tell its encoder.
    private static let patience = DispatchTimeInterval.seconds(2)

    func run() async {
        var pair: [CInt] = [-1, -1]
        let words = LastWords()
        guard encoderSocket >= 0, let words,
            socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0, &pair) == 0
        else {
            words?.closeWorkersEnd()
            supervisor.logger.error("no descriptors left for an encoder", metadata: ["peer": "\(source.name)"])
            source.close()
            return
        }
        let (ours, theirs) = (pair[0], pair[1])
        state.withLock { $0.workerDescriptor = ours }
        var arguments = supervisor.configuration.workerArguments
        arguments.work = source.work
        do {
            let result = try await Subprocess.run(
                .path(FilePath(supervisor.configuration.worker)),
                arguments: Arguments(arguments.words),
                environment: .custom([:] as [Environment.Key: String]),
                input: .fileDescriptor(
                    FileDescriptor(rawValue: source.workersInput), closeAfterSpawningProcess: true),
                output: .fileDescriptor(FileDescriptor(rawValue: theirs), closeAfterSpawningProcess: true),
                error: .fileDescriptor(words.workersEnd, closeAfterSpawningProcess: true)
            ) { execution in
                self.state.withLock { $0.worker = execution.processIdentifier.value }
                self.state.withLock { $0.workerDescriptor = nil }
                let ending =
                    await BlockingThread.run("publication") { self.converse(over: ours) } ?? self.noThread(for: ours)
                // A worker that was told to end, or that has said so, has two seconds to go by itself.
                await execution.teardown(using: [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))])
                return ending
            }
            words.log(to: supervisor.budget, of: source.name)
            await finish(result.closureResult, result.terminationStatus)
        } catch {
            supervisor.logger.error(
                "cannot start sluice-ingest",
                metadata: ["path": "\(supervisor.configuration.worker)", "error": "\(error)"])
            let unused = state.withLock { state in
                defer { state.workerDescriptor = nil }
                return state.workerDescriptor
            }
            if let unused { close(unused) }
            await finish(Ending(reason: "sluice-ingest did not start"), .exited(0))
        }
    }

    // MARK: On the publication's thread

    /// Reads the worker until it ends; returns why it did.
    private func converse(over descriptor: CInt) -> Ending {
        var worker = WorkerChannel(descriptor: descriptor)
        var dialogue = PublicationDialogue(playsFiles: source.files != nil)
        var ending: Ending?
        worker.setTimeout(seconds: supervisor.configuration.rtmp.handshakeTimeoutSeconds)
        while true {
            let result: WorkerChannel.ReadResult
            do { result = try worker.next() } catch { return ending ?? violation("\(error)") }
            switch result {
            case .closed:
                return ending
                    ?? Ending(
                        reason: state.withLock { $0.stopReason } ?? "the worker closed its connection", isSudden: true)
            case .timedOut: return ending ?? timedOut(dialogue)
            case .message(let message):
                if isOverdue { return ending ?? violation("it goes on after it was told to end") }
                switch dialogue.received(message) {
                case .none: break
                case .authorise(let request):
                    guard answer(request, &dialogue, worker) else {
                        return Ending(reason: "the worker closed its connection", isSudden: true)
                    }
                    worker.setTimeout(seconds: Self.silenceSeconds)
                case .setTracks where ending != nil, .append where ending != nil: break
                case .setTracks(let tracks):
                    ending = setTracks(tracks)
                    if let ending, !isLeaving(ending, &worker) { return ending }
                case .append(let chunk):
                    ending = append(chunk)
                    if let ending, !isLeaving(ending, &worker) { return ending }
                case .mark(let marker): mark(marker)
                case .record(let statistics): record(statistics)
                case .log(let event): log(event)
                case .feed(let end): if case .files(let input, let feed) = source { input.give(after: end, to: feed) }
                case .end(let reason):
                    // It still has to tell the encoder why; to end it now would cut that off.
                    leaveChannel()
                    ending = Ending(reason: state.withLock { $0.stopReason } ?? reason)
                    worker.setTimeout(seconds: Self.farewellSeconds)
                case .violation(let reason): return ending ?? violation(reason)
                }
            }
        }
    }

    /// Of a publication that was told to stop, what is refused is what it still had: it is read to its end, for to hang
    /// up on the worker would be a fault of ours.
    private func isLeaving(_ ending: Ending, _ worker: inout WorkerChannel) -> Bool {
        guard !ending.isFault, state.withLock({ $0.stopReason }) != nil else { return false }
        worker.setTimeout(seconds: Self.farewellSeconds)
        return true
    }

    private func timedOut(_ dialogue: PublicationDialogue) -> Ending {
        guard dialogue.isHandshaking else {
            supervisor.countWorkerFailure()
            return Ending(reason: "the worker was silent for \(Self.silenceSeconds) s", isFault: true)
        }
        supervisor.countRefusal("timeout")
        let seconds = supervisor.configuration.rtmp.handshakeTimeoutSeconds
        return Ending(reason: "no publish within rtmp.handshakeTimeoutSeconds (\(seconds))")
    }

    /// Whether the worker was told to end so long ago that what it had must be delivered.
    private var isOverdue: Bool {
        let now = supervisor.clock()
        return state.withLock { $0.stoppedAt.map { now - $0 > Self.deliverySeconds * 1000 } ?? false }
    }

    private static let deliverySeconds: Int64 = 20
    /// A worker reports once a second; one that is silent for so long hangs.
    private static let silenceSeconds: UInt32 = 15
    /// A worker that has said its last word lingers two seconds for the encoder to hear it.
    private static let farewellSeconds: UInt32 = 4

    private func answer(
        _ request: PublishRequest, _ dialogue: inout PublicationDialogue, _ worker: borrowing WorkerChannel
    ) -> Bool {
        let admission: Admission
        do throws(Refusal) {
            switch source {
            // Strangers need not wait while others are asked about who has shown a key.
            case .encoder(let connection):
                admission = try supervisor.admit(request, from: connection.peer, settled: settled)
            case .files(let input, _): admission = supervisor.admit(input)
            }
        } catch {
            supervisor.countRefusal(error.count)
            supervisor.budget.log(
                .warning, "refused an encoder: \(error.logText)",
                metadata: [
                    "peer": "\(source.name)", "app": "\(request.app.onOneLine)",
                    "encoder": "\(request.encoder.onOneLine)",
                ], kind: error.count, now: steadyMilliseconds())
            dialogue.rejected()
            return worker.send(.reject(reason: error.encoderText))
        }
        let (channel, role) = (admission.channel, admission.role)
        state.withLock { state in
            state.isBeingAccepted = true
            state.channel = channel
            state.role = role
            state.key = admission.key
            state.app = request.app.onOneLine
            state.encoder = request.encoder.onOneLine
            state.startedAt = supervisor.clock()
        }
        media.open(
            standby: isRedundant(channel) ? channel.profile.ingest.redundancy.standby : nil,
            maximumBytes: channel.timeline.limits.standbyBytes)
        let firstSegment = supervisor.take(channel, for: self, as: role)
        state.withLock { state in
            state.firstSegment = firstSegment
            state.begunAt = steadyMilliseconds()
        }
        // A reload that did not yet know of this publication could not end it.
        if channel.isLeaving { stop("its profile changed") }
        checkRights()
        dialogue.accepted()
        supervisor.logger.notice(
            "publishing",
            metadata: [
                "channel": "\(channel.profile.channel)", "peer": "\(source.name)",
                "encoder": "\(request.encoder.onOneLine)", "role": "\(role.rawValue)",
            ])
        let acceptance = DaemonMessage.accept(
            channel.profile.ladder, firstSegment: firstSegment, clockLead: supervisor.clock() - steadyMilliseconds(),
            waits: media.start(worker.whisper))
        guard worker.send(acceptance) else { return false }
        let stopReason = state.withLock { state in
            state.isBeingAccepted = false
            state.whisper = worker.whisper
            return state.stopReason
        }
        if let stopReason { stop(stopReason) }
        return true
    }

    /// Ends it where its key or its address is no longer good.
    func checkRights() {
        let (channel, key) = state.withLock { ($0.channel, $0.key) }
        guard let channel, let key, case .encoder(let connection) = source else { return }
        let ingest = supervisor.ingest(of: channel)
        if !ingest.allow.contains(where: { $0.contains(connection.peer) }) {
            stop("ingest.allow no longer holds its address")
        } else if !(ingest.streamKeys.primary + ingest.streamKeys.backup).contains(key) {
            stop("its stream key is no longer valid")
        }
    }

    private func setTracks(_ tracks: [TrackDescription]) -> Ending? {
        guard let channel = state.withLock({ $0.channel }) else { return violation("tracks without a channel") }
        let names = Set(channel.profile.ladder.trackNames)
        guard tracks.allSatisfy({ names.contains($0.name) }), Set(tracks.map(\.name)).count == tracks.count else {
            return violation("tracks that the profile does not have")
        }
        return writing { () throws(ParseError) in try media.setTracks(tracks, channel.timeline) }
    }

    private func append(_ chunk: ClearChunk) -> Ending? {
        let (channel, role) = state.withLock { ($0.channel, $0.role) }
        guard let channel else { return violation("a chunk without a channel") }
        let last = lastBelievable(of: channel)
        guard chunk.segment <= last else { return violation("segment \(chunk.segment) lies in the future") }
        var waits = false
        let ending = writing { () throws(ParseError) in waits = try media.append(chunk, channel.timeline) }
        if ending == nil, isRedundant(channel) || waits { supervisor.progressed(self, as: role, channel) }
        return ending
    }

    /// A segment far ahead of the clock would bind keys of times to come. Where the clock was set back before a start,
    /// segments go on from those that are there.
    private func lastBelievable(of channel: LiveChannel) -> UInt64 {
        let duration = channel.profile.ladder.segmentDuration
        func count(_ milliseconds: Int64) -> UInt64 {
            UInt64(
                clamping: Ticks(milliseconds, timescale: 1000).rescaled(to: duration.timescale).value
                    / max(duration.value, 1))
        }
        let (first, begunAt) = state.withLock { ($0.firstSegment, $0.begunAt) }
        return max(count(supervisor.clock()), first &+ count(steadyMilliseconds() - begunAt)) &+ 2
    }

    private func isRedundant(_ channel: LiveChannel) -> Bool { channel.profile.ingest.hasBackup }

    private func writing(_ write: () throws(ParseError) -> Void) -> Ending? {
        do throws(ParseError) {
            try write()
            return nil
        } catch {
            return refused(error)
        }
    }

    /// How long nothing has come over the encoder's socket; nil where the system does not say.
    var idleMilliseconds: Int64? {
        if case .encoder(let connection) = source { connection.idleMilliseconds(by: encoderSocket) } else { nil }
    }

    private func leaveChannel() {
        guard let channel = state.withLock({ $0.channel }) else { return }
        supervisor.release(channel, by: self)
    }

    private func record(_ statistics: IngestStatistics) {
        let now = supervisor.clock()
        let (channel, role) = state.withLock { ($0.channel, $0.role) }
        let limit = source.files == nil ? channel.map { supervisor.ingest(of: $0).maxBitrate } ?? .max : .max
        let (isTooFast, health) = state.withLock { state -> (Bool, Redundancy.Health?) in
            state.statistics = statistics
            let elapsed = now - state.statisticsAt
            // Workers report oftener.
            guard state.statisticsAt == 0 || elapsed >= 1000 || elapsed < 0 else { return (false, nil) }
            if state.statisticsAt > 0, elapsed > 0 {
                let bytes = statistics.bytesReceived &- state.before.bytesReceived
                state.bitsPerSecond = Int(clamping: bytes &* 8000 / UInt64(elapsed))
            }
            let health = Redundancy.Health(
                faults: statistics.faults &- state.before.faults, black: statistics.blackMilliseconds,
                soundless: statistics.silentMilliseconds)
            state.before = statistics
            state.statisticsAt = now
            state.secondsOverLimit = state.bitsPerSecond > limit ? state.secondsOverLimit + 1 : 0
            return (state.secondsOverLimit >= Self.secondsOverLimit, health)
        }
        if isTooFast { stop("more than ingest.maxBitrate for \(Self.secondsOverLimit) s") }
        guard let channel, isRedundant(channel) else { return }
        media.holds(from: statistics.heldSegment == 0 ? nil : statistics.heldSegment)
        if let health { supervisor.reported(self, as: role, channel, health) }
        supervisor.progressed(self, as: role, channel, isWhole: media.isReadyToBegin)
    }

    /// An encoder's rate may peak; one that stays above ingest.maxBitrate for so long is ended.
    private static let secondsOverLimit = 5

    /// Has its worker splice, whether or not it is on air: what it makes may be next.
    func splice(_ marker: SpliceMarker) { _ = state.withLock { $0.whisper }?.send(.splice(marker)) }

    private func mark(_ marker: SpliceMarker) {
        let now = supervisor.clock()
        let channel = state.withLock { state -> LiveChannel? in
            guard case .taken = state.markers.take(now: now) else { return nil }
            return state.channel
        }
        // A worker keeps to the same bound and says so; a time far off is no splice of what it makes.
        guard let channel, abs(marker.time / 90 - now) <= Self.farthestMarker else { return }
        if let reason = channel.mark(marker.section, at: marker.time) {
            log(IngestEvent(level: .warning, text: "an ad marker is left out: \(reason)"))
        }
    }

    /// An hour.
    private static let farthestMarker: Int64 = 3_600_000

    private func log(_ event: IngestEvent) {
        let level: Logger.Level =
            switch event.level {
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        let now = supervisor.clock()
        let (channel, count) = state.withLock { state in
            if state.events.since == .min || now - state.events.since >= 60_000 || now < state.events.since {
                state.events = (0, now)
            }
            state.events.count += 1
            return (state.channel?.profile.channel ?? "-", state.events.count)
        }
        // A hostile encoder can give a reason for a line with every message.
        guard count <= Self.eventsPerMinute + 1 else { return }
        let text = count <= Self.eventsPerMinute ? event.text.onOneLine : "more events: not logged within this minute"
        supervisor.logger.log(
            level: level, "\(text)", metadata: ["channel": "\(channel)", "peer": "\(source.name)"])
    }

    private static let eventsPerMinute = 60

    private func violation(_ reason: String) -> Ending {
        supervisor.countWorkerFailure()
        return Ending(reason: "the worker broke the format: \(reason)", isFault: true)
    }

    /// What the timeline does not take; of a publication that was told to stop, because of that.
    private func refused(_ error: ParseError) -> Ending {
        if let reason = state.withLock({ $0.stopReason }) { return Ending(reason: reason) }
        return violation("\(error)")
    }

    // MARK: The end

    private func finish(_ ending: Ending, _ termination: TerminationStatus) async {
        leaveChannel()
        // Its worker is gone: a webhook that does not answer is not to keep it from hearing of that.
        cutOff()
        let (channel, app, media) = state.withLock { ($0.channel, $0.app, $0.statistics.mediaMilliseconds) }
        source.files?.left(media: media)
        var (reason, level) = (ending.reason, ending.isFault ? Logger.Level.error : .notice)
        // Where the worker did not go by itself, the signal was ours: SIGTERM.
        if ending.isSudden, case .signaled(let signal) = termination, signal != SIGTERM {
            supervisor.countWorkerFailure()
            reason = "the worker died by signal \(signal) (\(String(cString: strsignal(signal))))"
            level = .error
        }
        guard let channel else {
            supervisor.budget.log(
                level == .error ? level : .info, "encoder left: \(reason.onOneLine)",
                metadata: ["peer": "\(source.name)"], kind: "left", now: steadyMilliseconds())
            return
        }
        channel.refresh()
        supervisor.logger.log(
            level: level, "publication ended: \(reason.onOneLine)",
            metadata: ["channel": "\(channel.profile.channel)", "peer": "\(source.name)"])
        guard source.files == nil, let hook = supervisor.ingest(of: channel).webHook else { return }
        let call = WebHook.Call(
            channel: channel.profile.channel, app: app, address: source.name, reason: reason.onOneLine)
        if let failure = await supervisor.webHook.tellEnd(call, hook) {
            supervisor.logger.warning(
                "the webhook did not hear of the end: \(failure)", metadata: ["channel": "\(call.channel)"])
        }
    }
}
