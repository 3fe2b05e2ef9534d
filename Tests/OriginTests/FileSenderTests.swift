import Glibc
import LoopbackServer
import LoopbackSocket
import MediaMemory
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOPosix
import TestSupport
import Testing

@testable import Live
@testable import Origin

/// Media that is sent again and again leaves from a file, and is the same bytes.
@Suite(.timeLimit(.minutes(5))) struct FileSenderTests {
    private static let size = 700_001
    private static let path = "/news/cmaf/720p/0123456789ab/7.m4s"

    private static func response(_ media: MediaBytes, _ revision: ContentRevision?) -> CachedResponse {
        var response = CachedResponse(
            status: .ok, contentType: "video/mp4", body: ByteBuffer(lending: media), entityTag: "7",
            freshness: .immutable)
        response.media = media
        response.stamp = revision?.advance()
        return response
    }

    private static func media() -> MediaBytes {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 % 251) }
        return MediaBytes(copying: bytes.span)
    }

    private static func channel(
        _ media: MediaBytes, _ revision: ContentRevision?, _ file: SendingFile
    ) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        let response = response(media, revision)
        let handler = RequestHandler(
            wire: .http1, content: { _, _ in .ready(response) }, metrics: OriginMetrics(), clock: { 1000 },
            files: FileSender(file))
        try channel.pipeline.syncOperations.addHandlers(
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)), handler)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    /// Lengths of what is written: bytes, or of a file.
    private static func written(_ channel: EmbeddedChannel) throws -> [(isFile: Bool, count: Int)] {
        var all: [(Bool, Int)] = []
        while let data = try channel.readOutbound(as: IOData.self) {
            switch data {
            case .byteBuffer(let bytes): if bytes.readableBytes > 0 { all.append((false, bytes.readableBytes)) }
            case .fileRegion(let region): all.append((true, region.readableBytes))
            }
        }
        return all
    }

    private static func ask(_ channel: EmbeddedChannel, _ method: String = "GET", _ fields: String = "") throws
        -> [(isFile: Bool, count: Int)]
    {
        try channel.writeInbound(ByteBuffer(string: "\(method) \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"))
        return try written(channel)
    }

    /// Among small answers kept as bytes, and the long way.
    @Test(arguments: [true, false]) func fromMemoryUntilThereIsACopy(isHot: Bool) throws {
        let media = Self.media()
        let file = try #require(SendingFile(maximumBytes: 8 << 20))
        let channel = try Self.channel(media, isHot ? ContentRevision() : nil, file)
        for _ in 0..<3 {
            let written = try Self.ask(channel)
            #expect(written.count == 2 && !written.contains { $0.isFile } && written[1].count == Self.size)
        }
        media.makeSendingCopy(in: file)
        for _ in 0..<3 {
            let written = try Self.ask(channel)
            #expect(written.map(\.isFile) == [false, true])
            #expect(written.dropFirst().reduce(0) { $0 + $1.count } == Self.size)
        }
        // Those who want no body, or some of it.
        #expect(try Self.ask(channel, "HEAD").map(\.isFile) == [false])
        #expect(try Self.ask(channel, "GET", "If-None-Match: \"7\"\r\n").map(\.isFile) == [false])
        let part = try Self.ask(channel, "GET", "Range: bytes=1-299999\r\n")
        #expect(!part.contains { $0.isFile } && part.last?.count == 299_999)
    }

    /// More than sockets hold waits still when the server ends.
    @Test(arguments: [true, false]) func aDrainLetsWhatIsLeavingLeave(isFile: Bool) async throws {
        let size = 24 << 20
        let media = MediaBytes(copying: [UInt8](repeating: 7, count: size).span)
        let response = Self.response(media, nil)
        var configuration = OriginServer.Configuration(host: "127.0.0.1", port: 0)
        configuration.sendingFileBytes = isFile ? 256 << 20 : 0
        // Who reads nothing until the drain has begun waits for that on a busy machine.
        configuration.idleTimeout = .hours(1)
        let server = try await OriginServer.start(
            configuration, content: { _, _ in .ready(response) }, metrics: OriginMetrics(), group: .singleton,
            clock: { 1000 })
        if isFile {
            // Whoever asks so often is sent a copy.
            repeat {
                _ = try await RawConnection.send(
                    ByteBuffer(string: "GET \(Self.path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                    port: server.port)
            } while media.sendingCopy == nil
        }
        let port = UInt16(server.port)
        let (received, drained) = try await onOwnThread { () throws -> ([UInt8], Task<Void, Never>) in
            let reader = try #require(LoopbackSocket.connect(port: port))
            defer { close(reader) }
            let request = Array("GET \(Self.path) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            #expect(send(reader, request, request.count, 0) == request.count)
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            var received = [UInt8](piece[..<recv(reader, &piece, 1, 0)])
            let drained = Task { await server.drain() }
            // As long as something is under way nobody is taken any more, which shows that it has begun.
            while let other = LoopbackSocket.connect(port: port) {
                close(other)
                usleep(1000)  // why: connections that nobody takes yet would fill the queue of the socket
            }
            while case let count = recv(reader, &piece, piece.count, 0), count > 0 { received += piece[..<count] }
            return (received, drained)
        }
        await drained.value
        let head = try #require(received.prefix(1024).firstRange(of: Array("\r\n\r\n".utf8))?.upperBound)
        #expect(received.count - head == size)
    }

    @Test(arguments: [true, false]) func whoeverReadsGetsTheSameBytes(isHot: Bool) async throws {
        let media = Self.media()
        let response = Self.response(media, isHot ? ContentRevision() : nil)
        var configuration = OriginServer.Configuration(host: "127.0.0.1", port: 0)
        configuration.sendingFileBytes = 8 << 20
        let server = try await OriginServer.start(
            configuration, content: { _, _ in .ready(response) }, metrics: OriginMetrics(), group: .singleton,
            clock: { 1000 })
        var hasCopy = false
        // Of each connection the last is asked for to be the last.
        repeat {
            hasCopy = media.sendingCopy != nil
            let request = "GET \(Self.path) HTTP/1.1\r\nHost: a\r\n"
            let requests = String(repeating: request + "\r\n", count: 9) + request + "Connection: close\r\n\r\n"
            var all = try await RawConnection.send(ByteBuffer(string: requests), port: server.port)
            for _ in 0..<10 {
                let end = try #require(all.readableBytesView.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound)
                all.moveReaderIndex(to: end)
                let body = all.readSlice(length: Self.size)
                #expect(body?.readableBytesView.elementsEqual(media.array) == true)
            }
            #expect(all.readableBytes == 0)
        } while !hasCopy
        #expect(server.sendingFileBytes >= Self.size)
        await server.drain()
    }
}
