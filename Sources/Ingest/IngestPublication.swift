import ChunkStream
import FLV
import Media
package import RTMPServer
import Transcode

/// One publication from the encoder's first byte to its last: authorise, demux, re-clock, make the ladder, hand the
/// chunks over. Straight down, on one thread; every step pulls, so a slow daemon slows the encoder's socket.
package struct IngestPublication: ~Copyable {
    /// Milliseconds from the epoch, and of a clock that only runs forward.
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
    private var statistics = IngestStatistics()
    private var statisticsSentAt: Int64

    package init(session: consuming RTMPSession, link: consuming DaemonLink, clock: Clock) {
        self.session = session
        self.link = link
        self.clock = clock
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
        case .accept(let ladder, let firstSegment):
            let stopper = session.makeStopper()
            link.onStop { stopper.stop($0) }
            var line = IngestLine(ladder: ladder, firstSegment: firstSegment)
            let reason = try publish(&line)
            try send(line.finish())
            try sendStatistics(line)
            try link.send(.end(reason: reason))
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
            let started = clock.monotonic()
            statistics.bytesReceived += UInt64(message.payload.count)
            let made: [WorkerMessage]
            do throws(IngestLine.Ended) {
                made = try line.take(message, wallMilliseconds: clock.wall(), here: started)
            } catch {
                session.rejectPublish(.failed, description: error.reason)
                return error.reason
            }
            statistics.busyMilliseconds += UInt64(max(clock.monotonic() - started, 0))
            try send(made)
            if clock.monotonic() - statisticsSentAt >= 1000 { try sendStatistics(line) }
            let wait = line.wait(here: clock.monotonic())
            if wait > 0 { clock.sleep(wait) }
        }
    }

    private mutating func send(_ messages: [WorkerMessage]) throws(DaemonLink.Lost) {
        for message in messages { try link.send(message) }
    }

    private mutating func sendStatistics(_ line: borrowing IngestLine) throws(DaemonLink.Lost) {
        statisticsSentAt = clock.monotonic()
        line.fill(&statistics)
        try link.send(.statistics(statistics))
    }
}
