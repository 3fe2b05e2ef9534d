import CurlHTTP
import Glibc
import LoopbackServer
import Testing

@Suite(.timeLimit(.minutes(5))) struct HTTPClientTests {
    let client: HTTPClient

    init() throws { client = try HTTPClient() }

    /// The error of a request that must not succeed.
    private func failure(of request: HTTPRequest, by client: HTTPClient? = nil) async throws -> HTTPError {
        try await #require(throws: HTTPError.self) { try await (client ?? self.client).send(request) }
    }

    @Test func postCarriesBodyAndHeadersAndAnswersStatusHeadersAndBody() async throws {
        let server = try CannedServer { _ in .http(201, [("X-One", " two "), ("x-one", "three")], text: "hello") }
        defer { server.stop() }
        let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        let response = try await client.send(
            HTTPRequest(.post, server.url + "/a/b?c=d", headers: [HTTPHeader("X-Speke-Version", "2.0")], body: body))
        #expect(response.status == 201)
        #expect(response.body == Array("hello".utf8))
        #expect(response[header: "X-ONE"] == "three")
        let request = try #require(server.requests.first)
        #expect(request.line == "POST /a/b?c=d")
        #expect(request.headers["x-speke-version"] == "2.0")
        #expect(request.headers["expect"] == nil)
        #expect(request.body == body)
    }

    @Test(arguments: [HTTPRequest.Method.get, .head, .post, .put]) func methodsAreSent(
        _ method: HTTPRequest.Method
    ) async throws {
        let server = try CannedServer { _ in .http(200) }
        defer { server.stop() }
        let response = try await client.send(HTTPRequest(method, server.url + "/x"))
        #expect(response.status == 200)
        #expect(server.requests.map(\.line) == ["\(method.rawValue) /x"])
    }

    @Test(arguments: [302, 404, 422, 500]) func everyStatusIsAnAnswerAndNoRedirectIsFollowed(
        _ status: Int
    ) async throws {
        let server = try CannedServer { _ in .http(status, [("Location", "/elsewhere")], text: "why") }
        defer { server.stop() }
        let response = try await client.send(HTTPRequest(.get, server.url))
        #expect(response.status == status)
        #expect(response.body == Array("why".utf8))
        #expect(server.requests.count == 1)
    }

    @Test func announcedAndUnannouncedBodiesBeyondTheLimitAreRefused() async throws {
        let server = try CannedServer { request in
            request.line.hasSuffix("/announced")
                ? .http(200, [], [UInt8](repeating: 1, count: 1001))
                : .bytes(Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + [UInt8](repeating: 1, count: 1001))
        }
        defer { server.stop() }
        for path in ["/announced", "/unannounced"] {
            var request = HTTPRequest(.get, server.url + path, maximumBodySize: 1000)
            let error = try await failure(of: request)
            #expect(error.code == .bodyTooLarge)
            #expect(error.reason.contains("1000 bytes"))
            request.maximumBodySize = 1001
            #expect(try await client.send(request).body.count == 1001)
        }
    }

    @Test func endlessHeadersAreRefused() async throws {
        let server = try CannedServer { _ in
            .bytes(Array("HTTP/1.1 200 OK\r\n".utf8) + Array(String(repeating: "A: b\r\n", count: 20_000).utf8))
        }
        defer { server.stop() }
        #expect(try await failure(of: HTTPRequest(.get, server.url)).code == .bodyTooLarge)
    }

    @Test func silenceEndsAtTheDeadline() async throws {
        let server = try CannedServer { _ in .silence }
        defer { server.stop() }
        let start = ContinuousClock.now
        let error = try await failure(of: HTTPRequest(.get, server.url, deadlineMilliseconds: 300))
        #expect(error.code == .timedOut)
        #expect(error.curlCode == 28)
        #expect(error.reason.contains("300 ms"))
        #expect(ContinuousClock.now - start >= .milliseconds(250))
    }

    @Test func theWaitForAConnectionCounts() async throws {
        let server = try CannedServer { _ in .silence }
        defer { server.stop() }
        let client = try HTTPClient(HTTPClient.Settings(maximumConnections: 1))
        async let first = failure(of: HTTPRequest(.get, server.url, deadlineMilliseconds: 1200), by: client)
        let second = try await failure(of: HTTPRequest(.get, server.url, deadlineMilliseconds: 300), by: client)
        #expect(second.code == .timedOut)
        #expect(try await first.code == .timedOut)
    }

    @Test func refusedConnectionSaysWhereWithoutSecrets() async throws {
        let server = try CannedServer { _ in .silence }
        let port = server.port
        server.stop()
        let error = try await failure(
            of: HTTPRequest(
                .get, "http://user:word@127.0.0.1:\(port)/path?token=geheim#part", deadlineMilliseconds: 60_000))
        #expect([.cannotConnect, .brokenAnswer].contains(error.code))
        #expect(error.url == "http://127.0.0.1:\(port)/path")
        #expect(!"\(error)".contains("geheim") && !"\(error)".contains("word"))
    }

    @Test func cancellationEndsARequestAtOnce() async throws {
        let server = try CannedServer { _ in .silence }
        defer { server.stop() }
        let task = Task { try await failure(of: HTTPRequest(.get, server.url, deadlineMilliseconds: 3_600_000)) }
        task.cancel()
        #expect(try await task.value.code == .cancelled)
    }

    @Test func releasingTheClientLeavesNothingHanging() async throws {
        let server = try CannedServer { _ in .http(200, text: "x") }
        defer { server.stop() }
        for _ in 0..<20 {
            #expect(try await HTTPClient().send(HTTPRequest(.get, server.url)).status == 200)
        }
    }

    @Test func manyRequestsAtOnceShareFewConnections() async throws {
        let server = try CannedServer { .http(200, text: $0.line) }
        defer { server.stop() }
        let client = try HTTPClient(HTTPClient.Settings(maximumConnections: 4))
        let answers = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for index in 0..<50 {
                group.addTask { try await client.send(HTTPRequest(.get, "\(server.url)/\(index)")).body }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert(String(decoding: $1, as: UTF8.self)) }
        }
        #expect(answers == Set((0..<50).map { "GET /\($0)" }))
    }

    @Test func truncatedAndForeignAnswersAreBroken() async throws {
        let server = try CannedServer { request in
            switch request.line {
            case "GET /short": .bytes(Array("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!".utf8))
            case "GET /nothing": .bytes([])
            default: .bytes(Array("SSH-2.0-OpenSSH_9.2\r\n".utf8))
            }
        }
        defer { server.stop() }
        for path in ["/short", "/nothing", "/foreign"] {
            #expect(try await failure(of: HTTPRequest(.get, server.url + path)).code == .brokenAnswer, "\(path)")
        }
    }

    @Test(arguments: ["", "127.0.0.1", "ftp://127.0.0.1/x", "file:///etc/hostname", "http://", "http://a b/", "//x"])
    func otherURLsAreRefused(_ url: String) async throws {
        #expect(try await failure(of: HTTPRequest(.get, url)).code == .invalidRequest)
    }

    @Test func headersThatWouldStartAnotherLineAreRefused() async throws {
        for header in [
            HTTPHeader("X-A", "b\r\nX-C: d"), HTTPHeader("X-A\r\nX-B", "c"), HTTPHeader("", "a"),
            HTTPHeader("X A", "b"), HTTPHeader("X", "\0"),
        ] {
            let error = try await failure(of: HTTPRequest(.get, "http://127.0.0.1:1/", headers: [header]))
            #expect(error.code == .invalidRequest)
        }
    }

    @Test func theEnvironmentsProxyIsIgnoredAndAConfiguredOneUsed() async throws {
        // Safe beside other tests: what is tested is that none of them heeds it.
        setenv("http_proxy", "http://127.0.0.1:1", 1)
        defer { unsetenv("http_proxy") }
        let server = try CannedServer { .http(200, text: $0.line) }
        defer { server.stop() }
        #expect(try await client.send(HTTPRequest(.get, server.url + "/x")).body == Array("GET /x".utf8))
        let proxied = try HTTPClient(HTTPClient.Settings(proxy: server.url))
        let response = try await proxied.send(HTTPRequest(.get, "http://keys.invalid/y"))
        #expect(response.body == Array("GET http://keys.invalid/y".utf8))
    }
}
