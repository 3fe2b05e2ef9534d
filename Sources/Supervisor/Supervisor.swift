package import Live
package import Logging
package import Settings
import Synchronization

/// Listens for encoders and gives each connection a worker of its own; knows who publishes what.
package final class Supervisor: Sendable {
    package struct Configuration: Sendable {
        package var listen: ListenAddress
        package var maximumPublishers: Int
        package var handshakeTimeoutSeconds: UInt32
        /// Path of the `sluice-ingest` executable.
        package var worker: String

        package init(listen: ListenAddress, maximumPublishers: Int, handshakeTimeoutSeconds: UInt32, worker: String) {
            self.listen = listen
            self.maximumPublishers = maximumPublishers
            self.handshakeTimeoutSeconds = handshakeTimeoutSeconds
            self.worker = worker
        }
    }

    /// What was counted since the start.
    package struct Counters: Sendable {
        package var connections: UInt64 = 0
        package var publications: UInt64 = 0
        package var takeovers: UInt64 = 0
        /// By reason: address, limit, timeout, credentials.
        package var refusals: [String: UInt64] = [:]
        /// Workers that died by a signal or were ended for breaking the format.
        package var workerFailures: UInt64 = 0
    }

    private struct State {
        /// Every connection that has a worker, published or not.
        var open: [Publication] = []
        /// The publication that has each channel.
        var publications: [String: Publication] = [:]
        var counters = Counters()
    }

    let configuration: Configuration
    let channels: ChannelDirectory
    let logger: Logger
    /// Milliseconds from the epoch.
    let clock: @Sendable () -> Int64
    private let socket: ListeningSocket
    private let state = Mutex(State())

    /// Binds the listener; `run` accepts.
    package init(
        _ configuration: Configuration, channels: ChannelDirectory, logger: Logger,
        clock: @escaping @Sendable () -> Int64
    ) throws(SocketError) {
        self.configuration = configuration
        self.channels = channels
        self.logger = logger
        self.clock = clock
        socket = try ListeningSocket(configuration.listen)
    }

    package var port: UInt16 { socket.port }
    package var slateWorker: SlateWorker { SlateWorker(path: configuration.worker) }
    package var counters: Counters { state.withLock { $0.counters } }

    /// Who publishes now, by channel.
    package var statuses: [PublicationStatus] {
        state.withLock { Array($0.publications.values) }.map(\.status).sorted { $0.channel < $1.channel }
    }

    /// Accepts encoders until `stop`, then ends the publications in order and returns.
    package func run() async {
        // At most so many wait to be looked at; more are refused by closing them.
        let (connections, found) = AsyncStream.makeStream(
            of: ListeningSocket.Connection.self, bufferingPolicy: .bufferingOldest(64))
        await withDiscardingTaskGroup { group in
            group.addTask { [socket] in
                await BlockingThread.run("rtmp-listener") {
                    while let connection = socket.accept() {
                        if case .dropped(let dropped) = found.yield(connection) { dropped.close() }
                    }
                    found.finish()
                }
            }
            for await connection in connections {
                guard admit(connection) else {
                    connection.close()
                    continue
                }
                // Counted before the next one is looked at.
                let publication = Publication(connection, self)
                state.withLock { $0.open.append(publication) }
                group.addTask {
                    await publication.run()
                    self.state.withLock { state in state.open.removeAll { $0 === publication } }
                }
            }
            for publication in state.withLock({ $0.open }) { publication.stop("the daemon is shutting down") }
        }
    }

    /// Ends `run` from any thread.
    package func stop() { socket.shutDown() }

    /// Ends what publishes to a channel, whose profile has gone or changed.
    package func stopPublication(of channel: String, reason: String) {
        state.withLock { $0.publications[channel] }?.stop(reason)
    }

    /// Whether a connection may speak at all: its address, and how many there are.
    private func admit(_ connection: ListeningSocket.Connection) -> Bool {
        let isAllowed = channels.all.contains { channel in
            channel.profile.ingest.allow.contains { $0.contains(connection.peer) }
        }
        let isWithinLimit = state.withLock { state in
            state.counters.connections += 1
            guard isAllowed else {
                state.counters.refusals["address", default: 0] += 1
                return true
            }
            guard state.open.count < configuration.maximumPublishers else {
                state.counters.refusals["limit", default: 0] += 1
                return false
            }
            return true
        }
        if !isAllowed {
            logger.warning(
                "refused an encoder: no channel's ingest.allow holds its address",
                metadata: ["peer": "\(connection.peer)"])
        } else if !isWithinLimit {
            logger.warning(
                "refused an encoder: rtmp.maxPublishers (\(configuration.maximumPublishers)) connections are open",
                metadata: ["peer": "\(connection.peer)"])
        }
        return isAllowed && isWithinLimit
    }

    /// Gives a channel to a publication; the one that had it is ended: a reconnecting encoder is never told "busy".
    ///
    /// In one step with the timeline: of two that come at once, the one that has the channel has the timeline.
    func take(_ channel: LiveChannel, for publication: Publication) -> (token: UInt64, firstSegment: UInt64) {
        channel.takeOver {
            let previous = state.withLock { state in
                let previous = state.publications.updateValue(publication, forKey: channel.profile.channel)
                state.counters.publications += 1
                if previous != nil { state.counters.takeovers += 1 }
                return previous
            }
            previous?.stop("another encoder with the same stream key took over")
        }
    }

    /// - Returns: whether the channel was still this publication's.
    func release(_ channel: String, by publication: Publication) -> Bool {
        state.withLock { state in
            guard state.publications[channel] === publication else { return false }
            state.publications[channel] = nil
            return true
        }
    }

    func countRefusal(_ reason: String) { state.withLock { $0.counters.refusals[reason, default: 0] += 1 } }
    func countWorkerFailure() { state.withLock { $0.counters.workerFailures += 1 } }
}
