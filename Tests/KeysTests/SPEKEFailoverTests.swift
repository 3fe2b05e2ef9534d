import CPIX
import CommonEncryption
import CurlHTTP
import Keys
import LoopbackServer
import Media
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct SPEKEFailoverTests {
    private static let contract = KeyContract(
        contentID: "news", scheme: .cbcs, rotationIntervalSeconds: 60, systems: [.widevine])

    private typealias Answer = @Sendable (CannedServer.Request) -> CannedServer.Answer

    /// A server that can be broken while it runs.
    private final class Replica: Sendable {
        private final class Behaviour: Sendable {
            let answer: Mutex<Answer>
            init(_ answer: @escaping Answer) { self.answer = Mutex(answer) }
        }

        let server: CannedServer
        private let behaviour: Behaviour

        var calls: Int { server.requests.count }

        init(_ answer: @escaping Answer) throws {
            let behaviour = Behaviour(answer)
            self.behaviour = behaviour
            server = try CannedServer { request in behaviour.answer.withLock { $0 }(request) }
        }

        func become(_ answer: @escaping Answer) { behaviour.answer.withLock { $0 = answer } }
    }

    private static let good: Answer = { CannedProvider.http($0) }

    private func client(_ replicas: [Replica], deadline: UInt32 = 10_000) throws -> SPEKEClient {
        try SPEKEClient(
            HTTPClient(),
            .init(urls: replicas.map { $0.server.url + "/speke?token=geheim" }, deadlineMilliseconds: deadline))
    }

    private func stop(_ replicas: [Replica]) { for replica in replicas { replica.server.stop() } }

    @Test func theFirstThatAnswersIsKeptUntilItFails() async throws {
        let replicas = [try Replica { _ in .http(503) }, try Replica(Self.good), try Replica(Self.good)]
        defer { stop(replicas) }
        let client = try client(replicas)
        _ = try await client.keys(for: Self.contract, period: 1)
        #expect(replicas.map(\.calls) == [1, 1, 0])
        replicas[0].become(Self.good)
        _ = try await client.keys(for: Self.contract, period: 2)
        #expect(replicas.map(\.calls) == [1, 2, 0])
        replicas[1].become { _ in .http(500) }
        _ = try await client.keys(for: Self.contract, period: 3)
        #expect(replicas.map(\.calls) == [1, 3, 1])
        replicas[2].become { _ in .bytes([]) }
        _ = try await client.keys(for: Self.contract, period: 4)
        #expect(replicas.map(\.calls) == [2, 3, 2])
    }

    @Test func silenceAndNonsenseFailOverToo() async throws {
        let replicas = [
            try Replica { _ in .silence }, try Replica { _ in .http(200, text: "<html/>") },
            try Replica { CannedProvider.http($0, version: "1.0") }, try Replica(Self.good),
        ]
        defer { stop(replicas) }
        _ = try await client(replicas, deadline: 5000).keys(for: Self.contract, period: 1)
        #expect(replicas.map(\.calls) == [1, 1, 1, 1])
    }

    @Test(arguments: [400, 401, 403, 404, 422]) func aRefusalIsAnAnswer(_ status: Int) async throws {
        let replicas = [try Replica { _ in .http(status, text: "no") }, try Replica(Self.good)]
        defer { stop(replicas) }
        let client = try client(replicas)
        let error = try await #require(throws: KeyError.self) { try await client.keys(for: Self.contract, period: 1) }
        #expect(error == KeyError(.refused, "status \(status): no"))
        #expect(replicas.map(\.calls) == [1, 0])
    }

    @Test func whenAllFailEachIsNamedWithoutItsToken() async throws {
        let replicas = [
            try Replica { _ in .http(503, [("Retry-After", "40")], text: "down") },
            try Replica { _ in .http(429, [("Retry-After", "7")]) },
        ]
        defer { stop(replicas) }
        let client = try client(replicas)
        let error = try await #require(throws: KeyError.self) { try await client.keys(for: Self.contract, period: 1) }
        #expect(error.code == .unavailable && error.retryAfterSeconds == 7)
        #expect(
            error.reason == "none of 2 addresses answered: POST \(replicas[0].server.url)/speke: status 503: down; "
                + "POST \(replicas[1].server.url)/speke: status 429")
    }

    @Test func aKeyOfAnotherContractIsNoticed() async throws {
        let replica = try Replica(Self.good)
        defer { stop([replica]) }
        var other = Self.contract
        other.contentID += "-other"
        let known = KnownKeys()
        let clients = try [Self.contract, other].map { _ in
            try SPEKEClient(HTTPClient(), .init(urls: [replica.server.url]), known: known)
        }
        let first = try await clients[0].keys(for: Self.contract, period: 1)
        let old = first.entries.map { bytes($0.key.key) }
        replica.become { request in
            CannedProvider.http(request) { document in
                for index in document.contentKeys.indices { document.contentKeys[index].key = ContentKey(old[index]) }
            }
        }
        let error = try await #require(throws: KeyError.self) { try await clients[1].keys(for: other, period: 1) }
        #expect(error.reason.hasPrefix("a stale key: KID "))
        // Keys from before a restart are known as well.
        let restarted = try SPEKEClient(HTTPClient(), .init(urls: [replica.server.url]))
        restarted.remember(first)
        let again = try await #require(throws: KeyError.self) {
            try await restarted.keys(for: Self.contract, period: 2)
        }
        #expect(again.reason.hasPrefix("a stale key: KID "))
    }

    @Test func aStaleKeyIsNoticedFromWhicheverAddress() async throws {
        // The second answers whatever is asked with the key of period 1.
        let replicas = [try Replica(Self.good), try Replica { _ in .http(500) }]
        defer { stop(replicas) }
        let client = try client([replicas[0]])
        let first = try await client.keys(for: Self.contract, period: 1)
        // Asked again, the same key under the same KID is what is wanted.
        _ = try await client.keys(for: Self.contract, period: 1)
        let old = first.entries.map { bytes($0.key.key) }
        replicas[0].become { request in
            CannedProvider.http(request) { document in
                for index in document.contentKeys.indices { document.contentKeys[index].key = ContentKey(old[index]) }
            }
        }
        let error = try await #require(throws: KeyError.self) { try await client.keys(for: Self.contract, period: 2) }
        #expect(error.code == .invalidAnswer)
        #expect(error.reason.hasPrefix("a stale key: KID "))
        #expect(error.reason.hasSuffix("has the key that KID \(first.entries[0].key.keyID) had before"))
        // Another key under a KID that has one already.
        replicas[0].become { CannedProvider.http($0, salt: 2) }
        let changed = try await #require(throws: KeyError.self) {
            try await client.keys(for: Self.contract, period: 1)
        }
        #expect(
            changed == KeyError(.invalidAnswer, "KID \(first.entries[0].key.keyID) has another key than before"))
        replicas[0].become { request in
            CannedProvider.http(request) { document in
                for index in document.contentKeys.indices { document.contentKeys[index].key = ContentKey(old[index]) }
            }
        }
        // A new client knows what it is told of, as after a restart.
        let restarted = try self.client([replicas[0]])
        restarted.remember(first)
        let again = try await #require(throws: KeyError.self) {
            try await restarted.keys(for: Self.contract, period: 2)
        }
        #expect(again.reason == error.reason)
        var quirks = SPEKEQuirks()
        quirks.acceptRepeatedKeys = true
        let lenient = try SPEKEClient(HTTPClient(), .init(urls: [replicas[0].server.url], quirks: quirks))
        lenient.remember(first)
        _ = try await lenient.keys(for: Self.contract, period: 2)
    }
}
