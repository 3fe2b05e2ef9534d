import Foundation
import Logging
import LoopbackServer
import NIOConcurrencyHelpers
import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL
import ServerTLS
import Settings
import Testing

@testable import Origin

/// The same answers over HTTP/1.1 and HTTP/2, plain and over TLS, by real sockets. RFC 9113.
@Suite(.timeLimit(.minutes(5))) struct OriginProtocolsTests {
    /// `/news/ll/720p/0123456789ab/NUMBER.m4s` is NUMBER bytes; of `1.m4s` each piece comes when the test says so;
    /// `2.m4s` never comes.
    private final class Content: Sendable {
        let pieces = NIOLockedValueBox<[EventLoopPromise<ResponseStream.Step>]>([])
        let gone = NIOLockedValueBox(0)
        let asked = NIOLockedValueBox(0)
        let askers = NIOLockedValueBox<[WeakAsker]>([])

        /// Only whether it is still there is looked at, which may be done from anywhere.
        struct WeakAsker: @unchecked Sendable {
            weak var asker: Asker?
        }

        func answer(_ path: ResourcePath, _ asker: Asker) -> OriginAnswer {
            asked.withLockedValue { $0 += 1 }
            askers.withLockedValue { $0.append(WeakAsker(asker: asker)) }
            guard case .segment(_, _, let number, _) = path.resource else { return .ready(.notFound) }
            switch number {
            case 1:
                let loop = asker.eventLoop
                let stream = ResponseStream(
                    next: { _, _ in
                        let promise = loop.makePromise(of: ResponseStream.Step.self)
                        self.pieces.withLockedValue { $0.append(promise) }
                        return promise.futureResult
                    },
                    whole: { _ in loop.makeSucceededFuture(.notFound) })
                return .ready(
                    CachedResponse(
                        status: .ok, contentType: "video/mp4", body: ByteBuffer(), freshness: .immutable, rest: stream))
            case 2:
                asker.callWhenGone { self.gone.withLockedValue { $0 += 1 } }
                return .later(asker.eventLoop.makePromise(of: CachedResponse.self).futureResult)
            default:
                return .ready(
                    CachedResponse(
                        status: .ok, contentType: "video/mp4", body: Self.body(Int(number)), freshness: .immutable))
            }
        }

        static func body(_ count: Int) -> ByteBuffer {
            var body = ByteBuffer()
            while body.readableBytes < count { body.writeBytes(block.prefix(count - body.readableBytes)) }
            return body
        }

        /// Of a length that no frame or slice has.
        private static let block = (0..<40_009).map { UInt8(truncatingIfNeeded: $0 % 251) }
    }

    private static func path(_ number: Int) -> String { "/news/ll/720p/0123456789ab/\(number).m4s" }

    private let content = Content()
    private let metrics = OriginMetrics()

    private func start(
        _ listeners: [OriginServer.Listener] = [.init(host: "127.0.0.1", port: 0)],
        idleTimeout: TimeAmount = .seconds(60)
    ) async throws -> OriginServer {
        let content = content
        var configuration = OriginServer.Configuration(listeners: listeners)
        configuration.idleTimeout = idleTimeout
        return try await OriginServer.start(
            configuration, content: { content.answer($0, $1) }, metrics: metrics, group: .singleton,
            clock: { 1_600_000_000_000 })
    }

    // MARK: HTTP/2

    @Test func streamsAreAnsweredSideBySide() async throws {
        let server = try await start()
        let client = try await HTTP2Client(port: server.port)
        // The one in front of the others never comes.
        _ = try await client.ask(Self.path(2))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in [0, 3, 1000, 65_536, 1_000_000] {
                group.addTask {
                    let answer = try await client.get(Self.path(number))
                    #expect(answer.status == "200" && answer.body == Content.body(number))
                    #expect(answer.fields["content-length"] == ["\(number)"])
                    #expect(answer.fields["connection"].isEmpty && answer.fields["transfer-encoding"].isEmpty)
                }
            }
            try await group.waitForAll()
        }
        let part = try await client.get(Self.path(1000), fields: [("range", "bytes=10-19")])
        #expect(part.status == "206" && part.body.readableBytes == 10)
        #expect(try await client.get("/nothing").status == "404")
        #expect(metrics.values.openConnections == 1)
        try await client.channel.close()
        await server.drain()
    }

    @Test func whatIsMadeWhileItIsSentComesAtOnce() async throws {
        let server = try await start()
        let client = try await HTTP2Client(port: server.port)
        let (pieces, give) = AsyncStream.makeStream(of: String.self)
        let whole = try await client.ask(Self.path(1)) { give.yield(String(buffer: $0)) }
        var came = pieces.makeAsyncIterator()
        for (index, text) in ["one", "two"].enumerated() {
            await waitUntil { content.pieces.withLockedValue { $0.count } == index + 1 }
            content.pieces.withLockedValue { $0[index] }.succeed(.bytes(ByteBuffer(string: text)))
            #expect(await came.next() == text)
        }
        await waitUntil { content.pieces.withLockedValue { $0.count } == 3 }
        content.pieces.withLockedValue { $0[2] }.succeed(.end)
        let answer = try await whole.answer.get()
        #expect(String(buffer: answer.body) == "onetwo" && answer.fields["content-length"].isEmpty)
        // What is broken off is reset: nobody takes it for the whole. The connection goes on.
        let broken = try await client.ask(Self.path(1))
        await waitUntil { content.pieces.withLockedValue { $0.count } == 4 }
        content.pieces.withLockedValue { $0[3] }.succeed(.broken)
        await #expect(throws: HTTP2Client.Reset.self) { try await broken.answer.get() }
        #expect(try await client.get(Self.path(3)).status == "200")
        #expect(metrics.values.broken == 1)
        try await client.channel.close()
        await server.drain()
    }

    @Test func aStreamThatIsResetWaitsNoMore() async throws {
        let server = try await start()
        let client = try await HTTP2Client(port: server.port)
        let waiting = try await client.ask(Self.path(2))
        await waitUntil { content.asked.withLockedValue { $0 } == 1 }
        waiting.stream.close(promise: nil)
        await waitUntil { content.gone.withLockedValue { $0 } == 1 }
        try await client.channel.close()
        await server.drain()
    }

    @Test func aDrainSaysFarewellAndFinishes() async throws {
        let server = try await start()
        let client = try await HTTP2Client(port: server.port)
        let under = try await client.ask(Self.path(1))
        await waitUntil { content.pieces.withLockedValue { $0.count } == 1 }
        async let drained: Void = server.drain()
        #expect(try await client.farewell.get() == .noError)
        content.pieces.withLockedValue { $0[0] }.succeed(.end)
        #expect(try await under.answer.get().status == "200")
        await drained
        try await client.channel.closeFuture.get()
        await waitUntil { metrics.values.openConnections == 0 }
    }

    /// A reader that opens no window holds its stream for the idle time, and no copy of the body. However slow the machine
    /// is: the answer never comes.
    @Test func aStreamThatIsNotReadIsReset() async throws {
        let server = try await start(idleTimeout: .seconds(1))
        await #expect(throws: (any Error).self) {
            let client = try await HTTP2Client(port: server.port, window: 0)
            _ = try await client.ask(Self.path(1_000_000)).answer.get()
        }
        await server.drain()
    }

    // MARK: Floods

    /// RFC 9113, clause 4.1: a frame by hand.
    private static func frame(_ type: UInt8, _ flags: UInt8, stream: UInt32, _ payload: [UInt8] = []) -> [UInt8] {
        let count = payload.count
        return [UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags]
            + (0..<4).map { UInt8(truncatingIfNeeded: stream >> (24 - 8 * $0)) } + payload
    }

    private static let opening = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, stream: 0)

    @Test func rapidResetsEndTheConnection() async throws {
        let server = try await start()
        let path = Array(Self.path(2).utf8)
        // GET, http, the path and an authority. RFC 7541, appendix A.
        let fields: [UInt8] = [0x82, 0x86, 0x04, UInt8(path.count)] + path + [0x01, 1, 0x61]
        var bytes = Self.opening
        for stream in 0..<250 {
            let stream = UInt32(2 * stream + 1)
            bytes += Self.frame(1, 5, stream: stream, fields) + Self.frame(3, 0, stream: stream, [0, 0, 0, 8])
        }
        let answer = try await RawConnection.send(ByteBuffer(bytes: bytes), port: server.port)
        // GOAWAY, ENHANCE_YOUR_CALM.
        #expect(Array(answer.readableBytesView.suffix(17).prefix(4)) == [0, 0, 8, 7])
        #expect(answer.readableBytesView.last == 11)
        let asked = content.asked.withLockedValue { $0 }
        #expect(asked <= 201)
        await waitUntil { content.gone.withLockedValue { $0 } == asked }
        await server.drain()
    }

    /// A stream that is opened, and its connection ended for a fault, in one read.
    @Test func whatAFaultEndsLeavesNothingBehind() async throws {
        let server = try await start()
        let path = Array(Self.path(2).utf8)
        let fields: [UInt8] = [0x82, 0x86, 0x04, UInt8(path.count)] + path + [0x01, 1, 0x61]
        let bytes = Self.opening + Self.frame(1, 5, stream: 1, fields) + Self.frame(0, 0, stream: 0, [1, 2, 3])
        _ = try await RawConnection.send(ByteBuffer(bytes: bytes), port: server.port)
        await waitUntil { content.asked.withLockedValue { $0 } == 1 }
        await waitUntil { content.askers.withLockedValue { $0.allSatisfy { $0.asker == nil } } }
        await server.drain()
    }

    @Test(arguments: ["continuations", "settings", "pings", "large header", "nonsense"])
    func floodsEndTheConnection(_ kind: String) async throws {
        let server = try await start()
        var bytes = Self.opening
        switch kind {
        case "continuations":
            bytes += Self.frame(1, 0, stream: 1, [0x82])
            for _ in 0..<100 { bytes += Self.frame(9, 0, stream: 1, [0x40, 1, 0x61, 1, 0x62]) }
        case "settings": for _ in 0..<1000 { bytes += Self.frame(4, 0, stream: 0) }
        case "pings": for _ in 0..<1000 { bytes += Self.frame(6, 0, stream: 0, [UInt8](repeating: 0, count: 8)) }
        case "large header":
            let field: [UInt8] = [0x00, 1, 0x61, 0x7F, 0x81, 0x3E] + [UInt8](repeating: 0x62, count: 8128)
            bytes += Self.frame(1, 0, stream: 1, field) + Self.frame(9, 0, stream: 1, field)
            bytes += Self.frame(9, 4, stream: 1, field)
        default: bytes += Self.frame(0, 0, stream: 0, [1, 2, 3])
        }
        let answer = try await RawConnection.send(ByteBuffer(bytes: bytes), port: server.port)
        // GOAWAY is said, with a reason.
        let view = Array(answer.readableBytesView)
        #expect(view.count > 17 && view.suffix(17).prefix(4) == [0, 0, 8, 7] && view.suffix(1) != [0])
        #expect(content.asked.withLockedValue { $0 } == 0)
        await server.drain()
    }

    // MARK: TLS

    private func certificate(
        _ pair: TestCertificates.Pair, _ protocols: [String] = OriginServer.protocols
    ) throws -> ServerCertificate {
        try ServerCertificate(
            .init(certificate: pair.certificate, privateKey: pair.key), section: "https", protocols: protocols,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test(.enabled(if: TestCertificates.arePossible)) func bothProtocolsOverTLSBesidePlain() async throws {
        let certificates = try TestCertificates()
        defer { try? certificates.remove() }
        let certificate = try certificate(try certificates.make("origin"))
        let server = try await start([
            .init(host: "127.0.0.1", port: 0), .init(host: "127.0.0.1", port: 0, certificate: certificate),
        ])
        let ports = server.boundPorts
        #expect(ports.plain.count == 1 && ports.secure.count == 1)
        let client = try await HTTP2Client(port: ports.secure[0], isSecure: true)
        let answer = try await client.get(Self.path(3_000_000))
        #expect(answer.body == Content.body(3_000_000))
        try await client.channel.close()
        for isSecure in [false, true] {
            let answer = try await http1(
                port: isSecure ? ports.secure[0] : ports.plain[0], isSecure: isSecure, 3_000_000)
            #expect(answer.version == (isSecure ? "http/1.1" : nil))
            let text = String(buffer: answer.bytes.getSlice(at: 0, length: 15) ?? ByteBuffer())
            #expect(text == "HTTP/1.1 200 OK")
            let end = answer.bytes.writerIndex
            #expect(answer.bytes.getSlice(at: end - 3_000_000, length: 3_000_000) == Content.body(3_000_000))
        }
        // Plain words to the secure port: closed.
        let refused = try await RawConnection.send(ByteBuffer(string: "GET / HTTP/1.1\r\n\r\n"), port: ports.secure[0])
        #expect(!String(buffer: refused).contains("HTTP/1.1"))
        await server.drain()
    }

    /// What ALPN agreed on, and the whole answer.
    private func http1(
        port: Int, isSecure: Bool, _ number: Int
    ) async throws -> (version: String?, bytes: ByteBuffer) {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let all = loop.makePromise(of: ByteBuffer.self)
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.applicationProtocols = ["http/1.1"]
        let context = try NIOSSLContext(configuration: configuration)
        let agreed = NIOLockedValueBox<String?>(nil)
        let client = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if isSecure {
                        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
                    }
                    try pipeline.addHandler(RawConnection.UntilClosed(all, agreed))
                }
            }.connect(host: "127.0.0.1", port: port).get()
        let request = "GET \(Self.path(number)) HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n"
        try await client.writeAndFlush(ByteBuffer(string: request))
        let bytes = try await all.futureResult.get()
        return (agreed.withLockedValue { $0 }, bytes)
    }

    @Test(.enabled(if: TestCertificates.arePossible)) func aCertificateIsReadAnewWhenItsFileChanges() throws {
        let certificates = try TestCertificates()
        defer { try? certificates.remove() }
        let pair = try certificates.make("origin")
        let certificate = try certificate(pair)
        let first = certificate.context
        #expect(certificate.context === first)
        let next = try certificates.make("next")
        try FileManager.default.removeItem(atPath: pair.key)
        try FileManager.default.moveItem(atPath: next.key, toPath: pair.key)
        #expect(certificate.context === first, "a key that is not the certificate's leaves the one before in effect")
        try FileManager.default.removeItem(atPath: pair.certificate)
        try FileManager.default.moveItem(atPath: next.certificate, toPath: pair.certificate)
        #expect(certificate.context !== first)
    }

    /// Until it is so; the suite's time limit bounds it.
    private func waitUntil(_ isSo: () -> Bool) async { while !isSo() { await Task.yield() } }
}
