import CurlHTTP
import Dispatch
import Foundation
import OpenSSLCrypto
import Settings
import Synchronization

/// Asks the operator's own address whether a publication may begin, and tells it of the end: a POST of one JSON object.
final class WebHook: Sendable {
    /// What it is about.
    struct Call: Sendable {
        var channel: String
        var app: String
        var address: String
        /// A secret; sent only where the profile says so.
        var streamKey: String?
        /// Why a publication ended.
        var reason: String?
    }

    enum Verdict: Sendable, Equatable {
        case allowed
        /// In words for the encoder.
        case refused(String)
        /// No answer, or one that says neither.
        case failed(String)
    }

    private struct Body: Encodable {
        var event: String
        var channel: String
        var app: String
        var address: String
        /// Milliseconds from the epoch.
        var time: Int64
        var reason: String?
        var streamKey: String?
    }

    /// What an answer may hold.
    private struct Answer: Decodable { var reason: String? }

    private let clock: @Sendable () -> Int64
    /// Made with the first call, so that a daemon without hooks has no thread for them.
    private let client = Mutex<HTTPClient?>(nil)

    init(clock: @escaping @Sendable () -> Int64) { self.clock = clock }

    /// Blocks for at most the profile's time-out; for a publication's own thread.
    func mayPublish(_ call: Call, _ profile: WebHookProfile) -> Verdict {
        let outcome = Outcome()
        Task { outcome.set(await self.ask(call, profile)) }
        return outcome.wait()
    }

    /// - Returns: why it did not hear of the end, where it did not.
    func tellEnd(_ call: Call, _ profile: WebHookProfile) async -> String? {
        do {
            let response = try await send("unpublish", call, profile)
            return (200..<300).contains(response.status) ? nil : "it answered HTTP \(response.status)"
        } catch {
            return "\(error)"
        }
    }

    private func ask(_ call: Call, _ profile: WebHookProfile) async -> Verdict {
        let response: HTTPResponse
        do { response = try await send("publish", call, profile) } catch { return .failed("\(error)") }
        switch response.status {
        case 200..<300: return .allowed
        case 400..<500:
            let answer = try? JSONDecoder().decode(Answer.self, from: Data(response.body))
            return .refused(Self.words(answer?.reason, status: response.status, without: call.streamKey))
        default: return .failed("it answered HTTP \(response.status)")
        }
    }

    /// What of a stranger's words may stand in a log and before a user: one line, not long, and not the key.
    private static func words(_ reason: String?, status: Int, without key: String?) -> String {
        guard var text = reason?.onOneLine, !text.isEmpty else { return "refused by the operator (HTTP \(status))" }
        if let key, !key.isEmpty { text = text.replacingOccurrences(of: key, with: "(redacted)") }
        return String(text.prefix(200))
    }

    private func send(_ event: String, _ call: Call, _ profile: WebHookProfile) async throws -> HTTPResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = [UInt8](
            try encoder.encode(
                Body(
                    event: event, channel: call.channel, app: call.app, address: call.address, time: clock(),
                    reason: call.reason, streamKey: profile.sendStreamKey ? call.streamKey : nil)))
        var headers = [HTTPHeader("Content-Type", "application/json")]
        if let secret = profile.secret {
            let mac = hmacSHA256(body, key: Array(secret.reveal().utf8))
            let hex = mac.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            headers.append(HTTPHeader("X-Sluice-Signature", "sha256=\(hex)"))
        }
        let client = try client.withLock { client in
            let made = try client ?? HTTPClient(HTTPClient.Settings(maximumConnections: 256))
            client = made
            return made
        }
        return try await client.send(
            HTTPRequest(
                .post, profile.url, headers: headers, body: body, certificateAuthorityFile: profile.caFile,
                deadlineMilliseconds: profile.timeoutMilliseconds,
                connectTimeoutMilliseconds: profile.timeoutMilliseconds, maximumBodySize: 64 << 10))
    }

    /// Carries a verdict from a task to the thread that waits for it.
    private final class Outcome: Sendable {
        private let verdict = Mutex(Verdict.failed("it was not asked"))
        private let isThere = DispatchSemaphore(value: 0)

        func set(_ verdict: Verdict) {
            self.verdict.withLock { $0 = verdict }
            isThere.signal()
        }

        func wait() -> Verdict {
            isThere.wait()
            return verdict.withLock { $0 }
        }
    }
}
