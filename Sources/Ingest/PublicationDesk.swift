import ChunkStream
import Media
import Synchronization
import Transcode

/// What every publication does with its line, whatever feeds it: the clock that the daemon gave, the daemon's orders, what
/// is made handed over, and a report four times a second.
struct PublicationDesk: ~Copyable {
    private var link: DaemonLink
    private let clock: IngestPublication.Clock
    private var time: EpochClock
    /// What the daemon said, and was not done yet.
    private let orders = Orders()
    var statistics = IngestStatistics()
    private var statisticsSentAt: Int64

    private static let reportMilliseconds: Int64 = 250

    init(link: consuming DaemonLink, clock: IngestPublication.Clock) {
        self.link = link
        self.clock = clock
        time = EpochClock(wall: clock.wall(), steady: clock.monotonic())
        statisticsSentAt = clock.monotonic()
    }

    func send(_ message: WorkerMessage) throws(DaemonLink.Lost) { try link.send(message) }

    func send(_ messages: [WorkerMessage]) throws(DaemonLink.Lost) {
        for message in messages { try link.send(message) }
    }

    mutating func receive() throws(DaemonLink.Lost) -> DaemonMessage { try link.receive() }

    /// The daemon has accepted: from now on it is listened to, and its clock is this one's.
    /// - Parameter stop: told, on another thread, that it is to end, and why.
    mutating func begin(clockLead: Int64, stop: @escaping @Sendable (String) -> Void) {
        time = EpochClock(lead: clockLead, steady: clock.monotonic())
        link.listen { [orders] message in
            if case .stop(let reason) = message { stop(reason) } else { orders.add(message) }
        }
    }

    /// Does what the daemon has said meanwhile; returns why that is the end.
    mutating func follow(_ line: inout IngestLine) throws(DaemonLink.Lost) -> String? {
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
    mutating func give(
        _ line: inout IngestLine, _ body: (inout IngestLine) throws(IngestLine.Ended) -> [WorkerMessage]
    ) throws(DaemonLink.Lost) -> String? {
        let started = clock.monotonic()
        let made: [WorkerMessage]
        do throws(IngestLine.Ended) { made = try body(&line) } catch { return error.reason }
        statistics.busyMilliseconds += UInt64(max(clock.monotonic() - started, 0))
        try send(made)
        try report(line)
        return nil
    }

    /// How it stands, where it is time to say so.
    mutating func report(_ line: borrowing IngestLine) throws(DaemonLink.Lost) {
        if clock.monotonic() - statisticsSentAt >= Self.reportMilliseconds { try sendStatistics(line) }
    }

    /// What there is still of the line, and how it stands.
    mutating func finish(_ line: inout IngestLine) throws(DaemonLink.Lost) {
        try send(line.finish())
        try sendStatistics(line)
    }

    mutating func now() -> Int64 { time.time(wall: clock.wall(), steady: clock.monotonic()) }

    func sleep(milliseconds: Int64) { clock.sleep(milliseconds) }

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
