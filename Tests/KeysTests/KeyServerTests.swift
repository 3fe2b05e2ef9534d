import CPIX
import CurlHTTP
import Foundation
import KeyServer
import Keys
import Media
import Testing

@Suite(.timeLimit(.minutes(1))) struct KeyServerTests {
    private let http: HTTPClient

    init() throws { http = try HTTPClient() }

    private func text(_ response: HTTPResponse) -> String { String(decoding: response.body, as: UTF8.self) }

    private func post(
        _ url: String, version: String? = "2.0", host: String? = nil, _ body: [UInt8]
    ) async throws -> HTTPResponse {
        var headers = version.map { [HTTPHeader("X-Speke-Version", $0)] } ?? []
        if let host { headers.append(HTTPHeader("Host", host)) }
        return try await http.send(
            HTTPRequest(.post, url + "/speke/v2.0/copyProtection", headers: headers, body: body))
    }

    private var request: CPIXDocument {
        SPEKERequest(
            KeyContract(contentID: "a", scheme: .cbcs, rotationIntervalSeconds: 60, systems: [.aes128]), period: 3
        ).document
    }

    @Test func theFixedTextsOfRefusals() async throws {
        try await withKeyServer { url in
            func refusal(_ change: (inout CPIXDocument) -> Void) async throws -> String {
                var document = request
                change(&document)
                let response = try await post(url, document.xml)
                #expect(response.status == 422)
                #expect(response[header: "X-Speke-Version"] == "2.0")
                return text(response).trimmingCharacters(in: .newlines)
            }
            #expect(try await refusal { $0.contentID = nil } == "Missing CPIX@contentId")
            #expect(try await refusal { $0.version = nil } == "Missing CPIX@version")
            #expect(try await refusal { $0.version = "2.4" } == "Unsupported CPIX@version")
            let id = request.contentKeys[0].keyID
            #expect(
                try await refusal { $0.contentKeys[0].commonEncryptionScheme = nil }
                    == "Missing ContentKey@commonEncryptionScheme for KID \(id)")
            #expect(
                try await refusal { $0.contentKeys[0].commonEncryptionScheme = "cenc" }
                    == "Non compliant ContentKey@commonEncryptionScheme combination")
            #expect(try await refusal { $0.usageRules = [] } == "Missing ContentKeyUsageRuleList")
            #expect(try await refusal { $0.usageRules[0].intendedTrackType = "ALL" }.contains("ALL"))
            for version in [nil, "1.0", "2.1"] as [String?] {
                let response = try await post(url, version: version, request.xml)
                #expect(response.status == 422 && text(response) == "Unsupported SPEKE version\n")
            }
            for body in [[], Array("<a/>".utf8), [UInt8](repeating: 0, count: 2 << 20)] {
                #expect(try await post(url, body).status == 422)
            }
        }
    }

    /// The media line in an answer.
    private func line(_ response: HTTPResponse) throws -> String {
        try #require(CPIXDocument(parsing: response.body).drmSystems.first?.hlsMedia.value?.first)
    }

    @Test func answersNameTheAddressThatWasAsked() async throws {
        let id = request.contentKeys[0].keyID
        try await withKeyServer { url in
            let plain = try line(await post(url, request.xml))
            #expect(plain == "#EXT-X-KEY:METHOD=AES-128,URI=\"\(url)/keys/\(id)\"")
            let named = try line(await post(url, host: "keys.example:1", request.xml))
            #expect(named.contains("\"http://keys.example:1/keys/\(id)\""))
            for host in ["a\"b", "a b", "a/b", "a<b", "ä"] {
                let status = try await post(url, host: host, request.xml).status
                #expect(status >= 400, "\(host)")
            }
        }
        try await withKeyServer(publicURL: "https://keys.example/base/") { url in
            let fixed = try line(await post(url, request.xml))
            #expect(fixed.contains("\"https://keys.example/base/keys/\(id)\""))
        }
    }

    @Test func clearKeyLicencesHoldTheKeysThatArePackaged() async throws {
        let id = "00112233445566778899aabbccddeeff"
        try await withKeyServer { url in
            let key = try await http.send(HTTPRequest(.get, url + "/keys/" + id)).body
            #expect(key.count == 16)
            let response = try await http.send(
                HTTPRequest(
                    .post, url + "/clearkey",
                    body: Array(
                        #"{"kids":["ABEiM0RVZneImaq7zN3u_w","AAAAAAAAAAAAAAAAAAAAAA"],"type":"temporary"}"#.utf8)))
            #expect(response.status == 200 && response[header: "Access-Control-Allow-Origin"] == "*")
            #expect(response[header: "Cache-Control"] == "no-store")
            struct Licence: Decodable {
                struct Key: Decodable { var kty: String, kid: String, k: String }
                var keys: [Key]
                var type: String
            }
            let licence = try JSONDecoder().decode(Licence.self, from: Data(response.body))
            #expect(licence.type == "temporary")
            #expect(licence.keys.map(\.kid) == ["ABEiM0RVZneImaq7zN3u_w", "AAAAAAAAAAAAAAAAAAAAAA"])
            let first = try #require(licence.keys.first)
            #expect(first.kty == "oct" && first.k.count == 22)
            let standard = first.k.replacing("-", with: "+").replacing("_", with: "/") + "=="
            #expect(Data(base64Encoded: standard) == Data(key))
            for bad in ["", "{}", #"{"kids":[]}"#, #"{"kids":["AAAA"]}"#, #"{"kids":[1]}"#, "[]"] {
                let refusal = try await http.send(HTTPRequest(.post, url + "/clearkey", body: Array(bad.utf8)))
                #expect(refusal.status == 400 && refusal[header: "Access-Control-Allow-Origin"] == "*", "\(bad)")
            }
        }
    }

    @Test func healthAndUnknownPaths() async throws {
        try await withKeyServer { url in
            let health = try await http.send(HTTPRequest(.get, url + "/healthz"))
            #expect(health.status == 200 && text(health) == "ok\n")
            for path in ["/", "/keys/", "/keys/xyz", "/keys/0011", "/speke/v2.0/copyProtection"] {
                let status = try await http.send(HTTPRequest(.get, url + path)).status
                #expect([404, 405].contains(status), "\(path)")
            }
        }
    }
}

@Suite struct MasterSecretTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "secret-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func refusal(_ path: String) throws -> String {
        try #require(throws: SecretFileError.self) { try MasterSecret.file(path) }.reason
    }

    @Test func theFileIsMadeOnceAndForItsOwnerAlone() throws {
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let path = folder.appending(path: "secret").path
        _ = try MasterSecret.file(path)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let bytes = try Data(contentsOf: URL(filePath: path))
        #expect(bytes.count == 32 && Set(bytes).count > 8)
        _ = try MasterSecret.file(path)
        #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
    }

    @Test func filesThatAreNotSafeAreRefused() throws {
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let path = folder.appending(path: "secret").path
        _ = try MasterSecret.file(path)
        for mode in [0o640, 0o604, 0o620, 0o666] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            #expect(try refusal(path).contains("chmod 600"))
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        let link = folder.appending(path: "link").path
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        #expect(try refusal(link).contains("cannot be opened"))
        #expect(try refusal(folder.path).contains("not a regular file"))
        #expect(try refusal(folder.path + "/no/such").contains("cannot be created"))
        for count in [0, 31, 33] {
            try Data(count: count).write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            #expect(try refusal(path).contains("exactly 32 bytes"))
        }
    }

    @Test func secretsNeverPrint() throws {
        let secret = try MasterSecret.random()
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped] { #expect(text.contains("redacted")) }
    }
}
