import NIOCore
import NIOExtras
import NIOHTTP1
package import NIOPosix

/// The HTTP/1.1 server that CDNs pull from.
package struct OriginServer: Sendable {
    package struct Configuration: Sendable {
        package var host: String
        package var port: Int
        /// A connection on which nothing moves for so long is closed.
        package var idleTimeoutSeconds: Int64 = 60

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    private let channel: any Channel
    private let quiescing: ServerQuiescingHelper

    /// Binds and starts to answer.
    /// - Parameter clock: milliseconds from the epoch.
    package static func start(
        _ configuration: Configuration, content: @escaping OriginContent, metrics: OriginMetrics,
        group: MultiThreadedEventLoopGroup, clock: @escaping @Sendable () -> Int64
    ) async throws -> OriginServer {
        let quiescing = ServerQuiescingHelper(group: group)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        quiescing.makeServerChannelHandler(channel: channel))
                }
            }
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    metrics.connectionOpened()
                    channel.closeFuture.whenComplete { _ in metrics.connectionClosed() }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(
                        IdleStateHandler(allTimeout: .seconds(configuration.idleTimeoutSeconds)))
                    try channel.pipeline.syncOperations.addHandler(
                        RequestHandler(content: content, metrics: metrics, clock: clock))
                }
            }
        let channel = try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
        return OriginServer(channel: channel, quiescing: quiescing)
    }

    /// The port that was bound, where 0 was asked for.
    package var port: Int { channel.localAddress?.port ?? 0 }

    /// Stops to accept, lets what is under way finish, closes what is idle, and returns when no connection is left or
    /// the task is cancelled.
    package func drain() async {
        let (stopped, waited) = (
            channel.eventLoop.makePromise(of: Void.self), channel.eventLoop.makePromise(of: Void.self)
        )
        stopped.futureResult.cascade(to: waited)
        quiescing.initiateShutdown(promise: stopped)
        await withTaskCancellationHandler {
            // Whatever the reason: there is nothing left to wait for.
            _ = try? await waited.futureResult.get()
        } onCancel: {
            waited.fail(CancellationError())
        }
    }
}
