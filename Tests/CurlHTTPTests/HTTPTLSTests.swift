import CurlHTTP
import LoopbackServer
import Testing

/// Against a TLS server with certificates of its own making.
@Suite(.timeLimit(.minutes(5)), .enabled(if: TestCertificates.arePossible)) struct HTTPTLSTests {
    private let certificates: TestCertificates
    private let server: TestCertificates.Pair

    init() throws {
        certificates = try TestCertificates()
        server = try certificates.make("server")
    }

    private func code(
        _ url: String, _ settings: HTTPClient.Settings = .init(), caFile: String? = nil,
        _ authentication: HTTPAuthentication = .none
    ) async throws -> HTTPError.Code? {
        do throws(HTTPError) {
            let response = try await HTTPClient(settings).send(
                HTTPRequest(.post, url, body: [1], authentication: authentication, certificateAuthorityFile: caFile))
            #expect(response.status == 200 && response.body == Array("answer".utf8))
            return nil
        } catch {
            return error.code
        }
    }

    @Test func onlyACertificateOfAKnownAuthorityForThisNameIsAccepted() async throws {
        defer { #expect(throws: Never.self) { try certificates.remove() } }
        let tls = try ServerTLS(certificate: server.certificate, key: server.key)
        let server = try CannedServer(tls: tls) { _ in .http(200, text: "answer") }
        defer { server.stop() }
        let file = self.server.certificate
        #expect(try await code(server.url, .init(certificateAuthorityFile: file)) == nil)
        #expect(try await code(server.url, caFile: file) == nil)
        #expect(try await code(server.url) == .tls, "unknown authority")
        let other = try certificates.make("other")
        #expect(
            try await code(server.url, .init(certificateAuthorityFile: file), caFile: other.certificate) == .tls,
            "the request's authority goes before the client's")
        #expect(
            try await code("https://localhost:\(server.port)", caFile: file) == .tls, "a certificate for another name")
        #expect(try await code(server.url, caFile: "/nonexistent") == .tls, "no such file")
    }

    @Test func aServerThatAsksForACertificateGetsOurs() async throws {
        defer { #expect(throws: Never.self) { try certificates.remove() } }
        let ours = try certificates.make("ours")
        let strangers = try certificates.make("strangers")
        let tls = try ServerTLS(
            certificate: server.certificate, key: server.key, clientAuthority: ours.certificate)
        let server = try CannedServer(tls: tls) { _ in .http(200, text: "answer") }
        defer { server.stop() }
        func code(_ pair: TestCertificates.Pair?, key: String? = nil) async throws -> HTTPError.Code? {
            let authentication = pair.map {
                HTTPAuthentication.clientCertificate(certificateFile: $0.certificate, keyFile: key ?? $0.key)
            }
            return try await self.code(server.url, caFile: self.server.certificate, authentication ?? .none)
        }
        #expect(try await code(ours) == nil)
        // The server's refusal comes after our side of the handshake is done: in TLS 1.3 as a broken answer.
        #expect([.tls, .brokenAnswer].contains(try await code(nil)))
        #expect([.tls, .brokenAnswer].contains(try await code(strangers)))
        #expect(try await code(ours, key: strangers.key) == .tls, "another certificate's key")
        #expect(try await code(ours, key: "/nonexistent") == .tls)
        #expect(server.requests.count == 1)
    }
}
