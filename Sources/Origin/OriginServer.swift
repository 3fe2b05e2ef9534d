import NIOCore
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

    /// Binds and starts to answer.
    /// - Parameter clock: milliseconds from the epoch.
    package static func start(
        _ configuration: Configuration, content: @escaping OriginContent, metrics: OriginMetrics,
        group: MultiThreadedEventLoopGroup, clock: @escaping @Sendable () -> Int64
    ) async throws -> OriginServer {
        let bootstrap = ServerBootstrap(group: group)
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
        return OriginServer(channel: channel)
    }

    /// The port that was bound, where 0 was asked for.
    package var port: Int { channel.localAddress?.port ?? 0 }

    /// Stops to accept; connections that are open go on until they are done or the group ends.
    package func stopAccepting() async {
        do { try await channel.close().get() } catch { return }  // it was closed before: nothing is left to do
    }
}
