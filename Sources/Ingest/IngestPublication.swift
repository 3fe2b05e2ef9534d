import ChunkStream
import FLV
import Media
package import RTMPServer
import Synchronization
import Transcode

/// One publication from the encoder's first byte to its last: authorise, demux, re-clock, make the ladder, hand the
/// chunks over. Straight down, on one thread; every step pulls, so a slow daemon slows the encoder's socket.
package struct IngestPublication: ~Copyable {
    /// Milliseconds from the epoch, and of a clock that only runs forward: CLOCK_BOOTTIME, as the daemon's.
    package struct Clock: Sendable {
        package var wall: @Sendable () -> Int64
        package var monotonic: @Sendable () -> Int64
        package var sleep: @Sendable (_ milliseconds: Int64) -> Void

        package init(
            wall: @escaping @Sendable () -> Int64, monotonic: @escaping @Sendable () -> Int64,
            sleep: @escaping @Sendable (_ milliseconds: Int64) -> Void
        ) {
            self.wall = wall
            self.monotonic = monotonic
            self.sleep = sleep
        }
    }

    private var link: DaemonLink
    private var session: RTMPSession
    private let clock: Clock
    private var time: EpochClock
    /// What the daemon said, and was not done yet.
    private let orders = Orders()
    private var statistics = IngestStatistics()
    private var statisticsSentAt: Int64

    package init(session: consuming RTMPSession, link: consuming DaemonLink, clock: Clock) {
        self.session = session
        self.link = link
        self.clock = clock
        time = EpochClock(wall: clock.wall(), steady: clock.monotonic())
        statisticsSentAt = clock.monotonic()
    }

    /// Runs to the end of the publication. What ends it is told to the daemon, and to the encoder where it listens.
    package mutating func run() throws(DaemonLink.Lost) {
        try link.send(.hello(version: Frame.version))
        let request: RTMPServer.PublishRequest
        do throws(RTMPError) { request = try session.awaitPublish() } catch {
            // Nobody asked for anything yet: the daemon logs the reason.
            return try link.send(.end(reason: error.reason))
        }
        try link.send(
            .publish(
                ChunkStream.PublishRequest(
                    app: request.app, streamKey: request.streamKey.value, encoder: request.flashVersion)))
        switch try link.receive() {
        case .reject(let reason):
            session.rejectPublish(.badName, description: reason)
            try link.send(.end(reason: "refused: \(reason)"))
        case .stop(let reason): try link.send(.end(reason: reason))
        case .accept(let ladder, let firstSegment, let lead, let waits):
            time = EpochClock(lead: lead, steady: clock.monotonic())
            let stopper = session.makeStopper()
            link.listen { [orders] message in
                if case .stop(let reason) = message { stopper.stop(reason) } else { orders.add(message) }
            }
            var line = IngestLine(ladder: ladder, firstSegment: firstSegment, waits: waits)
            let reason = try publish(&line)
            try send(line.finish())
            try sendStatistics(line)
            try link.send(.end(reason: reason))
        case .begin, .wait, .splice: try link.send(.end(reason: "the daemon's answer makes no sense"))
        }
    }

    /// Returns why the publication ended.
    private mutating func publish(_ line: inout IngestLine) throws(DaemonLink.Lost) -> String {
        do throws(RTMPError) { try session.acceptPublish() } catch { return error.reason }
        while true {
            let message: RTMPMessage
            do throws(RTMPError) {
                guard let next = try session.nextMessage() else { return "the encoder ended its stream" }
                message = next
            } catch { return error.reason }
            if let reason = try follow(&line) { return reason }
            statistics.bytesReceived += UInt64(message.payload.count)
            let now = now()
            if let reason = try give(&line, { line throws(IngestLine.Ended) in try line.take(message, now: now) }) {
                return reason
            }
            let wait = line.wait(now: self.now())
            if wait > 0 { clock.sleep(wait) }
        }
    }

    /// Does what the daemon has said meanwhile; returns why that is the end.
    private mutating func follow(_ line: inout IngestLine) throws(DaemonLink.Lost) -> String? {
        for message in orders.take() {
            switch message {
            case .wait: line.wait()
            case .begin(let firstSegment):
                for item in line.begin(firstSegment: firstSegment) {
                    let reason = try give(&line) { line throws(IngestLine.Ended) in try line.take(item) }
                    if let reason { return reason }
                }
            case .splice(let marker):
                if let reason = try give(&line, { line throws(IngestLine.Ended) in try line.splice(marker) }) {
                    return reason
                }
            case .accept, .reject, .stop: break
            }
        }
        return nil
    }

    /// Gives the ladder something and hands over what it makes; returns why it cannot go on.
    private mutating func give(
        _ line: inout IngestLine, _ body: (inout IngestLine) throws(IngestLine.Ended) -> [WorkerMessage]
    ) throws(DaemonLink.Lost) -> String? {
        let started = clock.monotonic()
        let made: [WorkerMessage]
        do throws(IngestLine.Ended) { made = try body(&line) } catch {
            session.rejectPublish(.failed, description: error.reason)
            return error.reason
        }
        statistics.busyMilliseconds += UInt64(max(clock.monotonic() - started, 0))
        try send(made)
        if clock.monotonic() - statisticsSentAt >= Self.reportMilliseconds { try sendStatistics(line) }
        return nil
    }

    private static let reportMilliseconds: Int64 = 250

    private mutating func now() -> Int64 { time.time(wall: clock.wall(), steady: clock.monotonic()) }

    private mutating func send(_ messages: [WorkerMessage]) throws(DaemonLink.Lost) {
        for message in messages { try link.send(message) }
    }

    private mutating func sendStatistics(_ line: borrowing IngestLine) throws(DaemonLink.Lost) {
        statisticsSentAt = clock.monotonic()
        line.fill(&statistics)
        try link.send(.statistics(statistics))
    }
}

/// The daemon's messages, between the thread that hears them and the one that does what they say.
private final class Orders: Sendable {
    private let messages = Mutex<[DaemonMessage]>([])

    func add(_ message: DaemonMessage) { messages.withLock { $0.append(message) } }

    func take() -> [DaemonMessage] {
        messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}
