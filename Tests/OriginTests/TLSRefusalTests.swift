import Foundation
import Logging
import LoopbackServer
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import ServerTLS
import Settings
import Testing

@testable import Origin

/// Handshakes that come to nothing, by the alert that each is told, and those that look as if they should not. RFC 5246,
/// clause 7.2; RFC 8446, clause 6.
@Suite(.timeLimit(.minutes(5)), .enabled(if: TestCertificates.arePossible)) struct TLSRefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let lowest: TLSVersion
        let highest: TLSVersion
        var ciphers: String?
        var name: String?
        var protocols = ["http/1.1"]
        /// Level and description; nil: it is answered.
        let alert: [UInt8]?
    }

    static let cases = [
        Case(testDescription: "TLS 1.0", lowest: .tlsv1, highest: .tlsv1, alert: [2, 70]),
        Case(testDescription: "TLS 1.1", lowest: .tlsv1, highest: .tlsv11, alert: [2, 70]),
        Case(testDescription: "TLS 1.2", lowest: .tlsv12, highest: .tlsv12, alert: nil),
        Case(testDescription: "TLS 1.3", lowest: .tlsv13, highest: .tlsv13, alert: nil),
        Case(
            testDescription: "no cipher for a certificate of RSA", lowest: .tlsv12, highest: .tlsv12,
            ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256", alert: [2, 40]),
        // There is one certificate: whether it is whom it wants is the client's to say.
        Case(
            testDescription: "another name", lowest: .tlsv12, highest: .tlsv13, name: "nobody.example", alert: nil),
        // What is spoken is told by the first bytes.
        Case(
            testDescription: "protocols that are not spoken", lowest: .tlsv12, highest: .tlsv13, protocols: ["spdy/3"],
            alert: nil),
    ]

    @Test(arguments: cases) func isToldWhy(_ one: Case) async throws {
        let certificates = try TestCertificates()
        defer { try? certificates.remove() }
        let pair = try certificates.make("origin")
        let certificate = try ServerCertificate(
            .init(certificate: pair.certificate, privateKey: pair.key), section: "https",
            protocols: OriginServer.protocols, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let metrics = OriginMetrics()
        let server = try await OriginServer.start(
            .init(listeners: [.init(host: "127.0.0.1", port: 0, certificate: certificate)]),
            content: { _, _ in .ready(.notFound) }, metrics: metrics, group: .singleton,
            clock: { 1_600_000_000_000 })
        let (answer, alert) = try await ask(one, port: server.port)
        #expect(alert == one.alert)
        #expect(answer.hasPrefix("HTTP/1.1 404 Not Found\r\n") == (one.alert == nil))
        // Who was refused has left nothing behind.
        while metrics.values.openConnections > 0 { await Task.yield() }
        await server.drain()
    }

    /// The whole answer, and the last alert that came in the clear.
    private func ask(_ one: Case, port: Int) async throws -> (answer: String, alert: [UInt8]?) {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let all = loop.makePromise(of: ByteBuffer.self)
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.minimumTLSVersion = one.lowest
        configuration.maximumTLSVersion = one.highest
        configuration.applicationProtocols = one.protocols
        if let ciphers = one.ciphers { configuration.cipherSuites = ciphers }
        let context = try NIOSSLContext(configuration: configuration)
        let alert = NIOLockedValueBox<[UInt8]?>(nil)
        let client = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(AlertReader(alert))
                    try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: one.name))
                    try pipeline.addHandler(RawConnection.UntilClosed(all))
                }
            }.connect(host: "127.0.0.1", port: port).get()
        client.writeAndFlush(
            ByteBuffer(string: "GET / HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n"), promise: nil)
        return (String(buffer: try await all.futureResult.get()), alert.withLockedValue { $0 })
    }

    /// Sees what came from the network: the first record, where it is an alert. RFC 5246, clause 6.2.1.
    private final class AlertReader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let alert: NIOLockedValueBox<[UInt8]?>

        init(_ alert: NIOLockedValueBox<[UInt8]?>) { self.alert = alert }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let view = unwrapInboundIn(data).readableBytesView
            if view.count == 7, view.first == 21 { alert.withLockedValue { $0 = Array(view.suffix(2)) } }
            context.fireChannelRead(data)
        }
    }
}
