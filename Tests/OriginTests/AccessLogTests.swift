import Access
import Files
import Foundation
import Live
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Settings
import TestSupport
import Testing
import ViewerTokens

@testable import Origin

/// The access log, from requests to lines.
@Suite struct AccessLogTests {
    /// A log in a folder of its own, which is written when the test says so.
    private final class Desk: Sendable {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        let path: String
        let log: AccessLog
        let said = NIOLockedValueBox<[String]>([])
        let revision = ContentRevision()
        let access = AccessDesk { _ in }
        let later = NIOLockedValueBox<EventLoopPromise<CachedResponse>?>(nil)

        init(_ format: DaemonConfiguration.AccessLog.Format = .json, maximumBytes: Int = 1 << 20) throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            path = folder.appendingPathComponent("access.log").path
            let said = said
            log = try AccessLog(path: path, format: format, maximumBytes: maximumBytes, delay: .never) { text in
                said.withLockedValue { $0.append(text) }
            }
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func answer(_ path: ResourcePath, _ asker: Asker) -> OriginAnswer {
            let ok = CachedResponse(
                status: .ok, contentType: "video/mp4", body: ByteBuffer(string: "media"), freshness: .seconds(1))
            switch path.resource {
            case .mediaPlaylist:
                var response = ok
                response.stamp = revision.advance()
                return .ready(response)
            case .segment(_, _, 1, _):
                let promise = asker.eventLoop.makePromise(of: CachedResponse.self)
                later.withLockedValue { $0 = promise }
                return .later(promise.futureResult)
            case .segment(_, _, 2, _):
                var response = ok
                response.body = ByteBuffer(repeating: 7, count: 100_000)
                return .ready(response)
            case .segment(_, _, 3, _):
                let steps: [ResponseStream.Step] = [.bytes(ByteBuffer(string: "one")), .broken]
                var response = ok
                let loop = asker.eventLoop
                response.rest = ResponseStream(
                    next: { index, _ in loop.makeSucceededFuture(steps[index]) },
                    whole: { _ in loop.makeSucceededFuture(.notFound) })
                return .ready(response)
            case .segment: return .ready(ok)
            default: return .ready(.notFound)
            }
        }

        func channel(_ wire: RequestHandler.Wire = .http1) throws -> EmbeddedChannel {
            let channel = EmbeddedChannel()
            try channel.connect(to: SocketAddress(ipAddress: "192.0.2.7", port: 1)).wait()
            let handler = RequestHandler(
                wire: wire, content: { self.answer($0, $1) }, metrics: OriginMetrics(), clock: { 1_000_000 },
                gate: AccessGate(access), log: log)
            if wire == .http1 {
                try channel.pipeline.syncOperations.addHandler(
                    ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
            }
            try channel.pipeline.syncOperations.addHandler(handler)
            return channel
        }

        /// - Returns: the answer.
        @discardableResult
        func ask(_ target: String, _ channel: EmbeddedChannel? = nil, _ fields: String = "") throws -> String {
            let channel = try channel ?? self.channel()
            try channel.writeInbound(ByteBuffer(string: "GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"))
            var text = ""
            while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
            return text
        }

        func lines() throws -> [String] {
            log.finish(atMost: 60_000)
            return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
        }

        func object() throws -> [String: Any] {
            let line = try #require(try lines().last)
            return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    private static let media = "/news/hls/720p/0123456789ab"

    @Test func aRequestIsALine() throws {
        let desk = try Desk()
        try desk.ask(
            "\(Self.media)/9.m4s?_HLS_msn=5&secret=x", nil,
            "User-Agent: p/1.0\r\nReferer: https://site.example/watch?user=1\r\nX-Request-ID: r-1\r\nCMCD-Status: bs\r\n"
        )
        let line = try #require(try desk.lines().first)
        let expected = #"""
            ","address":"192.0.2.7","method":"GET","path":"/news/hls/720p/0123456789ab/9.m4s",
            "query":"_HLS_msn=5&(hidden)","channel":"news","endpoint":"hls","protocol":"HTTP/1.1","status":200,"bytes":5,
            "durationMilliseconds":
            """#.replacingOccurrences(of: "\n", with: "")
        #expect(line.hasPrefix(#"{"time":"2"#) && line.contains(expected))
        let rest = #"""
            ,"cache":"cached","userAgent":"p/1.0","referer":"https://site.example/watch","requestId":"r-1","cmcd":{"bs":true}}
            """#
        #expect(line.hasSuffix(rest))
        #expect(desk.log.counters.lines == 1)
    }

    @Test func theCombinedFormatIsApaches() throws {
        let desk = try Desk(.combined)
        try desk.ask("\(Self.media)/9.m4s", nil, "User-Agent: a \"b\" \\\r\n")
        try desk.ask("/nothing")
        let lines = try desk.lines()
        let time = #/^192\.0\.2\.7 - - \[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d \+0000\] /#
        #expect(lines.count == 2 && lines.allSatisfy { $0.firstMatch(of: time) != nil })
        #expect(lines[0].hasSuffix(#"] "GET /news/hls/720p/0123456789ab/9.m4s HTTP/1.1" 200 5 "-" "a \x22b\x22 \x5c""#))
        #expect(lines[1].hasSuffix(#"] "GET /nothing HTTP/1.1" 404 10 "-" "-""#))
    }

    @Test func itSaysWhereAnAnswerWasFrom() throws {
        let desk = try Desk()
        let channel = try desk.channel()
        try desk.ask("/news/hls/720p/playlist.m3u8", channel)
        #expect(try desk.object()["cache"] as? String == "cached")
        // What a player says of itself makes nothing another thing.
        try desk.ask("/news/hls/720p/playlist.m3u8?CMCD=bl%3D21300%2Csid%3D%22a%22", channel)
        let hot = try desk.object()
        #expect(hot["cache"] as? String == "hot" && hot["bytes"] as? Int == 5 && hot["query"] == nil)
        #expect(try desk.lines().last?.hasSuffix(#","cmcd":{"bl":21300,"sid":"a"}}"#) == true)
        try desk.ask("\(Self.media)/1.m4s", channel)
        desk.later.withLockedValue { $0 }?.succeed(.text(.ok, "made", freshness: .noStore))
        #expect(try desk.object()["cache"] as? String == "made")
        try desk.ask("/nothing", channel)
        let nothing = try desk.object()
        #expect(nothing["cache"] == nil && nothing["status"] as? Int == 404)
    }

    @Test func whoLeavesIsLoggedToo() throws {
        let desk = try Desk()
        let channel = try desk.channel()
        try desk.ask("\(Self.media)/1.m4s", channel)
        #expect(try desk.lines().isEmpty)
        try channel.close().wait()
        let left = try desk.object()
        #expect(left["status"] as? Int == 499 && left["complete"] as? Bool == false && left["bytes"] as? Int == 0)
        try desk.ask("\(Self.media)/3.m4s")
        let broken = try desk.object()
        #expect(broken["status"] as? Int == 200 && broken["complete"] as? Bool == false && broken["bytes"] as? Int == 3)
        #expect(try desk.lines().count == 2)
    }

    @Test func largeAnswersAreLoggedWhenTheyHaveLeft() throws {
        let desk = try Desk()
        let channel = try desk.channel()
        try desk.ask("\(Self.media)/2.m4s", channel)
        let whole = try desk.object()
        #expect(whole["bytes"] as? Int == 100_000 && whole["complete"] == nil)
        /// A socket whose peer reads nothing.
        final class Held: ChannelOutboundHandler {
            typealias OutboundIn = ByteBuffer
            var promises: [EventLoopPromise<Void>] = []
            func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
                if let promise { promises.append(promise) }
            }
        }
        let held = Held()
        try channel.pipeline.syncOperations.addHandler(held, position: .first)
        try desk.ask("\(Self.media)/2.m4s", channel)
        #expect(try desk.lines().count == 1)
        for promise in held.promises { promise.fail(ChannelError.ioOnClosedChannel) }
        #expect(try desk.object()["complete"] as? Bool == false)
        #expect(try desk.lines().count == 2)
    }

    @Test func streamsOfHTTP2AreLogged() throws {
        let desk = try Desk()
        let channel = try desk.channel(.http2)
        try channel.writeInbound(
            HTTPServerRequestPart.head(.init(version: .http2, method: .GET, uri: "\(Self.media)/9.m4s")))
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        let line = try desk.object()
        #expect(line["protocol"] as? String == "HTTP/2.0" && line["status"] as? Int == 200)
    }

    @Test func whatIsNoRequestIsALine() throws {
        let desk = try Desk()
        let channel = try desk.channel()
        try channel.writeInbound(ByteBuffer(string: "GET / HTTP/1.1\r\nbad header\r\n\r\n"))
        let line = try desk.object()
        #expect(line["status"] as? Int == 400 && line["path"] == nil && line["address"] as? String == "192.0.2.7")
    }

    // MARK: Secrets

    private static let secret = "0123456789abcdef0123456789abcdef"

    @Test(arguments: [DaemonConfiguration.AccessLog.Format.json, .combined])
    func tokensAreNotLoggedAndTheirNamesAre(_ format: DaemonConfiguration.AccessLog.Format) throws {
        let desk = try Desk(format)
        let text = """
            channel: news
            ingest: { streamKeys: { primary: key } }
            video: [{ name: high, codec: copy }]
            audio: []
            access: { tokens: { keys: [{ secret: \(Self.secret) }] } }
            endpoints: [{ id: hls, package: hls }]
            """
        let (profile, diagnostics) = ChannelProfile.load(text: text, file: "p", environment: [:])
        _ = try desk.access.set(try #require(profile, "\(diagnostics)").access, of: "news")
        let secret = try #require(TokenSecret(Array(Self.secret.utf8)))
        var claims = TokenClaims(content: "news", expires: 2000)
        (claims.subject, claims.session) = ("anna b", "s-1")
        let good = claims.webToken(signedBy: secret)
        claims.expires = 5
        let bad = claims.webToken(signedBy: secret)
        let channel = try desk.channel()
        for target in [
            "/news/hls/~\(good)/720p/0123456789ab/9.m4s", "/news/hls/720p/0123456789ab/9.m4s?token=\(good)",
            "/news/hls/~\(bad)/index.m3u8", "/news/hls/index.m3u8?token=\(bad)", "/news/hls/index.m3u8?x=\(good)",
            "/news/hls/~exp=1~acl=/*~hmac=0123/index.m3u8", "/news/~\(good)/index.m3u8", "/~\(good)/a/b", "/\(good)",
            "/news/hls/index.m3u8?\(good)", "/news/hls/index.m3u8?start=~exp=1~hmac=00",
            "/news/hls/%7e\(good)/index.m3u8",
        ] {
            try desk.ask(
                target, channel,
                "Referer: https://o/news/hls/~\(good)/index.m3u8\r\nCMCD-Request: nor=\"..%2F~\(good)%2F1.m4s\"\r\n")
        }
        let all = try desk.lines()
        #expect(all.count == 12)
        for line in all {
            let parts = (good + "." + bad).split(separator: ".")
            #expect(!parts.contains { line.contains($0) } && !line.contains("hmac"), "\(line)")
        }
        switch format {
        case .json: #expect(all[0].contains(#""subject":"anna b","session":"s-1""#) && !all[3].contains("anna"))
        case .combined: #expect(all[0].contains(#" - anna\x20b ["#))
        }
    }

    /// Nobody but the log itself ends a line, or a field.
    @Test(arguments: [DaemonConfiguration.AccessLog.Format.json, .combined])
    func nobodyWritesLinesOfTheirOwn(_ format: DaemonConfiguration.AccessLog.Format) throws {
        let hostile = "a\r\nb\n\"c\\\u{0}\u{1B}[31m\u{7F}\u{85}\u{2028}\u{202E}é😀\t%0a\u{301}"
        var head = HTTPRequestHead(
            version: .http1_1, method: .RAW(value: hostile), uri: "/\(hostile)?start=\(hostile)&\(hostile)")
        for name in ["user-agent", "referer", "x-request-id", "cmcd-session"] {
            head.headers.add(name: name, value: "\(name)=\"\(hostile)\"")
        }
        var record = AccessRecord(head, cmcd: "sid=\"\(hostile)\"", address: nil)
        (record.subject, record.session) = (hostile, hostile)
        var line: [UInt8] = []
        AccessLine.append(record, format, to: &line)
        #expect(line.last == 0x0A && line.dropLast().allSatisfy { (0x20..<0x7F).contains($0) })
        switch format {
        case .json:
            let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
            #expect(object?["subject"] as? String == hostile && object?["session"] as? String == hostile)
            #expect(object?["userAgent"] as? String == "user-agent=\"\(hostile)\"")
        case .combined:
            #expect(line.count { $0 == UInt8(ascii: "\"") } == 6)
            #expect(String(decoding: line, as: UTF8.self).hasPrefix("- - a\\x0d\\x0ab\\x0a\\x22c\\x5c\\x00"))
        }
    }

    @Test func fieldsAreCutOff() throws {
        let long = String(repeating: "é", count: 100_000)
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/\(long)", headers: ["user-agent": long])
        for format in DaemonConfiguration.AccessLog.Format.allCases {
            var line: [UInt8] = []
            AccessLine.append(AccessRecord(head, address: nil), format, to: &line)
            #expect(line.count < 12_000)
        }
    }

    // MARK: The file

    @Test func whatDoesNotFitIsLeftOutAndCounted() throws {
        let desk = try Desk(maximumBytes: 4000)
        let channel = try desk.channel()
        for _ in 0..<100 { try desk.ask("\(Self.media)/9.m4s", channel) }
        let kept = try desk.lines().count
        #expect((1..<12).contains(kept))
        #expect(desk.log.counters.droppedForRoom == UInt64(100 - kept) && desk.log.counters.lines == UInt64(kept))
        try desk.ask("\(Self.media)/9.m4s", channel)
        #expect(try desk.lines().count == kept + 1, "there is room again")
    }

    @Test func aRenamedFileIsBegunAnew() throws {
        let desk = try Desk()
        try desk.ask("\(Self.media)/9.m4s")
        #expect(try desk.lines().count == 1)
        try FileManager.default.moveItem(atPath: desk.path, toPath: desk.path + ".1")
        try desk.ask("\(Self.media)/9.m4s")
        desk.log.reopen()
        // In its turn: what came before is in the file that was.
        desk.log.finish(atMost: 60_000)
        try desk.ask("\(Self.media)/9.m4s")
        #expect(try desk.lines().count == 1)
        let old = try String(contentsOfFile: desk.path + ".1", encoding: .utf8)
        #expect(old.split(separator: "\n").count == 2)
        // A folder that is gone: what is open stays open.
        try FileManager.default.removeItem(at: desk.folder)
        desk.log.reopen()
        desk.log.finish(atMost: 60_000)
        try desk.ask("\(Self.media)/9.m4s")
        desk.log.finish(atMost: 60_000)
        #expect(desk.log.counters.lines == 4)
        #expect(desk.said.withLockedValue { $0 }.map { $0.hasPrefix("the access log stays as it was") } == [true])
    }

    /// A pipe that nobody reads is full at some time, and who writes to it then stands still.
    @Test(.timeLimit(.minutes(5))) func aDiskThatStandsStillIsNotWaitedFor() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("pipe").path
        #expect(mkfifo(path, 0o600) == 0)
        let reader = open(path, O_RDWR)
        defer { close(reader) }
        let log = try AccessLog(path: path, format: .json, delay: .never) { _ in }
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "/a", headers: ["user-agent": String(repeating: "a", count: 200)])
        for _ in 0..<1000 { log.add(AccessRecord(head, address: nil)) }
        log.finish(atMost: 20)
        #expect(log.counters.lines == 0)
        // Who asks meanwhile does not notice.
        log.add(AccessRecord(head, address: nil))
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        var lines = 0
        while lines < 1000 {
            let count = read(reader, &bytes, bytes.count)
            guard count > 0 else { break }
            lines += bytes[..<count].count { $0 == UInt8(ascii: "\n") }
        }
        log.finish(atMost: 60_000)
        #expect(lines >= 1000 && log.counters.lines == 1001)
    }

    @Test func aDiskThatRefusesIsTold() throws {
        let said = NIOLockedValueBox<[String]>([])
        let log = try AccessLog(path: "/dev/full", format: .json, delay: .never) { text in
            said.withLockedValue { $0.append(text) }
        }
        for _ in 0..<2 {
            log.add(AccessRecord(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/"), address: nil))
            log.finish(atMost: 60_000)
        }
        #expect(log.counters.droppedByDisk == 2 && log.counters.lines == 0)
        #expect(said.withLockedValue { $0 }.map { $0.hasPrefix("the access log cannot be written") } == [true])
        #expect(throws: FileError.self) { try AccessLog(path: "/nonexistent/a", format: .json) { _ in } }
    }
}
