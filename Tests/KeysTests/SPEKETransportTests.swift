import CPIX
import CommonEncryption
import CurlHTTP
import Foundation
import Keys
import LoopbackServer
import Media
import Testing

/// Over TLS with certificates of both sides, and with keys encrypted within it.
@Suite(.timeLimit(.minutes(5)), .enabled(if: TestCertificates.arePossible)) struct SPEKETransportTests {
    private static let contract = KeyContract(
        contentID: "news", scheme: .cbcs, rotationIntervalSeconds: 60, systems: [.widevine])

    @Test func keysEncryptedForUsOverTLSForUs() async throws {
        let certificates = try TestCertificates()
        defer { #expect(throws: Never.self) { try certificates.remove() } }
        let ours = try certificates.make("ours")
        let document = try certificates.make("document")
        let theirs = try certificates.make("theirs")
        let tls = try ServerTLS(
            certificate: theirs.certificate, key: theirs.key, clientAuthority: ours.certificate)
        let server = try CannedServer(tls: tls) { request in
            CannedProvider.http(request) { document in
                #expect(document.deliveryData.count == 1 && document.deliveryData[0].documentKey == nil)
                try document.encryptKeys()
                #expect(!String(decoding: document.xml, as: UTF8.self).contains("PlainValue"))
            }
        }
        defer { server.stop() }
        let keys = try await SPEKEClient(
            HTTPClient(),
            .init(
                urls: [server.url + "/speke"],
                authentication: .clientCertificate(certificateFile: ours.certificate, keyFile: ours.key),
                secretHeaders: [HTTPSecretHeader("X-Tenant", HTTPSecret("one"))],
                certificateAuthorityFile: theirs.certificate,
                documentIdentity: try DocumentIdentity(
                    certificateFile: document.certificate, privateKeyFile: document.key))
        ).keys(for: Self.contract, period: 7)
        for (_, key) in keys.entries { #expect(bytes(key.key) == key.keyID.bytes.map { $0 ^ 1 }) }
        #expect(server.requests.first?.headers["x-tenant"] == "one")
    }

    @Test func anEncryptedAnswerIsCheckedAndAClearOneRefused() async throws {
        let certificates = try TestCertificates()
        defer { #expect(throws: Never.self) { try certificates.remove() } }
        let pair = try certificates.make("document")
        let identity = try DocumentIdentity(certificateFile: pair.certificate, privateKeyFile: pair.key)
        func failure(_ change: @escaping @Sendable (inout CPIXDocument) throws -> Void) async throws -> KeyError {
            let server = try CannedServer { CannedProvider.http($0, change) }
            defer { server.stop() }
            return try await #require(throws: KeyError.self) {
                try await SPEKEClient(HTTPClient(), .init(urls: [server.url], documentIdentity: identity))
                    .keys(for: Self.contract, period: 7)
            }
        }
        let clear = try await failure { _ in }
        #expect(clear == KeyError(.invalidAnswer, "the document has no DocumentKey and MACMethod for us"))
        let changed = try await failure {
            try $0.encryptKeys()
            $0.contentKeys[1].encrypted?.cipherValue[20] ^= 1
        }
        #expect(changed.reason.hasPrefix("the ValueMAC of KID "))
        let half = try await failure {
            let key = $0.contentKeys[1].key
            try $0.encryptKeys()
            $0.contentKeys[1].encrypted = nil
            $0.contentKeys[1].key = key
        }
        #expect(half.reason.hasSuffix("came in the clear"))
    }

    @Test func filesThatAreNoIdentityAreNamed() throws {
        let certificates = try TestCertificates()
        defer { #expect(throws: Never.self) { try certificates.remove() } }
        let pair = try certificates.make("document")
        let other = try certificates.make("other")
        let small = try certificates.make("small", bits: 1024)
        func fault(_ certificate: String, _ key: String) throws -> String {
            try #require(throws: DocumentIdentity.Fault.self) {
                _ = try DocumentIdentity(certificateFile: certificate, privateKeyFile: key)
            }.description
        }
        #expect(try fault("/nonexistent", pair.key) == "/nonexistent cannot be read: No such file or directory")
        #expect(try fault(pair.certificate, "/nonexistent").hasPrefix("/nonexistent cannot be read"))
        #expect(try fault(pair.certificate, "/tmp").hasPrefix("/tmp cannot be read"))
        #expect(
            try fault(pair.key, pair.key)
                == "\(pair.key) is not the PEM of a certificate with an RSA key of at least 2048 bits")
        #expect(
            try fault(pair.certificate, pair.certificate)
                == "\(pair.certificate) is not the PEM of an RSA private key of at least 2048 bits without a passphrase"
        )
        #expect(try fault(small.certificate, small.key).contains("at least 2048 bits"))
        #expect(
            try fault(pair.certificate, other.key)
                == "\(other.key) is not the private key of the certificate \(pair.certificate)")
    }
}
