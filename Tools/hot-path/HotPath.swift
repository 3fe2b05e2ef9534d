import Access
import Glibc
import Live
import LoopbackSocket
import NIOCore
import NIOHTTP1
import NIOPosix
import Origin

/// Asks for one hot answer of 2 KB over one connection so many times: `hot-path ours|floor COUNT`; the floor is SwiftNIO's
/// parser and one write. It is for counts that no load changes, less those of a shorter run:
///
///     valgrind --tool=callgrind --separate-threads=yes hot-path ours 2500
///
/// The event loop's thread is the one whose count grows. Valgrind cannot read Swift's debugging symbols: run a copy without (`strip -g`).
@main
enum HotPath {
    private static let body = String(repeating: "a", count: 2048)

    // Not async: valgrind does not survive the end of the main thread, which that is.
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let count = Int(arguments[2]), ["ours", "floor"].contains(arguments[1]) else {
            print("usage: hot-path ours|floor COUNT")
            exit(2)
        }
        let isFloor = arguments[1] == "floor"
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let port = try group.any().makeFutureWithTask {
            try await isFloor ? startFloor(group) : startOrigin(group)
        }.wait()
        ask(count, port: UInt16(port))
    }

    private static func startOrigin(_ group: MultiThreadedEventLoopGroup) async throws -> Int {
        let metrics = OriginMetrics()
        let revision = ContentRevision()
        var made = CachedResponse(
            status: .ok, contentType: "application/dash+xml", body: ByteBuffer(string: body),
            entityTag: "0123456789abcdef", freshness: .seconds(60))
        made.cmsd = "ot=m,sf=d"
        made.stamp = revision.advance()
        let response = made
        return try await OriginServer.start(
            .init(host: "127.0.0.1", port: 0), content: { _, _ in .ready(response) }, access: AccessDesk { _ in },
            rates: ChannelRates(metrics: metrics), metrics: metrics, group: group, clock: { milliseconds() }
        ).port
    }

    private static func milliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    private static func startFloor(_ group: MultiThreadedEventLoopGroup) async throws -> Int {
        let answer = ByteBuffer(string: "HTTP/1.1 200 OK\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
        let channel = try await ServerBootstrap(group: group)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let parser = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes))
                    try channel.pipeline.syncOperations.addHandler(parser)
                    try channel.pipeline.syncOperations.addHandler(Floor(answer))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        return channel.localAddress?.port ?? 0
    }

    private final class Floor: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = ByteBuffer
        private let answer: ByteBuffer

        init(_ answer: ByteBuffer) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if case .end = unwrapInboundIn(data) { context.writeAndFlush(wrapOutboundOut(answer), promise: nil) }
        }
    }

    /// One after the other.
    private static func ask(_ count: Int, port: UInt16) {
        guard let connection = LoopbackSocket.connect(port: port) else { exit(1) }
        let request = Array("GET /live/dash/index.mpd HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n".utf8)
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        for _ in 0..<count {
            guard send(connection, request, request.count, 0) == request.count else { exit(1) }
            // More than the body is the head, and all of it comes with one write.
            var got = 0
            while got < body.utf8.count {
                let more = recv(connection, &buffer, buffer.count, 0)
                guard more > 0 else { exit(1) }
                got += more
            }
        }
        // Without the end of the event loop, which is not to be counted.
        exit(0)
    }
}
