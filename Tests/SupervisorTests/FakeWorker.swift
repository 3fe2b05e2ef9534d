import ChunkStream
import Foundation
import Live
import Logging
import Media
import Settings
import Synchronization
import TestSupport
import Timeline

@testable import Supervisor

/// An executable in place of `sluice-ingest`, which says what it was given and then waits to be ended.
struct FakeWorker: Sendable {
    let directory: TemporaryDirectory
    var path: String { directory.path + "/worker" }

    /// - Parameters:
    ///   - loops: says the last message for ever.
    ///   - complaint: what it writes to its standard error, ten thousand times.
    init(_ messages: [WorkerMessage], raw: [UInt8] = [], loops: Bool = false, complaint: String? = nil) throws {
        directory = try TemporaryDirectory()
        try write(messages, raw)
        try writeScript(messages, loops: loops, complaint: complaint)
    }

    /// Says the first when it is started first, and so on.
    init(inTurn conversations: [[WorkerMessage]]) throws {
        directory = try TemporaryDirectory()
        for (turn, messages) in conversations.enumerated() { try write(messages, turn: "\(turn)") }
        try writeScript(conversations[0], turns: "0")
    }

    private func write(_ messages: [WorkerMessage], _ raw: [UInt8] = [], turn: String = "") throws {
        func write(_ messages: [WorkerMessage], _ raw: [UInt8], to name: String) throws {
            let bytes = messages.flatMap { $0.serialize() } + raw
            try Data(bytes).write(to: URL(fileURLWithPath: "\(directory.path)/\(name)\(turn)"))
        }
        try write(Array(messages.prefix(2)), [], to: "greeting")
        try write(Array(messages.dropFirst(2)), raw, to: "rest")
        try write(messages.suffix(1), [], to: "last")
    }

    private func writeScript(
        _ messages: [WorkerMessage], loops: Bool = false, complaint: String? = nil, turns: String = ""
    ) throws {
        // After the greeting it waits for the first byte of an answer, and at last for its encoder to go; its end of the
        // conversation stays open meanwhile, as 3.
        let isDone = if case .end? = messages.last { true } else { false }
        let ending =
            loops
            ? "while /bin/cat \(directory.path)/last; do :; done" : isDone ? "exit 0" : "exec /bin/cat 3>&1 > /dev/null"
        let script = """
            #!/bin/sh
            \(complaint.map { "/usr/bin/yes '\($0)' 2>/dev/null | /usr/bin/head -n 10000 >&2 2>/dev/null" } ?? ":")
            turn=\(turns)
            while [ "$turn" ] && ! /bin/mkdir \(directory.path)/started$turn 2> /dev/null; do turn=$((turn + 1)); done
            /bin/cat \(directory.path)/greeting$turn
            /usr/bin/head -c 1 <&1 > /dev/null
            /bin/cat \(directory.path)/rest$turn
            \(ending)

            """
        try directory.write(script, to: "worker")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
    }

    static func greeting(_ app: String = "news", key: String = "the-key", encoder: String = "test") -> [WorkerMessage] {
        [
            .hello(version: Frame.version),
            .publish(PublishRequest(app: app, streamKey: key, encoder: encoder)),
        ]
    }
}

/// Log lines as values, in a stream that a test can wait on.
struct LogCapture: LogHandler {
    struct Line: Sendable {
        let level: Logger.Level
        let text: String
    }

    let lines: AsyncStream<Line>.Continuation
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let values = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        lines.yield(Line(level: event.level, text: ([event.message.description] + values).joined(separator: " ")))
    }
}

/// A supervisor with one channel, `news`, and encoders that only connect.
final class Newsroom: Sendable {
    static let number: UInt64 = 800_000_000
    let supervisor: Supervisor
    let channel: LiveChannel
    private let channels: ChannelDirectory
    private let logger: Logger
    let clock = ManualClock(1_600_000_003_000)
    let log: AsyncStream<LogCapture.Line>
    private let running: Task<Void, Never>
    /// Its files are there as long as it may be started.
    private let worker: FakeWorker?

    /// - Parameter worker: nil: there is no such executable.
    init(
        worker: FakeWorker?, allow: [CIDR] = CIDR.loopback, end: IngestProfile.SourceEndBehavior = .continue,
        loss: InputLoss = InputLoss(holdSeconds: 0),
        webHook: WebHookProfile? = nil, backup: RedundancySettings? = nil,
        rtmps: DaemonConfiguration.RTMPS = DaemonConfiguration.RTMPS(),
        change: (inout DaemonConfiguration.RTMP) -> Void = { _ in }
    ) throws {
        self.worker = worker
        let (log, lines) = AsyncStream<LogCapture.Line>.makeStream()
        self.log = log
        let logger = Logger(label: "test") { _ in LogCapture(lines: lines) }
        let clock = clock
        let profile = ChannelProfile(
            channel: "news",
            ingest: IngestProfile(
                streamKeys: .init(
                    primary: [Secret("the-key"), Secret("the-next-key")],
                    backup: backup == nil ? [] : [Secret("the-backup-key")]), allow: allow,
                inputLoss: loss, sourceEndBehavior: end, webHook: webHook,
                redundancy: backup ?? RedundancySettings()),
            ladder: Ladder(
                video: [VideoRung(name: "720p", codec: .h264, frameRate: FrameRate(30))],
                audio: [AudioRung(name: "stereo", codec: .aac)], segmentDurationSeconds: 2,
                partDurationMilliseconds: 1000),
            storageWindowSeconds: 3600, endpoints: [EndpointProfile(id: "clear", package: .hls, windowSeconds: 20)])
        channel = try Self.open(profile, clock, logger)
        self.logger = logger
        let channels = ChannelDirectory()
        channels.add(channel)
        self.channels = channels
        var rtmp = DaemonConfiguration.RTMP()
        rtmp.listen = [ListenAddress(host: "127.0.0.1", port: 0)]
        change(&rtmp)
        let supervisor = try Supervisor(
            .init(rtmp: rtmp, rtmps: rtmps, worker: worker?.path ?? "/nowhere/worker"),
            channels: channels, logger: logger, clock: { clock.now })
        self.supervisor = supervisor
        supervisor.attend(channel)
        running = Task { await supervisor.run() }
    }

    /// As where its profile is wrong.
    func removeChannel() { _ = channels.remove(named: "news") }

    private static func open(
        _ profile: ChannelProfile, _ clock: ManualClock, _ logger: Logger
    ) throws -> LiveChannel {
        try LiveChannel(
            profile: profile, directory: nil, budget: StorageBudget(maximumBytes: 1 << 30), logger: logger,
            clock: { clock.now }, alarm: { _, _ in }, makeSchedule: { _, _, _, _ in throw NoKeys() })
    }

    /// Another channel in the first one's place, as after a reload.
    func openAgain() throws -> LiveChannel {
        let next = try Self.open(channel.profile, clock, logger)
        supervisor.attend(next)
        channels.add(next)
        return next
    }

    struct NoKeys: Error {}
    struct NotConnected: Error {}

    /// Stops the supervisor and waits for the end of everything it started.
    func close() async {
        supervisor.stop()
        await running.value
    }

    /// The first part of RTMP's handshake.
    static let handshake = Data([3] + [UInt8](repeating: 0, count: 1536))

    /// An encoder that has connected, and has sent the first part of its handshake, or what is given.
    func connect(sending opening: Data = Newsroom.handshake) throws -> FileHandle {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = (supervisor.ports.first ?? 0).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw NotConnected() }
        try handle.write(contentsOf: opening)
        return handle
    }

    /// Log lines up to and with the first that holds `text`.
    func lines(until text: String) async -> [LogCapture.Line] {
        var found: [LogCapture.Line] = []
        for await line in log {
            found.append(line)
            if line.text.contains(text) { break }
        }
        return found
    }
}
