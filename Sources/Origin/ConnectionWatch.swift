import NIOCore

/// Ends a connection on which nothing gets on, and each of its streams by itself: by progress, not by total time. For
/// its event loop alone.
///
/// Progress is a whole request, something of an answer, and what leaves of the bytes that wait to be sent. Single bytes
/// of a request, or frames that are of no stream, are none.
final class ConnectionWatch {
    /// Looks in a time-out.
    private static let looks = 4
    private let channel: any Channel
    private let interval: TimeAmount
    /// Something is ended.
    private let onEnd: () -> Void
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

    init(_ channel: any Channel, timeout: TimeAmount, onEnd: @escaping () -> Void = {}) {
        self.channel = channel
        self.onEnd = onEnd
        interval = .nanoseconds(timeout.nanoseconds / Int64(Self.looks))
    }

    func start() {
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        let task = channel.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            bound.value.look()
        }
        channel.closeFuture.whenComplete { _ in task.cancel() }
    }

    /// Something of the connection got on.
    func note() { progress.note() }

    /// One of several streams, which has a pace of its own.
    func add(_ stream: RequestHandler) { streams[ObjectIdentifier(stream)] = stream }
    func remove(_ stream: RequestHandler) { streams[ObjectIdentifier(stream)] = nil }

    private func look() {
        for stream in Array(streams.values) where stream.progress.look() >= Self.looks {
            onEnd()
            stream.abandon()
        }
        let waiting = (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        if waiting != lastWaiting { progress.note() }
        lastWaiting = waiting
        let quiet = progress.look()
        // First in the manner of the protocol: a peer of HTTP/2 is told by a GOAWAY.
        if quiet == Self.looks {
            onEnd()
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        if quiet > Self.looks { channel.close(promise: nil) }
    }
}
