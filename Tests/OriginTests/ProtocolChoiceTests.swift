import NIOCore
import NIOEmbedded
import Testing

@testable import Origin

@Suite struct ProtocolChoiceTests {
    /// What was chosen and what came through, after these reads.
    private static func choose(_ reads: [String]) throws -> (isHTTP2: Bool?, text: String) {
        let channel = EmbeddedChannel()
        var chosen: Bool?
        try channel.pipeline.syncOperations.addHandler(ProtocolChoice { isHTTP2, _ in chosen = isHTTP2 })
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        for read in reads { try channel.writeInbound(ByteBuffer(string: read)) }
        var text = ""
        while let bytes = try channel.readInbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        return (chosen, text)
    }

    private static let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    @Test func thePrefaceIsHTTP2() throws {
        let whole = try Self.choose([Self.preface + "frames", "more"])
        #expect(whole.isHTTP2 == true && whole.text == Self.preface + "framesmore")
        let bytes = try Self.choose(Self.preface.map { "\($0)" })
        #expect(bytes.isHTTP2 == true && bytes.text.utf8.count == 24)
    }

    @Test func anythingElseIsHTTP1() throws {
        let request = "GET / HTTP/1.1\r\n\r\n"
        let whole = try Self.choose([request])
        #expect(whole.isHTTP2 == false && whole.text == request)
        let nearly = try Self.choose(["PRI * HTTP/2.0\r\n", "\r\nSX"])
        #expect(nearly.isHTTP2 == false && nearly.text == "PRI * HTTP/2.0\r\n\r\nSX")
    }

    @Test func lessThanThePrefaceWaits() throws {
        let half = try Self.choose([String(Self.preface.dropLast())])
        #expect(half.isHTTP2 == nil && half.text == "")
    }

    @Test func aDrainEndsWhoHasAskedNothing() throws {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(ProtocolChoice { _, _ in })
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(!channel.isActive)
    }
}
