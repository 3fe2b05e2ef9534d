import CurlHTTP
import Foundation
import LoopbackServer
import MemoryScan
import OpenSSLCrypto
import Testing

/// What of an answer stays in memory: it came through OpenSSL's and libcurl's buffers.
@Suite(.timeLimit(.minutes(5)), .enabled(if: TestCertificates.arePossible)) struct AnswerRemainsTests {
    /// The server is another process, for it has the secret too.
    @Test func nothingOnceItIsLetGo() async throws {
        let certificates = try TestCertificates()
        defer { #expect(throws: Never.self) { try certificates.remove() } }
        let pair = try certificates.make("server")
        let needle = try Self.writeSecret(to: certificates.path("secret"))
        let server = Process()
        server.executableURL = URL(filePath: TestCertificates.program)
        server.currentDirectoryURL = URL(filePath: certificates.path("."))
        server.arguments = [
            "s_server", "-accept", "127.0.0.1:0", "-cert", pair.certificate, "-key", pair.key, "-WWW",
        ]
        let output = Pipe()
        server.standardOutput = output
        server.standardError = FileHandle.nullDevice
        try server.run()
        defer {
            // It inherits this thread's signal mask, in which SIGTERM may be blocked.
            kill(server.processIdentifier, SIGKILL)
            server.waitUntilExit()
        }
        let port = try Self.port(output.fileHandleForReading)
        let client = try HTTPClient(.init(certificateAuthorityFile: pair.certificate))
        var response: HTTPResponse? = try await client.send(HTTPRequest(.get, "https://127.0.0.1:\(port)/secret"))
        #expect(response?.content.count == Self.size)
        #expect(try MemoryScan.count(of: needle) >= 1, "in the answer, to show that the search finds it")
        response = nil
        #expect(try MemoryScan.count(of: needle) == 0)
    }

    private static let size = 3000

    private static func writeSecret(to path: String) throws -> MemoryScan.Needle {
        var bytes = try randomBytes(size)
        defer { cleanse(&bytes) }
        let file = open(path, O_WRONLY | O_CREAT, 0o600)
        try #require(file >= 0)
        defer { close(file) }
        #expect(bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == size)
        return MemoryScan.Needle(bytes.span.extracting(1000..<1032))
    }

    /// `s_server` says which port it got: "ACCEPT 127.0.0.1:12345".
    private static func port(_ handle: FileHandle) throws -> Int {
        var text = ""
        while true {
            let data = handle.availableData
            try #require(!data.isEmpty, "s_server ended: \(text)")
            text += String(decoding: data, as: UTF8.self)
            for line in text.split(separator: "\n").dropLast(text.hasSuffix("\n") ? 0 : 1)
            where line.hasPrefix("ACCEPT") {
                return try #require(line.split(separator: ":").last.flatMap { Int($0) })
            }
        }
    }
}
