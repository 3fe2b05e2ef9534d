import ChunkStream
import FLV
import Media
package import RTMPServer
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

    private var desk: PublicationDesk
    private var session: RTMPSession

    package init(session: consuming RTMPSession, link: consuming DaemonLink, clock: Clock) {
        self.session = session
        desk = PublicationDesk(link: link, clock: clock)
    }

    /// Runs to the end of the publication. What ends it is told to the daemon, and to the encoder where it listens.
    package mutating func run() throws(DaemonLink.Lost) {
        try desk.send(.hello(version: Frame.version))
        let request: RTMPServer.PublishRequest
        do throws(RTMPError) { request = try session.awaitPublish() } catch {
            // Nobody asked for anything yet: the daemon logs the reason.
            return try desk.send(.end(reason: error.reason))
        }
        try desk.send(
            .publish(
                ChunkStream.PublishRequest(
                    app: request.app, streamKey: request.streamKey.value, encoder: request.flashVersion)))
        switch try desk.receive() {
        case .reject(let reason):
            session.rejectPublish(.badName, description: reason)
            try desk.send(.end(reason: "refused: \(reason)"))
        case .stop(let reason): try desk.send(.end(reason: reason))
        case .accept(let ladder, let firstSegment, let lead, let waits):
            let stopper = session.makeStopper()
            desk.begin(clockLead: lead) { stopper.stop($0) }
            var line = IngestLine(ladder: ladder, firstSegment: firstSegment, waits: waits)
            let reason = try publish(&line)
            try desk.finish(&line)
            try desk.send(.end(reason: reason))
        case .begin, .wait, .splice: try desk.send(.end(reason: "the daemon's answer makes no sense"))
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
            if let reason = try desk.follow(&line) { return failed(reason) }
            desk.statistics.bytesReceived += UInt64(message.payload.count)
            let now = desk.now()
            let reason = try desk.give(&line) { line throws(IngestLine.Ended) in try line.take(message, now: now) }
            if let reason { return failed(reason) }
            let wait = line.wait(now: desk.now())
            if wait > 0 { desk.sleep(milliseconds: wait) }
        }
    }

    /// The encoder is told why it cannot go on.
    private mutating func failed(_ reason: String) -> String {
        session.rejectPublish(.failed, description: reason)
        return reason
    }
}
