import CurlHTTP
import Foundation
import KeyServer
import Logging
import Synchronization
import TestKeyServer
import Testing
import ViewerTokens

/// Keeps what is logged, as text.
private final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(lines: self) }
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            let text = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
            lines.lines.withLock { $0.append("\(event.message) \(text)") }
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct RequestLogTests {
    @Test func oneLineForEachRequestAndNoSecrets() async throws {
        let log = LogLines()
        let exchange = try Exchange()
        let secret = try #require(TokenSecret([UInt8](repeating: 7, count: 32)))
        let token = ViewerToken(content: "news", expires: .max).minted(by: secret)
        let access = Access(tokenSecrets: [secret], spekeCredentials: Credentials("user:geheim"))
        var keys: [[UInt8]] = []
        keys = try await withKeyServer(access: access, logger: log.logger) { url async throws in
            let request = try Example.request()
            let bearer = "Bearer user:geheim"
            #expect(try await exchange.speke(url, request, headers: [.init("Authorization", bearer)]).status == 200)
            #expect(try await exchange.speke(url, request).status == 401)
            let key = try await exchange.get(ViewerToken.address("\(url)/keys/\(Example.video)", with: token))
            #expect(key.status == 200)
            #expect(try await exchange.get("\(url)/keys/\(Example.video)").status == 403)
            let licence = try await exchange.post(
                ViewerToken.address("\(url)/clearkey", with: token), #"{"kids":["ABEiM0RVZneImaq7zN3u_w"]}"#)
            #expect(licence.status == 200)
            return [key.body]
        }
        let lines = log.all
        #expect(lines.count == 5, "\(lines)")
        #expect(lines.first?.contains("contentId=\"news\" kids=\(Example.video) \(Example.audio)") == true)
        #expect(lines.first?.contains("method=POST") == true && lines.first?.contains("status=200") == true)
        #expect(lines.filter { $0.hasPrefix("refused") }.count == 2)
        let secrets = keys.flatMap { key in
            [Data(key).base64EncodedString(), Base64URL.encode(key), key.map { String(format: "%02x", $0) }.joined()]
        }
        for line in lines {
            for text in secrets + [token, "geheim"] { #expect(!line.contains(text)) }
        }
    }
}
