import Foundation
import Glibc
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing

@testable import Origin

/// Sockets that share a port, over real ones.
@Suite(.timeLimit(.minutes(5))) struct OriginDoorTests {
    /// The event loops whose connections asked.
    private let asked = NIOLockedValueBox<Set<ObjectIdentifier>>([])

    /// Event loops of its own, which end when all that is in `body` is gone.
    private func withLoops(_ count: Int, _ body: (MultiThreadedEventLoopGroup) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: count)
        try await body(group)
        try await group.shutdownGracefully()
    }

    private func start(_ group: MultiThreadedEventLoopGroup, port: Int = 0) async throws -> OriginServer {
        try await OriginServer.start(
            OriginServer.Configuration(host: "127.0.0.1", port: port),
            content: { _, asker in
                _ = asked.withLockedValue { $0.insert(ObjectIdentifier(asker.eventLoop)) }
                return .ready(.notFound)
            }, metrics: OriginMetrics(), group: group, clock: { 1000 })
    }

    private func ask(_ server: OriginServer) async throws -> Bool {
        let request = "GET /news/hls/index.m3u8 HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n"
        let answer = try await RawConnection.send(ByteBuffer(string: request), port: server.port)
        return String(buffer: answer).hasPrefix("HTTP/1.1 404 ")
    }

    /// Sockets of this process that listen there: what /proc/net/tcp says is of several moments, while other tests come and go.
    private func listening(_ port: Int) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap(CInt.init).count { descriptor in
            var (isListening, size) = (CInt(0), socklen_t(MemoryLayout<CInt>.size))
            guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0, isListening == 1 else {
                return false
            }
            // sockaddr_in by its bytes (ip(7)): which module its fields are of depends on what was built first.
            return withUnsafeTemporaryAllocation(byteCount: 128, alignment: 8) { address in
                var length = socklen_t(address.count)
                guard let start = address.baseAddress,
                    getsockname(descriptor, start.assumingMemoryBound(to: sockaddr.self), &length) == 0
                else { return false }
                let family = start.load(as: UInt16.self)
                return family == UInt16(AF_INET) && Int(address[2]) << 8 | Int(address[3]) == port
            }
        }
    }

    @Test(arguments: [1, 3]) func eachEventLoopAcceptsItsOwn(loops: Int) async throws {
        try await withLoops(loops) { group in
            let server = try await start(group)
            #expect(try listening(server.port) == loops)
            // By a hash of the ports: that one of three gets none of them happens once in 10^17.
            for _ in 0..<100 { #expect(try await ask(server)) }
            #expect(asked.withLockedValue(\.count) == loops)
            let port = server.port
            await server.drain()
            #expect(try listening(port) == 0)
        }
    }

    @Test(arguments: [1, 3]) func aSecondOneDoesNotGetAShare(loops: Int) async throws {
        try await withLoops(loops) { group in
            let server = try await start(group)
            let error = await #expect(throws: ListenError.self) { _ = try await start(group, port: server.port) }
            let text = try #require(error.map { "\($0)" })
            #expect(text.hasPrefix("cannot listen on 127.0.0.1:\(server.port): another program listens there"))
            #expect(text.contains("ss -ltnp 'sport = :\(server.port)'") && text.contains("origin.listen"))
            // Nor is anything left of it.
            #expect(try listening(server.port) == loops)
            for _ in 0..<20 { #expect(try await ask(server)) }
            await server.drain()
            // Now the port is anybody's, and another test may have it already.
            var (port, again) = (server.port, OriginServer?.none)
            while again == nil {
                do { again = try await start(group, port: port) } catch is ListenError {
                    let other = try await start(group)
                    port = other.port
                    await other.drain()
                }
            }
            let successor = try #require(again)
            #expect(try await ask(successor))
            await successor.drain()
        }
    }

    @Test func whatCannotBeListenedOnIsNamed() async throws {
        let elsewhere = OriginServer.Configuration(host: "192.0.2.1", port: 8080)
        let error = await #expect(throws: ListenError.self) {
            _ = try await OriginServer.start(
                elsewhere, content: { _, _ in .ready(.notFound) }, metrics: OriginMetrics(), group: .singleton,
                clock: { 1000 })
        }
        #expect(error?.address == "192.0.2.1:8080" && error?.reason.hasPrefix("this machine has no such") == true)
        let cause = IOError(errnoCode: EACCES, reason: "bind")
        let text = "\(ListenError(host: "::", port: 80, cause: cause))"
        #expect(text.hasPrefix("cannot listen on [::]:80: not permitted"))
    }
}
