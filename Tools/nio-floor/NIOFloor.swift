import Foundation
import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL
import NIOTLS

/// The least that an origin on SwiftNIO's own codecs can cost: `nio-floor FILE [CERTIFICATE KEY]` answers every request by
/// the bytes of FILE, with a head that was made ahead, over HTTP/1.1 or, where the client wants it over TLS, HTTP/2.
///
/// FLOOR_LOOPS is its number of event loops (1); with FLOOR_REUSEPORT=1 each of them has a listener of its own; with
/// FLOOR_SENDFILE=1 a large body leaves from the file, where there is one event loop and no TLS. It looks
/// nothing up, checks nothing, counts nothing, and closes only where it is asked to. `Tools/bench/origin` has it beside Sluice and
/// nginx: what is between the floor and Sluice is ours, what is below it is SwiftNIO's and the kernel's.
@main
enum NIOFloor {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard [1, 3].contains(arguments.count) else {
            print("usage: nio-floor FILE [CERTIFICATE KEY]")
            return
        }
        let answer = Answer(ByteBuffer(bytes: try Data(contentsOf: URL(fileURLWithPath: arguments[0]))))
        let count = getenv("FLOOR_LOOPS").flatMap { Int(String(cString: $0)) } ?? 1
        let group = MultiThreadedEventLoopGroup(numberOfThreads: count)
        var plain = answer
        if getenv("FLOOR_SENDFILE") != nil, count == 1, !answer.isWhole {
            let handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: open(arguments[0], O_RDONLY | O_CLOEXEC))
            plain.region = FileRegion(fileHandle: handle, readerIndex: 0, endIndex: answer.body.readableBytes)
        }
        var ports = [try await listen(group, plain, nil)]
        if arguments.count == 3 {
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(arguments[1]).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: arguments[2], format: .pem)))
            configuration.applicationProtocols = ["h2", "http/1.1"]
            ports.append(try await listen(group, answer, NIOSSLContext(configuration: configuration)))
        }
        print(#"{"event":"listening","ports":\#(ports.map { $0.localAddress?.port ?? 0 })}"#)
        fflush(nil)
        try await ports[0].closeFuture.get()
    }

    private static func listen(
        _ group: MultiThreadedEventLoopGroup, _ answer: Answer, _ tls: NIOSSLContext?
    ) async throws -> any Channel {
        let isShared = getenv("FLOOR_REUSEPORT") != nil
        let first = try await bootstrap(isShared ? group.next() : group, isShared, answer, tls)
            .bind(host: "127.0.0.1", port: 0).get()
        for loop in isShared ? Array(group.makeIterator()).dropFirst() : [] {
            _ = try await bootstrap(loop, isShared, answer, tls)
                .bind(host: "127.0.0.1", port: first.localAddress?.port ?? 0).get()
        }
        return first
    }

    private static func bootstrap(
        _ group: any EventLoopGroup, _ isShared: Bool, _ answer: Answer, _ tls: NIOSSLContext?
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(
                ChannelOptions.Types.SocketOption(level: .socket, name: .init(rawValue: SO_REUSEPORT)),
                value: isShared ? 1 : 0
            )
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    guard let tls else { return try pipeline.addHTTP1(answer) }
                    try pipeline.addHandler(NIOSSLServerHandler(context: tls))
                    try pipeline.addHandler(
                        ApplicationProtocolNegotiationHandler { result, channel in
                            channel.eventLoop.makeCompletedFuture {
                                let pipeline = channel.pipeline.syncOperations
                                if case .negotiated("h2") = result {
                                    try pipeline.addHTTP2(answer, on: channel)
                                } else {
                                    try pipeline.addHTTP1(answer)
                                }
                            }
                        })
                }
            }
    }
}

/// What is sent, made ahead.
struct Answer: Sendable {
    let body: ByteBuffer
    let head: ByteBuffer
    let headers: HPACKHeaders
    /// The body, where it is to be sent from the file.
    var region: FileRegion?

    init(_ body: ByteBuffer) {
        self.body = body
        let fields = [("server", "floor"), ("content-type", "video/mp4"), ("cache-control", "max-age=1")]
        let length = ("content-length", String(body.readableBytes))
        headers = HPACKHeaders([(":status", "200")] + fields + [length])
        let lines = (fields + [length]).map { "\($0): \($1)\r\n" }.joined()
        var head = ByteBuffer(string: "HTTP/1.1 200 OK\r\n\(lines)\r\n")
        // One write where it is small, as Sluice does it.
        if body.readableBytes <= 8 << 10 { head.writeImmutableBuffer(body) }
        self.head = head
    }

    var isWhole: Bool { body.readableBytes <= 8 << 10 }
}

extension ChannelPipeline.SynchronousOperations {
    fileprivate func addHTTP1(_ answer: Answer) throws {
        try addHandler(ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
        try addHandler(HTTP1Handler(answer))
    }

    fileprivate func addHTTP2(_ answer: Answer, on channel: any Channel) throws {
        try addHandler(
            NIOHTTP2Handler(
                mode: .server, eventLoop: channel.eventLoop, connectionConfiguration: .init(),
                streamConfiguration: .init()
            ) { stream in
                stream.eventLoop.makeCompletedFuture {
                    try stream.pipeline.syncOperations.addHandler(HTTP2Handler(answer))
                }
            })
    }
}

private final class HTTP1Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer
    private let answer: Answer
    private var isLast = false

    init(_ answer: Answer) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): isLast = !head.isKeepAlive
        case .body: break
        case .end: send(context)
        }
    }

    private var body: NIOAny { answer.region.map { NIOAny($0) } ?? NIOAny(answer.body) }

    private func send(_ context: ChannelHandlerContext) {
        if isLast {
            context.write(wrapOutboundOut(answer.head), promise: nil)
            if !answer.isWhole { context.write(body, promise: nil) }
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            return context.writeAndFlush(wrapOutboundOut(ByteBuffer()))
                .whenComplete { _ in bound.value.close(promise: nil) }
        }
        if answer.isWhole { return context.writeAndFlush(wrapOutboundOut(answer.head), promise: nil) }
        context.write(wrapOutboundOut(answer.head), promise: nil)
        context.writeAndFlush(body, promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

private final class HTTP2Handler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload
    private let answer: Answer

    init(_ answer: Answer) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .headers(let request) = unwrapInboundIn(data), request.endStream else { return }
        context.write(wrapOutboundOut(.headers(.init(headers: answer.headers))), promise: nil)
        context.writeAndFlush(
            wrapOutboundOut(.data(.init(data: .byteBuffer(answer.body), endStream: true))), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
