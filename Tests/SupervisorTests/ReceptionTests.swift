import ChunkStream
import Foundation
import Live
import LoopbackServer
import OpenSSLCrypto
import Settings
import Testing

@testable import Supervisor

/// What comes before a worker, and who else is asked.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ReceptionTests {
    @Test func whoSaysNothingGetsNoWorker() async throws {
        let room = try Newsroom(worker: nil) { $0.handshakeTimeoutSeconds = 1 }
        let silent = try room.connect(sending: Data())
        let slow = try room.connect(sending: Newsroom.handshake.dropLast())
        let lines = [await room.lines(until: "encoder left"), await room.lines(until: "encoder left")].flatMap { $0 }
        #expect(
            lines.map(\.text).sorted()
                == [0, 1536].map {
                    "encoder left: \($0) of 1537 bytes of the handshake came within rtmp.handshakeTimeoutSeconds (1) "
                        + "peer=127.0.0.1"
                })
        for encoder in [silent, slow] { try encoder.close() }
        await room.close()
        #expect(room.supervisor.counters.refusals == ["timeout": 2])
        #expect(room.supervisor.connections == (0, 0, 0))
    }

    @Test func whatIsNoRTMPIsTurnedAway() async throws {
        let room = try Newsroom(worker: nil)
        let stranger = try room.connect(sending: Data([UInt8](repeating: 0x47, count: 1537)))
        let lines = await room.lines(until: "refused")
        #expect(
            lines.map(\.text) == [
                "refused an encoder: it does not speak RTMP: its first byte is 71, not 3 peer=127.0.0.1"
            ])
        try stranger.close()
        await room.close()
        #expect(room.supervisor.counters.refusals == ["protocol": 1])
    }

    /// The handshake's answer and the refusal of a connect command, without a worker.
    @Test func whoIsOneTooManyIsToldSo() async throws {
        let room = try Newsroom(worker: try FakeWorker(FakeWorker.greeting())) { $0.maxConnectionsPerAddress = 1 }
        let first = try room.connect()
        _ = await room.lines(until: "publishing")
        let second = try room.connect()
        let answer = try #require(try second.readToEnd())
        #expect(answer.count > 3073 && answer.first == 3)
        #expect(answer[1537..<3073] == Newsroom.handshake.dropFirst())
        let text = String(decoding: answer[3073...], as: UTF8.self)
        #expect(text.contains("_error") && text.contains("NetConnection.Connect.Rejected"))
        #expect(text.contains("too many connections from this address"))
        let lines = await room.lines(until: "refused")
        #expect(lines.last?.text.contains("rtmp.maxConnectionsPerAddress (1) are open from its address") == true)
        for encoder in [first, second] { try encoder.close() }
        await room.close()
        #expect(room.supervisor.counters.refusals == ["limit": 1])
    }

    @Test func noMoreThanSoManyPublishButOneMayTakeOver() async throws {
        let room = try Newsroom(worker: try FakeWorker(FakeWorker.greeting())) { $0.maxPublishers = 1 }
        var encoders: [FileHandle] = []
        for _ in 0..<3 {
            encoders.append(try room.connect())
            _ = await room.lines(until: "publishing")
        }
        #expect(room.supervisor.counters.takeovers == 2)
        #expect(room.supervisor.counters.refusals == [:])
        for encoder in encoders { try encoder.close() }
        await room.close()
    }

    @Test(arguments: [("the-key", true), ("the-next-key", true), ("the-old-key", false)])
    func twoKeysAreGoodWhileTheyChange(_ key: String, _ isGood: Bool) async throws {
        let room = try Newsroom(worker: try FakeWorker(FakeWorker.greeting(key: key)))
        let encoder = try room.connect()
        let lines = await room.lines(until: isGood ? "publishing" : "wrong stream key")
        #expect(!lines.contains { $0.text.contains(key) })
        if isGood {
            var ingest = room.channel.profile.ingest
            ingest.maxBitrate += 1
            #expect(room.supervisor.setIngest(ingest, of: room.channel))
            #expect(!room.supervisor.setIngest(ingest, of: room.channel))
            ingest.streamKeys = .init(primary: Secret("another-key"))
            #expect(room.supervisor.setIngest(ingest, of: room.channel))
            let lines = await room.lines(until: "publication ended")
            #expect(lines.last?.text.hasPrefix("publication ended: its stream key is no longer valid") == true)
        }
        try encoder.close()
        await room.close()
    }

    // MARK: Webhook

    private func hook(_ server: CannedServer, _ change: (inout WebHookProfile) -> Void = { _ in }) -> WebHookProfile {
        var profile = WebHookProfile(url: server.url + "/hook?token=x", secret: Secret("hook-secret"))
        change(&profile)
        return profile
    }

    @Test func aWebHookIsAskedAndToldOfTheEnd() async throws {
        let server = try CannedServer { _ in .http(204) }
        let worker = try FakeWorker(FakeWorker.greeting() + [.end(reason: "done")])
        let room = try Newsroom(worker: worker, webHook: hook(server))
        let encoder = try room.connect()
        let lines = await room.lines(until: "publication ended")
        #expect(lines.contains { $0.text.hasPrefix("publishing") })
        try encoder.close()
        await room.close()
        server.stop()
        let bodies = server.requests.map { String(decoding: $0.body, as: UTF8.self) }
        let common = #""address":"127.0.0.1","app":"news","channel":"news","event":"#
        #expect(
            bodies == [
                "{\(common)\"publish\",\"time\":1600000003000}",
                "{\(common)\"unpublish\",\"reason\":\"done\",\"time\":1600000003000}",
            ])
        for request in server.requests {
            #expect(request.line == "POST /hook?token=x")
            let mac = hmacSHA256(request.body, key: Array("hook-secret".utf8)).map { String(format: "%02x", $0) }
                .joined()
            #expect(request.headers["x-sluice-signature"] == "sha256=\(mac)")
        }
    }

    /// Its worker is gone: it is to come back, whoever takes long to hear of the end.
    @Test func anEncoderNeedNotWaitForTheWebHook() async throws {
        let server = try CannedServer { request in
            String(decoding: request.body, as: UTF8.self).contains("unpublish") ? .silence : .http(204)
        }
        let worker = try FakeWorker(FakeWorker.greeting() + [.end(reason: "done")])
        let room = try Newsroom(worker: worker, webHook: hook(server) { $0.timeoutMilliseconds = 600_000 })
        let encoder = try room.connect()
        _ = await room.lines(until: "publication ended")
        while server.requests.count < 2 { await Task.yield() }
        // Its connection ends while the webhook has been asked, and has not answered.
        _ = try await Task.detached { try encoder.readToEnd() }.value
        try encoder.close()
        server.stop()
        await room.close()
    }

    @Test func aWebHookRefusesInItsOwnWords() async throws {
        let server = try CannedServer { request in
            .http(403, text: #"{"reason":"not before\nnoon, \#(request.body.count > 10 ? "the-key" : "")"}"#)
        }
        let worker = try FakeWorker(FakeWorker.greeting() + [.end(reason: "refused")])
        let room = try Newsroom(worker: worker, webHook: hook(server) { $0.sendStreamKey = true })
        let encoder = try room.connect()
        let lines = await room.lines(until: "refused an encoder")
        #expect(
            lines.last?.text
                == "refused an encoder: the webhook refused it: not before noon, (redacted) app=news encoder=test peer=127.0.0.1"
        )
        try encoder.close()
        await room.close()
        server.stop()
        #expect(
            server.requests.map { String(decoding: $0.body, as: UTF8.self).contains(#""streamKey":"the-key""#) } == [
                true
            ])
        #expect(room.supervisor.counters.refusals == ["webhook": 1])
        #expect(room.supervisor.counters.publications == 0)
    }

    @Test(arguments: [WebHookProfile.Failure.allow, .deny], [500, 302, 0])
    func aWebHookThatFails(_ onFailure: WebHookProfile.Failure, _ status: Int) async throws {
        let server = try CannedServer { _ in status == 0 ? .silence : .http(status) }
        let worker = try FakeWorker(FakeWorker.greeting() + [.end(reason: "over")])
        let profile = hook(server) {
            $0.onFailure = onFailure
            $0.timeoutMilliseconds = 300
        }
        let room = try Newsroom(worker: worker, webHook: profile)
        let encoder = try room.connect()
        let lines = await room.lines(until: onFailure == .allow ? "publishing" : "refused an encoder")
        #expect(lines.contains { $0.text.contains("the webhook did not answer") })
        #expect(!lines.contains { $0.text.contains("token=x") })
        try encoder.close()
        await room.close()
        server.stop()
        #expect(room.supervisor.counters.publications == (onFailure == .allow ? 1 : 0))
    }
}
