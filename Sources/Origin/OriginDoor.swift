import Glibc
import NIOCore
import NIOExtras
import NIOPosix
import Settings

/// The sockets of one listener: one for each event loop, which keeps the connections that it accepts.
///
/// They share a port by SO_REUSEPORT, and the kernel chooses among them by a hash of both addresses and ports (socket(7)).
/// That option alone would let a second daemon of the same user have its share of the connections unnoticed. So the first
/// socket is bound without it, which fails where anybody listens, and is given it before the others are bound.
struct OriginDoor: Sendable {
    private struct Socket: Sendable {
        let channel: any Channel
        let quiescing: ServerQuiescingHelper
    }

    let isSecure: Bool
    private let sockets: [Socket]

    /// Binds and accepts.
    /// - Parameter take: called for each connection, on its event loop.
    static func open(
        _ listener: OriginServer.Listener, group: MultiThreadedEventLoopGroup,
        take: @escaping @Sendable (any Channel) throws -> Void
    ) async throws(ListenError) -> OriginDoor {
        let loops = Array(group.makeIterator())
        var sockets: [Socket] = []
        do {
            for loop in loops {
                let quiescing = ServerQuiescingHelper(group: loop)
                let bootstrap = bootstrap(listener, on: loop, quiescing, take)
                guard let first = sockets.first?.channel.localAddress else {
                    let channel = try await bootstrap.bind(host: listener.host, port: listener.port).get()
                    sockets.append(Socket(channel: channel, quiescing: quiescing))
                    if loops.count > 1 { try await channel.setOption(sharesPort, value: 1).get() }
                    continue
                }
                let channel = try await bootstrap.serverChannelOption(sharesPort, value: 1).bind(to: first).get()
                sockets.append(Socket(channel: channel, quiescing: quiescing))
            }
        } catch {
            for socket in sockets { try? await socket.channel.close() }
            throw ListenError(host: listener.host, port: listener.port, cause: error)
        }
        return OriginDoor(isSecure: listener.certificate != nil, sockets: sockets)
    }

    private static let sharesPort = ChannelOptions.Types.SocketOption(
        level: .socket, name: .init(rawValue: SO_REUSEPORT))

    private static func bootstrap(
        _ listener: OriginServer.Listener, on loop: any EventLoop, _ quiescing: ServerQuiescingHelper,
        _ take: @escaping @Sendable (any Channel) throws -> Void
    ) -> ServerBootstrap {
        let bootstrap = ServerBootstrap(group: loop, childGroup: loop)
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
            .childChannelOption(.recvAllocator, value: RequestBufferSize())
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 128 << 10, high: 512 << 10))
            .childChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try take(channel) } }
        guard listener.isIPv6Only else { return bootstrap }
        return bootstrap.serverChannelOption(
            ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only), value: 1)
    }

    /// The same of all.
    var port: Int { sockets.first?.channel.localAddress?.port ?? 0 }

    func close() async {
        for socket in sockets { try? await socket.channel.close() }
    }

    /// Stops to accept, and has every connection finish.
    /// - Returns: one for each socket, done when none of its connections is left, and failed by whoever waits no longer.
    func beginToDrain() -> [EventLoopPromise<Void>] {
        sockets.map { socket in
            let loop = socket.channel.eventLoop
            let (stopped, waited) = (loop.makePromise(of: Void.self), loop.makePromise(of: Void.self))
            stopped.futureResult.cascade(to: waited)
            socket.quiescing.initiateShutdown(promise: stopped)
            return waited
        }
    }
}

/// An address that the origin cannot listen on, and what is to be done about it.
package struct ListenError: Error, CustomStringConvertible {
    package let address: String
    package let reason: String

    init(host: String, port: Int, cause: any Error) {
        address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        reason =
            (cause as? IOError).map {
                "\(ListenRefusal(code: $0.errnoCode, port: port, setting: "origin.listen or https.listen"))"
            } ?? "\(cause)"
    }

    package var description: String { "cannot listen on \(address): \(reason)" }
}
