import Access
import Foundation
import Live
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Settings
import Testing
import ViewerTokens

@testable import Origin

/// Requests that an `AccessGate` looks at: nobody is given what was made for somebody else who may have it.
@Suite struct AccessTests {
    private static let secret = "0123456789abcdef0123456789abcdef"
    private static let rules = "{ tokens: { keys: [{ secret: \(secret) }] } }"

    private final class Desk: Sendable {
        let access = AccessDesk { _ in }
        let revision = ContentRevision()
        let asked = NIOLockedValueBox<[ResourcePath]>([])
        let metrics = OriginMetrics()

        init(_ rules: String) throws {
            let text = """
                channel: news
                ingest: { streamKeys: { primary: key } }
                video: [{ name: high, codec: copy }]
                audio: []
                access: \(rules)
                endpoints: [{ id: hls, package: hls }]
                """
            let (profile, diagnostics) = ChannelProfile.load(text: text, file: "p", environment: [:])
            #expect(try access.set(try #require(profile, "\(diagnostics)").access, of: "news"))
        }

        func channel(_ wire: RequestHandler.Wire = .http1) throws -> EmbeddedChannel {
            let channel = EmbeddedChannel()
            // As those that were accepted, it has its peer's address before any handler looks.
            try channel.connect(to: SocketAddress(ipAddress: "192.0.2.7", port: 1)).wait()
            let stamp = revision.advance()
            let handler = RequestHandler(
                wire: wire,
                content: { path, _ in
                    self.asked.withLockedValue { $0.append(path) }
                    var response = CachedResponse(
                        status: .ok, contentType: "video/mp4", body: ByteBuffer(string: "media"), freshness: .seconds(1)
                    )
                    response.stamp = stamp
                    return .ready(response)
                }, metrics: metrics, clock: { 1_000_000 }, gate: AccessGate(access))
            if wire == .http1 {
                try channel.pipeline.syncOperations.addHandler(
                    ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
            }
            try channel.pipeline.syncOperations.addHandler(handler)
            return channel
        }

        func ask(
            _ target: String, _ channel: EmbeddedChannel, method: String = "GET", fields: String = "Host: a\r\n"
        ) throws -> String {
            try channel.writeInbound(ByteBuffer(string: "\(method) \(target) HTTP/1.1\r\n\(fields)\r\n"))
            var text = ""
            while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
            return text
        }
    }

    private static func token(expires: Int64 = 2000) throws -> String {
        let secret = try #require(TokenSecret(Array(Self.secret.utf8)))
        return TokenClaims(content: "news", expires: expires).webToken(signedBy: secret)
    }

    @Test func whatIsKnownIsNotForAll() throws {
        let desk = try Desk(Self.rules)
        let channel = try desk.channel()
        let token = try Self.token()
        let file = "high/playlist.m3u8"
        for _ in 0..<2 {
            #expect(try desk.ask("/news/hls/~\(token)/\(file)", channel).hasSuffix("\r\n\r\nmedia"))
            for target in [
                "/news/hls/\(file)", "/news/hls/~\(try Self.token(expires: 999))/\(file)", "/news/hls/~x/\(file)",
            ] {
                let answer = try desk.ask(target, channel)
                #expect(answer.hasPrefix("HTTP/1.1 403 Forbidden\r\n") && answer.hasSuffix("\r\n\r\nforbidden\n"))
                #expect(answer.contains("cache-control: no-store\r\n") && !answer.contains("etag"))
            }
        }
        // Of two viewers one made it, the other had what was kept.
        #expect(try desk.ask("/news/hls/~\(try Self.token(expires: 1001))/\(file)", channel).hasSuffix("media"))
        #expect(desk.asked.withLockedValue { $0 }.count == 1)
        #expect(desk.access.refusals == [.tokenMissing: 2, .tokenExpired: 2, .tokenMalformed: 2])
        _ = desk.access.change { $0.add(.init(kind: .subject, id: "nobody")) }
        #expect(try desk.ask("/news/hls/~\(token)/\(file)", channel).hasSuffix("media"))
    }

    @Test func everyReasonHasTheSameAnswer() throws {
        let desk = try Desk(
            "{ cdn: { secrets: cdn-secret }, deny: [192.0.3.0/24], tokens: { keys: [{ secret: \(Self.secret) }] } }")
        let channel = try desk.channel()
        let cdn = "Host: a\r\nX-MediaPackage-CDNIdentifier: cdn-secret\r\n"
        let token = try Self.token()
        let answers = try [
            ("/news/hls/a", "Host: a\r\n"), ("/news/hls/a", cdn + "x-mediapackage-cdnidentifier: cdn-secret\r\n"),
            ("/news/hls/a", "Host: a\r\nX-MediaPackage-CDNIdentifier: x\r\n"), ("/news/hls/a", cdn),
            ("/news/hls/~a/a", cdn), ("/news/hls/~\(token)a/a", cdn),
            ("/news/hls/~\(try Self.token(expires: 1))/a", cdn),
            ("/news/nothing/~a/b/c/d/e/f", cdn), ("/news", cdn),
        ].map { try desk.ask($0.0, channel, fields: $0.1) }
        #expect(Set(answers).count == 1 && answers[0].hasPrefix("HTTP/1.1 403"))
        #expect(desk.access.refusals.count == 6)
        #expect(try desk.ask("/news/hls/~\(token)/high/playlist.m3u8", channel, fields: cdn).hasSuffix("media"))
    }

    @Test func manifestsAreRedirectedIntoThePath() throws {
        let desk = try Desk(Self.rules)
        let token = try Self.token()
        let answer = try desk.ask("/news/hls/index.m3u8?token=\(token)&start=5", try desk.channel())
        #expect(answer.hasPrefix("HTTP/1.1 302 Found\r\n"))
        #expect(answer.contains("\r\nlocation: ~\(token)/index.m3u8?start=5\r\n"))
        #expect(answer.contains("cache-control: no-store\r\n") && answer.contains("access-control-allow-origin: *\r\n"))
        #expect(desk.asked.withLockedValue { $0 }.isEmpty)
    }

    @Test func onlyMethodsThatGiveNothingAreOpen() throws {
        let desk = try Desk(Self.rules)
        #expect(try desk.ask("/news/hls/a", desk.channel(), method: "OPTIONS").hasPrefix("HTTP/1.1 204"))
        #expect(try desk.ask("/news/hls/a", desk.channel(), method: "POST").hasPrefix("HTTP/1.1 405"))
        let head = try desk.ask("/news/hls/index.m3u8", desk.channel(), method: "HEAD")
        #expect(head.hasPrefix("HTTP/1.1 403") && head.hasSuffix("\r\n\r\n"))
    }

    /// What cannot be a request is answered as such, and nothing behind it is read, whoever sent it.
    @Test func malformedRequestsAreThatFirst() throws {
        let desk = try Desk(Self.rules)
        for fields in ["", "Host: a\r\nHost: b\r\n"] {
            #expect(try desk.ask("/news/hls/a", desk.channel(), fields: fields).hasPrefix("HTTP/1.1 400"))
        }
        let upgrade = try desk.ask(
            "/news/hls/a", desk.channel(), fields: "Host: a\r\nConnection: upgrade\r\nUpgrade: x\r\n")
        #expect(upgrade.hasPrefix("HTTP/1.1 403") && upgrade.contains("connection: close"))
    }

    @Test func streamsOfHTTP2AreLookedAtToo() throws {
        let desk = try Desk(Self.rules)
        func status(_ target: String) throws -> HTTPResponseStatus? {
            let channel = try desk.channel(.http2)
            try channel.writeInbound(HTTPServerRequestPart.head(.init(version: .http2, method: .GET, uri: target)))
            try channel.writeInbound(HTTPServerRequestPart.end(nil))
            guard case .head(let head)? = try channel.readOutbound(as: HTTPServerResponsePart.self) else { return nil }
            return head.status
        }
        #expect(try status("/news/hls/high/playlist.m3u8") == .forbidden)
        #expect(try status("/news/hls/~\(try Self.token())/high/playlist.m3u8") == .ok)
    }

    /// However it is spelt: what comes to the content without a token is never of a channel that is kept.
    @Test(arguments: [
        "/news/hls/index.m3u8", "//news/hls/index.m3u8", "http://a/news/hls/index.m3u8", "HTTP://a/news/hls/index.m3u8",
        "https://news/hls/news/hls/index.m3u8", "http:///news/hls/index.m3u8", "/news/hls/index.m3u8?token=",
        "/news/hls/index.m3u8#~a", "/news/hls//index.m3u8", "/./news/hls/index.m3u8", "/x/../news/hls/index.m3u8",
        "/%6eews/hls/index.m3u8", "/news%2fhls/index.m3u8", "/NEWS/hls/index.m3u8", "/news;a/hls/index.m3u8",
        "/~a/news/hls/index.m3u8", "/news/~a/hls/index.m3u8", "/?/news/hls/index.m3u8", "/news/hls?/index.m3u8",
        "/n\u{0}ews/hls/index.m3u8", "/news\u{301}/hls/index.m3u8", "/news/\u{301}hls/index.m3u8",
        "news/hls/index.m3u8",
        "http://a?/news/hls/index.m3u8", "http://a#/news/hls/index.m3u8", "/news/hls/~/index.m3u8",
    ])
    func thereIsNoWayAround(_ target: String) throws {
        let desk = try Desk(Self.rules)
        let gate = AccessGate(desk.access)
        let passage = gate.passage(to: target, now: 1000, address: { nil }, field: { _ in .absent })
        switch passage {
        case .open: #expect(ResourcePath(parsing: target).map { $0.channel != "news" } ?? true)
        case .refused: break
        case .admitted, .redirected: Issue.record("\(passage)")
        }
    }
}
