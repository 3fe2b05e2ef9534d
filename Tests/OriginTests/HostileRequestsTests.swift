import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import Origin

/// Requests that are wrong, or want to be taken for others, over a real socket; each with the exact statuses of all answers.
/// RFC 9112, clauses 2.2, 3, 5, 6, 7 and 11; RFC 9110, clause 14.
@Suite(.timeLimit(.minutes(5))) struct HostileRequestsTests {
    /// What is served: everything else is 404.
    private static let there = "/news/ll/720p/0123456789ab/1.m4s"
    /// Sent behind each request; it is answered by 200 and the end, unless the connection was ended before.
    private static let last = "GET \(there) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    struct Case: Sendable, CustomTestStringConvertible {
        let request: String
        /// All of them, in order; without the last request's where the connection ends before it.
        let statuses: String
        var testDescription: String { String(request.debugDescription.prefix(100)) }
    }

    private static func get(
        _ statuses: String, _ target: String = there, _ fields: String = "Host: a\r\n", method: String = "GET",
        version: String = "HTTP/1.1", body: String = ""
    ) -> Case {
        Case(request: "\(method) \(target) \(version)\r\n\(fields)\r\n\(body)", statuses: statuses)
    }

    /// One thing has one name, and nothing above the root has any.
    static let paths = [
        "/", "/?", "/../../etc/passwd", "/news/../../etc/passwd", "/news/ll/..%2f..%2fetc/passwd",
        "/news/ll/%2e%2e/%2e%2e/etc/passwd", "/%c0%ae%c0%ae/secret", "/\\..\\..\\etc\\passwd", "/.git/config",
        "/news%2fll/720p/0123456789ab/1.m4s", "/news/ll/720p/0123456789ab%2f1.m4s",
        "/news/ll/720p/0123456789ab/%31.m4s",
        "/\(there)", "/news//ll/720p/0123456789ab/1.m4s", "\(there)/", "/news/ll/720p/./1.m4s",
        "/news/ll/720p/0123456789ab/../0123456789ab/1.m4s", "\(there)%00", "\(there);a=b", "\(there)%3Fx",
        "/NEWS/ll/720p/0123456789ab/1.m4s", "/news/ll/720p/0123456789ab/01.m4s", "/news/ll/720p/0123456789ab/+1.m4s",
        "/news/ll/720p/0123456789ab/-1.m4s", "/news/ll/720p/0123456789ab/18446744073709551616.m4s",
        "/news/ll/720p/0123456789ab/1.M4S", "/" + String(repeating: "a", count: 600),
        "/" + String(repeating: "../", count: 10_000), "*", "http://origin", "ftp://origin\(there)",
    ]

    @Test(arguments: paths) func namesNothing(_ path: String) async throws {
        try await check(Self.get("404 200", path))
    }

    static let targets: [Case] = [
        get("200 200", "\(there)?x=1"), get("200 200", "http://origin\(there)"),
        // The authority chooses nothing here.
        get("200 200", "HTTPS://evil.example\(there)"), get("200 200", "http://user:word@origin\(there)"),
        get("204 200", "*", method: "OPTIONS"), get("400", "news/ll"), get("400", "http:\(there)"),
        get("400", "\(there)\u{7F}"),
        get("400", "/n\u{E9}ws"), get("431", "/" + String(repeating: "a", count: 82_000)),
        get("405", "origin:80", method: "CONNECT"),
    ]

    static let lines: [Case] = [
        get("400", version: "HTTP/2.0"), get("400", version: "HTTP/1.2"), get("400", version: "HTTP/9.9"),
        get("400", version: "http/1.1"), get("400", version: "HTTP/1.1x"), get("400", version: "HTTP/1"),
        get("400", version: ""), get("400", method: "get"), get("400", method: "FOO"), get("400", method: "GE T"),
        get("400", method: "GET\0"), get("405 200", method: "TRACE"), get("405 200", method: "DELETE"),
        Case(request: "GET \(there)\r\n", statuses: "400"), Case(request: " \(get("").request)", statuses: "400"),
        Case(request: "\r\n\(get("").request)", statuses: "200 200"),
        Case(request: "GET\t\(there)\tHTTP/1.1\r\nHost: a\r\n\r\n", statuses: "400"),
        Case(request: "GET \(there) HTTP/1.1\nHost: a\n\n", statuses: "400"),
        Case(request: "\u{16}\u{3}\u{1}\0\u{50}\u{1}\0\0\u{4C}\u{3}\u{3}\r\n\r\n", statuses: "400"),
        Case(request: "PRI * HTTP/1.1\r\nHost: a\r\n\r\n", statuses: "400"),
    ]

    static let fields: [Case] = [
        get("400", there, ""), get("400", there, "Host: a\r\nHost: b\r\n"), get("400", there, "Host: a, b\r\n"),
        get("200", there, "", version: "HTTP/1.0"), get("400", there, "Host : a\r\n"),
        get("400", there, "Host: a\r\nX: a\r\n b\r\n"), get("400", there, "Host: a\r\nX: a\rb\r\n"),
        get("400", there, "Host: a\r\nX: a\0b\r\n"), get("400", there, "Host: a\r\nnonsense\r\n"),
        get("400", there, "Host: a\r\n: x\r\n"), get("400", there, "Host: a\r\nX[]: x\r\n"),
        get("431", there, "Host: a\r\nX: \(String(repeating: "a", count: 82_000))\r\n"),
        get("200 200", there, "Host: a\r\nRange: bytes=0-0\r\nRange: bytes=1-1\r\n"),
        get("200 200", there, "Host: a\r\nRange: bytes=0-0,1-1\r\n"),
        get("206 200", there, "Host: a\r\nRange: bytes=1-1\r\n"),
        get("416 200", there, "Host: a\r\nRange: bytes=9-\r\n"),
        get("200 200", there, "Host: a\r\nRange: bytes=99999999999999999999-\r\n"),
        get("200", there, "Host: a\r\nConnection: close, keep-alive\r\n"),
        get("200 200", there, "Host: a\r\nExpect: 100-continue\r\n"),
        // Nothing behind these is read: it could be another protocol.
        get("200", there, "Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"),
        get("200", there, "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"),
    ]

    private static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

    private static func lengths(_ values: String...) -> String {
        "Host: a\r\n" + values.map { "Content-Length: \($0)\r\n" }.joined()
    }

    private static func codings(_ values: String...) -> String {
        "Host: a\r\n" + values.map { "Transfer-Encoding: \($0)\r\n" }.joined()
    }

    /// Where a request ends is not for two to read differently.
    static let framing: [Case] = [
        get("400", there, codings("chunked") + "Content-Length: 4\r\n", method: "POST", body: "0\r\n\r\n\(smuggled)"),
        get(
            "400", there, lengths("4") + "Transfer-Encoding: chunked\r\n", method: "POST", body: "0\r\n\r\n\(smuggled)"),
        get("400", there, lengths("0", "\(smuggled.utf8.count)"), body: smuggled),
        get("400", there, lengths("4", "4"), body: "abcd"), get("400", there, lengths("4, 4"), body: "abcd"),
        get("400", there, lengths("+4"), body: "abcd"), get("400", there, lengths("-4"), body: "abcd"),
        get("400", there, lengths("0x4"), body: "abcd"), get("400", there, lengths("4 4"), body: "abcd"),
        get("400", there, lengths(""), body: "abcd"), get("400", there, lengths("4.0"), body: "abcd"),
        get("400", there, lengths("99999999999999999999999"), body: "abcd"),
        get("200 200", there, lengths("\(smuggled.utf8.count)"), body: smuggled),
        get("200 200", there, lengths("4"), method: "HEAD", body: "abcd"),
        get("400", there, codings("chunked, identity"), method: "POST", body: "0\r\n\r\n"),
        get("400", there, codings("chunked", "identity"), method: "POST", body: "0\r\n\r\n"),
        get("400", there, codings("identity"), method: "POST", body: "0\r\n\r\n"),
        get("400", there, codings("xchunked"), method: "POST", body: "0\r\n\r\n"),
        get("400", there, codings("\u{B}chunked"), method: "POST", body: "0\r\n\r\n"),
        get("400", there, codings("chunked;a=b"), method: "POST", body: "0\r\n\r\n"),
        get("405 200", there, codings("Chunked"), method: "POST", body: "4\r\nabcd\r\n0\r\n\r\n"),
        get("200 200", there, codings("chunked"), body: "4\r\nGET \r\n0\r\n\r\n"),
        get("400", there, codings("chunked"), method: "POST", body: "FFFFFFFFFFFFFFFFF\r\nabcd\r\n0\r\n\r\n"),
        get("400", there, codings("chunked"), method: "POST", body: "g\r\nabcd\r\n0\r\n\r\n"),
        get("400", there, codings("chunked"), method: "POST", body: "-4\r\nabcd\r\n0\r\n\r\n"),
        get("400", there, codings("chunked"), method: "POST", body: "0x4\r\nabcd\r\n0\r\n\r\n"),
        get("400", there, codings("chunked"), method: "POST", body: " 4\r\nabcd\r\n0\r\n\r\n"),
        get("400", there, codings("chunked"), method: "POST", body: "4\nabcd\n0\r\n\r\n"),
        get("400", there, codings("chunked"), method: "POST", body: "4\r\nabcdXX0\r\n\r\n"),
        get("400", there, codings("chunked"), method: "POST", body: "0\r\nContent-Length: 5\r\n\r\n"),
        get("400", there, codings("chunked"), method: "POST", version: "HTTP/1.0", body: "0\r\n\r\n\(smuggled)"),
        Case(request: get("").request + get("", "/nothing").request + get("").request, statuses: "200 404 200 200"),
    ]

    @Test(arguments: targets + lines + fields + framing) func isAnsweredExactly(_ one: Case) async throws {
        try await check(one)
    }

    @Test func thereAreEnoughOfThem() {
        #expect(Self.paths.count + Self.targets.count + Self.lines.count + Self.fields.count + Self.framing.count >= 60)
    }

    private func check(_ one: Case) async throws {
        let response = CachedResponse(
            status: .ok, contentType: "video/mp4", body: ByteBuffer(string: "now"), entityTag: "1",
            freshness: .immutable)
        let server = try await OriginServer.start(
            .init(host: "127.0.0.1", port: 0),
            content: { path, _ in
                if case .segment(_, _, 1, false) = path.resource, path.channel == "news" { return .ready(response) }
                return .ready(.notFound)
            }, metrics: OriginMetrics(), group: .singleton, clock: { 1_600_000_000_000 })
        // As bytes of Latin-1: some of them are no text.
        let bytes = (one.request + Self.last).unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        let answer = String(buffer: try await RawConnection.send(ByteBuffer(bytes: bytes), port: server.port))
        let statuses = answer.components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
        #expect(statuses.joined(separator: " ") == one.statuses)
        await server.drain()
    }
}
