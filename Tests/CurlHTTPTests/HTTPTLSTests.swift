import CurlHTTP
import Foundation
import LoopbackServer
import Testing

/// Against `openssl s_server` with a certificate of its own making.
@Suite(.timeLimit(.minutes(1)), .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")))
struct HTTPTLSTests {
    @Test func onlyACertificateOfAKnownAuthorityForThisNameIsAccepted() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let key = folder.appending(path: "key.pem").path
        let certificate = folder.appending(path: "cert.pem").path
        let maker = try openSSL([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext",
            "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
        ])
        maker.waitUntilExit()
        try #require(maker.terminationStatus == 0)
        // A port that was free a moment ago.
        let placeholder = try CannedServer { _ in .silence }
        let port = placeholder.port
        placeholder.stop()
        let server = try openSSL([
            "s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificate, "-key", key, "-www", "-quiet",
        ])
        defer { server.terminate() }

        func send(_ host: String, _ settings: HTTPClient.Settings) async throws(HTTPError) -> HTTPResponse {
            let client = try HTTPClient(settings)
            while true {
                do throws(HTTPError) {
                    return try await client.send(HTTPRequest(.get, "https://\(host):\(port)/"))
                } catch {
                    // The server may still be starting; the time limit ends a wait in vain.
                    guard error.code == .cannotConnect, server.isRunning else { throw error }
                }
            }
        }
        let trusting = HTTPClient.Settings(certificateAuthorityFile: certificate)
        #expect(try await send("127.0.0.1", trusting).status == 200)
        await #expect("unknown authority") { try await send("127.0.0.1", HTTPClient.Settings()) } throws: {
            ($0 as? HTTPError)?.code == .tls
        }
        await #expect("another name") { try await send("localhost", trusting) } throws: {
            ($0 as? HTTPError)?.code == .tls
        }
        await #expect("no such CA file") {
            try await send("127.0.0.1", HTTPClient.Settings(certificateAuthorityFile: "/nonexistent"))
        } throws: {
            ($0 as? HTTPError)?.code == .tls
        }
        #expect(try await send("localhost", HTTPClient.Settings(verifiesCertificates: false)).status == 200)
    }

    private func openSSL(_ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }
}
