package import Access
package import NIOCore
import NIOExtras
package import NIOPosix
import NIOSSL
package import ServerTLS

/// The server that CDNs pull from: HTTP/1.1 and HTTP/2, plain and over TLS.
package struct OriginServer: Sendable {
    package struct Listener: Sendable {
        package var host: String
        package var port: Int
        /// Nil: plain.
        package var certificate: ServerCertificate?
        /// The same port is listened to for IPv4 by itself.
        package var isIPv6Only: Bool
        /// Trusted proxies say in front of each connection for whom it stands.
        package var isProxied: Bool

        package init(
            host: String, port: Int, certificate: ServerCertificate? = nil, isIPv6Only: Bool = false,
            isProxied: Bool = false
        ) {
            self.host = host
            self.port = port
            self.certificate = certificate
            self.isIPv6Only = isIPv6Only
            self.isProxied = isProxied
        }
    }

    package struct Configuration: Sendable {
        package var listeners: [Listener]
        /// A connection or stream on which nothing moves for so long, and up to half as long again, is closed.
        package var idleTimeout = TimeAmount.seconds(60)
        package var proxies = TrustedProxies()
        package var limits = OriginLimits()

        package init(listeners: [Listener]) { self.listeners = listeners }

        /// One plain listener.
        package init(host: String, port: Int) { self.init(listeners: [Listener(host: host, port: port)]) }
    }

    /// What a listener's certificate is to offer by ALPN. RFC 7301; RFC 9113, clause 3.2.
    package static let protocols = ["h2", "http/1.1"]

    private struct Door: Sendable {
        let channel: any Channel
        let quiescing: ServerQuiescingHelper
        let isSecure: Bool
    }

    private let doors: [Door]

    /// Binds and starts to answer.
    /// - Parameters:
    ///   - access: who may ask for what; nil: anybody for all.
    ///   - rates: how often one may ask for which channel; nil: as often as one likes.
    ///   - log: of the requests; nil: there is none.
    ///   - clock: milliseconds from the epoch.
    package static func start(
        _ configuration: Configuration, content: @escaping OriginContent, access: AccessDesk? = nil,
        rates: ChannelRates? = nil, metrics: OriginMetrics, log: AccessLog? = nil, group: MultiThreadedEventLoopGroup,
        clock: @escaping @Sendable () -> Int64
    ) async throws -> OriginServer {
        let connections = OriginConnections(
            content: content, access: access, metrics: metrics, clock: clock, idleTimeout: configuration.idleTimeout,
            limits: configuration.limits, rates: rates, proxies: configuration.proxies, log: log, group: group)
        var doors: [Door] = []
        do {
            for listener in configuration.listeners {
                doors.append(try await open(listener, connections: connections, group: group))
            }
        } catch {
            for door in doors { try? await door.channel.close() }
            throw error
        }
        return OriginServer(doors: doors)
    }

    private static func open(
        _ listener: Listener, connections: OriginConnections, group: MultiThreadedEventLoopGroup
    ) async throws -> Door {
        let quiescing = ServerQuiescingHelper(group: group)
        let (certificate, isProxied) = (listener.certificate, listener.isProxied)
        var bootstrap = ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        quiescing.makeServerChannelHandler(channel: channel))
                }
            }
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // Inherited by connections. What is not read yet is the kernel's, megabytes of it for each, of one budget for the
            // whole machine: from strangers it would take the encoders' share.
            .serverChannelOption(.socketOption(.so_rcvbuf), value: 64 << 10)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            // Requests are small, and what comes with one read is parsed whole before anybody else has a turn.
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 2048, maximum: 8192)
            )
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 128 << 10, high: 512 << 10))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try connections.take(channel, certificate: certificate, isProxied: isProxied)
                }
            }
        if listener.isIPv6Only {
            bootstrap = bootstrap.serverChannelOption(
                ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only), value: 1)
        }
        let channel = try await bootstrap.bind(host: listener.host, port: listener.port).get()
        return Door(channel: channel, quiescing: quiescing, isSecure: certificate != nil)
    }

    /// What was bound, in the order of the configuration.
    package struct Ports: Sendable {
        package var plain: [Int]
        package var secure: [Int]
    }

    package var boundPorts: Ports {
        Ports(plain: doors.filter { !$0.isSecure }.map(Self.port), secure: doors.filter(\.isSecure).map(Self.port))
    }

    /// The first of them.
    package var port: Int { doors.first.map(Self.port) ?? 0 }

    private static func port(_ door: Door) -> Int { door.channel.localAddress?.port ?? 0 }

    /// Stops to accept, lets what is under way finish, closes what is idle, and returns when no connection is left or
    /// the task is cancelled.
    package func drain() async {
        let waits = doors.map { door in
            let (stopped, waited) = (
                door.channel.eventLoop.makePromise(of: Void.self), door.channel.eventLoop.makePromise(of: Void.self)
            )
            stopped.futureResult.cascade(to: waited)
            door.quiescing.initiateShutdown(promise: stopped)
            return waited
        }
        await withTaskCancellationHandler {
            // Whatever the reason: there is nothing left to wait for.
            for waited in waits { _ = try? await waited.futureResult.get() }
        } onCancel: {
            for waited in waits { waited.fail(CancellationError()) }
        }
    }
}
