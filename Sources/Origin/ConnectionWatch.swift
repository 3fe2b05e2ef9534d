import NIOCore

/// Ends a connection on which nothing gets on, and each of its streams by itself: by progress, not by total time. For
/// its event loop alone.
///
/// Progress is a whole request, something of an answer, and what leaves of the bytes that wait to be sent. Single bytes
/// of a request, or frames that are of no stream, are none.
final class ConnectionWatch {
    /// Where it is among those that are looked at: they hold each other until they are removed, as all are that close.
    struct Place {
        let due: NIODeadline
        var before: ConnectionWatch?
        var after: ConnectionWatch?
    }

    /// Nil: nobody looks. For its `WatchRound` alone.
    var place: Place?
    private let channel: any Channel
    private let metrics: OriginMetrics
    private var progress = Progress()
    private var lastWaiting = 0
    private var streams: [ObjectIdentifier: RequestHandler] = [:]

    /// Of one thing that is watched.
    struct Progress {
        private var hasMoved = false
        /// Looks since something last moved.
        private var quiet = 0

        mutating func note() { hasMoved = true }

        /// - Returns: looks without progress.
        mutating func look() -> Int {
            quiet = hasMoved ? 0 : quiet + 1
            hasMoved = false
            return quiet
        }
    }

    /// - Parameter metrics: told of what is ended.
    init(_ channel: any Channel, _ metrics: OriginMetrics) {
        self.channel = channel
        self.metrics = metrics
    }

    /// Something of the connection got on.
    func note() { progress.note() }

    /// One of several streams, which has a pace of its own.
    func add(_ stream: RequestHandler) { streams[ObjectIdentifier(stream)] = stream }
    func remove(_ stream: RequestHandler) { streams[ObjectIdentifier(stream)] = nil }

    /// - Returns: whether to look again.
    func look() -> Bool {
        for stream in Array(streams.values) where stream.progress.look() >= WatchRound.looks {
            metrics.count(.progress)
            stream.abandon()
        }
        let waiting = (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        if waiting != lastWaiting { progress.note() }
        lastWaiting = waiting
        let quiet = progress.look()
        // First in the manner of the protocol: a peer of HTTP/2 is told by a GOAWAY.
        if quiet == WatchRound.looks {
            metrics.count(.progress)
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        if quiet > WatchRound.looks { channel.close(promise: nil) }
        return channel.isActive
    }
}
