import CurlHTTP
import LoopbackServer
import Synchronization
import Testing

@testable import Harvest

@Suite(.timeLimit(.minutes(5))) struct S3BucketTests {
    private func put(_ server: CannedServer, pauses: PauseLog = PauseLog()) async throws {
        let bucket = S3Bucket(
            url: server.url + "/bucket/live/",
            authentication: .sigV4(
                accessKey: "AKID", secretKey: HTTPSecret("geheim"), token: nil, region: "eu-central-1", service: "s3"),
            http: try HTTPClient(), pause: { pauses.note($0) })
        try await bucket.put(
            Array("media".utf8), at: "news/1.m4s", contentType: "video/mp4", cacheControl: "max-age=60")
    }

    @Test func anObjectIsPutUnderItsPathWithItsDigestSigned() async throws {
        let server = try CannedServer { _ in .http(200) }
        defer { server.stop() }
        try await put(server)
        let request = try #require(server.requests.first)
        #expect(request.line.hasPrefix("PUT /bucket/live/news/1.m4s"))
        #expect(request.body == Array("media".utf8))
        #expect(request.headers["content-type"] == "video/mp4")
        #expect(request.headers["cache-control"] == "max-age=60")
        // printf media | sha256sum
        #expect(
            request.headers["x-amz-content-sha256"]
                == "721c9525ade2ea8903d343ef25cf68b9bf4ab0aad56bb7b01fbe48d09bc7fcf4")
        let authorization = try #require(request.headers["authorization"])
        #expect(authorization.contains("/eu-central-1/s3/aws4_request"))
        #expect(authorization.contains("x-amz-content-sha256"))
    }

    @Test func aBusyStoreIsAskedAgainLaterAndLater() async throws {
        let count = Mutex(0)
        let server = try CannedServer { _ in
            count.withLock {
                $0 += 1
                return $0 < 4 ? .http(503) : .http(200)
            }
        }
        defer { server.stop() }
        let pauses = PauseLog()
        try await put(server, pauses: pauses)
        #expect(server.requests.count == 4)
        #expect(pauses.all == [.seconds(1), .seconds(2), .seconds(4)])
    }

    @Test func aStoreThatStaysAwayEndsTheHarvestWithAReason() async throws {
        let server = try CannedServer { _ in .http(500, text: "<Code>InternalError</Code>") }
        defer { server.stop() }
        let failure = await #expect(throws: HarvestFailure.self) { try await put(server) }
        #expect(server.requests.count == S3Bucket.tries)
        #expect(failure?.description.contains("500 <Code>InternalError</Code>") == true)
    }

    @Test func aRefusalIsNotTriedAgainAndShowsNoSecret() async throws {
        let server = try CannedServer { _ in .http(403, text: "<Code>SignatureDoesNotMatch</Code> geheim") }
        defer { server.stop() }
        let failure = await #expect(throws: HarvestFailure.self) { try await put(server) }
        #expect(server.requests.count == 1)
        #expect(failure?.description.contains("SignatureDoesNotMatch") == true)
        #expect(failure?.description.contains("geheim") == false)
    }
}

/// What was waited for.
final class PauseLog: Sendable {
    private let pauses = Mutex<[Duration]>([])

    var all: [Duration] { pauses.withLock { $0 } }

    func note(_ pause: Duration) { pauses.withLock { $0.append(pause) } }
}
