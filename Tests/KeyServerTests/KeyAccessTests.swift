import CPIX
import CommonEncryption
import CurlHTTP
import Foundation
import KeyServer
import Media
import TestKeyServer
import Testing
import ViewerTokens

@Suite(.timeLimit(.minutes(5))) struct KeyAccessTests {
    private let exchange: Exchange
    private let secret: TokenSecret
    private let older: TokenSecret
    private let stranger: TokenSecret

    init() throws {
        exchange = try Exchange()
        secret = try #require(TokenSecret([UInt8](repeating: 7, count: 32)))
        older = try #require(TokenSecret([UInt8](repeating: 8, count: 40)))
        stranger = try #require(TokenSecret([UInt8](repeating: 9, count: 32)))
    }

    private func token(_ content: String, _ lifetime: Double = 60, by secret: TokenSecret? = nil) -> String {
        ViewerToken(content: content, expires: Int64(Date().timeIntervalSince1970 + lifetime))
            .minted(by: secret ?? self.secret)
    }

    private func bytes(_ key: ContentKey?) throws -> [UInt8] {
        let key = try #require(key)
        return (0..<key.bytes.count).map { key.bytes[$0] }
    }

    @Test func withoutASecretThisMachineGetsKeys() async throws {
        try await withKeyServer { url async throws in
            let key = try await exchange.get("\(url)/keys/\(Example.video)")
            #expect(key.status == 200 && key.body.count == 16)
            #expect(key[header: "Content-Type"] == "application/octet-stream")
            #expect(key[header: "Cache-Control"] == "no-store" && key[header: "Access-Control-Allow-Origin"] == "*")
            let answer = try await exchange.answer(url, try Example.request())
            #expect(try key.body == bytes(answer.contentKeys[0].key))
            // Through a proxy it may be anybody.
            for (name, value) in [
                ("X-Forwarded-For", "x"), ("X-Real-IP", "x"), ("Forwarded", "x"), ("Via", "x"),
                ("Host", "keys.example"), ("Host", "127.0.0.1.keys.example:80"), ("Host", "192.0.2.1"),
                ("Host", "[2001:db8::1]:8090"),
            ] {
                let headers = [HTTPHeader(name, value)]
                let refused = try await exchange.get("\(url)/keys/\(Example.video)", headers: headers)
                #expect(refused.status == 403 && refused.text.contains("this machine"))
                #expect(refused[header: "Cache-Control"] == "no-store")
                let licence = try await exchange.post("\(url)/clearkey", "{}", headers: headers)
                #expect(licence.status == 403)
                #expect(try await exchange.speke(url, try Example.request(), headers: headers).status == 403)
            }
        }
        try await withKeyServer { url async throws in
            for host in ["localhost", "LocalHost:8090", "127.0.0.1:8090", "127.9.9.9", "[::1]:8090", "[::1]"] {
                let key = try await exchange.get("\(url)/keys/\(Example.video)", headers: [HTTPHeader("Host", host)])
                #expect(key.status == 200, "\(host)")
            }
        }
        try await withKeyServer(access: Access(openness: .everybody)) { url async throws in
            let headers = [HTTPHeader("Forwarded", "x")]
            let key = try await exchange.get("\(url)/keys/\(Example.video)", headers: headers)
            let answer = try await exchange.speke(url, try Example.request(), headers: headers)
            #expect(key.status == 200 && answer.status == 200)
        }
    }

    @Test func withOneATokenIsAskedFor() async throws {
        try await withKeyServer(access: Access(tokenSecrets: [secret, older])) { url async throws in
            let answer = try await exchange.answer(url, try Example.request())
            let address = "\(url)/keys/\(Example.video)"
            for (name, value) in [
                ("a token is missing", nil), ("none of ours", "x"), ("expired", token("news", -1)),
                ("another secret", token("news", by: stranger)),
                ("signature", token("news").dropLast(3) + "AAA"), ("other content", token("sport")),
            ] as [(String, String?)] {
                let refused = try await exchange.get(value.map { ViewerToken.address(address, with: $0) } ?? address)
                #expect(refused.status == 403 && refused.text.contains(name), "\(refused.text)")
                #expect(refused[header: "Cache-Control"] == "no-store")
                #expect(refused[header: "Access-Control-Allow-Origin"] == "*")
            }
            for good in [token("news"), token("news", by: older)] {
                let byQuery = try await exchange.get(ViewerToken.address(address, with: good))
                let byHeader = try await exchange.get(address, headers: [.init("Authorization", "bearer \(good)")])
                #expect(try byQuery.status == 200 && byQuery.body == bytes(answer.contentKeys[0].key))
                #expect(byHeader.body == byQuery.body)
            }
        }
    }

    /// Even where the server does not remember whose a key is, as after a start.
    @Test func aTokenOpensNoOtherContentsKey() async throws {
        let master = try MasterSecret.random()
        let access = Access(tokenSecrets: [secret])
        let key = try await withKeyServer(secret: master, access: access) { url async throws in
            try bytes(try await exchange.answer(url, try Example.request()).contentKeys[0].key)
        }
        try await withKeyServer(secret: master, access: access) { url async throws in
            func fetched(_ content: String) async throws -> [UInt8] {
                try await exchange.get(ViewerToken.address("\(url)/keys/\(Example.video)", with: token(content))).body
            }
            #expect(try await fetched("news") == key)
            let other = try await fetched("sport")
            #expect(other.count == 16 && other != key)
        }
    }

    private struct Licence: Decodable {
        struct Key: Decodable { var kty: String, kid: String, k: String }
        var keys: [Key]
        var type: String
    }

    @Test func clearKeyLicencesHoldTheKeysThatArePackaged() async throws {
        try await withKeyServer { url async throws in
            let key = try await exchange.get("\(url)/keys/\(Example.video)").body
            let response = try await exchange.post(
                "\(url)/clearkey", #"{"kids":["ABEiM0RVZneImaq7zN3u_w","AAAAAAAAAAAAAAAAAAAAAA"],"type":"temporary"}"#)
            #expect(response.status == 200 && response[header: "Access-Control-Allow-Origin"] == "*")
            #expect(response[header: "Cache-Control"] == "no-store")
            let licence = try JSONDecoder().decode(Licence.self, from: Data(response.body))
            #expect(licence.type == "temporary")
            #expect(licence.keys.map(\.kid) == ["ABEiM0RVZneImaq7zN3u_w", "AAAAAAAAAAAAAAAAAAAAAA"])
            #expect(licence.keys.first?.kty == "oct" && licence.keys.first?.k.count == 22)
            #expect(Base64URL.decode(licence.keys.first?.k ?? "") == key)
            for bad in ["", "{}", #"{"kids":[]}"#, #"{"kids":["AAAA"]}"#, #"{"kids":[1]}"#, "[]"] {
                let refusal = try await exchange.post("\(url)/clearkey", bad)
                #expect(refusal.status == 400 && refusal[header: "Access-Control-Allow-Origin"] == "*", "\(bad)")
            }
        }
    }

    @Test func licencesNeedTokensToo() async throws {
        let request = #"{"kids":["ABEiM0RVZneImaq7zN3u_w"]}"#
        try await withKeyServer(access: Access(tokenSecrets: [secret])) { url async throws in
            let key = try bytes(try await exchange.answer(url, try Example.request()).contentKeys[0].key)
            #expect(try await exchange.post("\(url)/clearkey", request).status == 403)
            let other = ViewerToken.address("\(url)/clearkey", with: token("sport"))
            #expect(try await exchange.post(other, request).status == 403)
            let good = try await exchange.post(ViewerToken.address("\(url)/clearkey", with: token("news")), request)
            let licence = try JSONDecoder().decode(Licence.self, from: Data(good.body))
            #expect(Base64URL.decode(licence.keys.first?.k ?? "") == key)
        }
    }

    @Test func encryptorsShowTheirCredentials() async throws {
        let access = Access(spekeCredentials: Credentials("packager:geheim:1"))
        #expect(Credentials("no-colon") == nil && Credentials(":a") == nil && Credentials("a:") == nil)
        #expect("\(access.spekeCredentials.debugDescription)".contains("redacted"))
        try await withKeyServer(access: access) { url async throws in
            let request = try Example.request()
            func status(_ value: String?) async throws -> HTTPResponse {
                try await exchange.speke(url, request, headers: value.map { [.init("Authorization", $0)] } ?? [])
            }
            for wrong in [nil, "Basic eDp5", "Bearer x", "packager:geheim:1"] as [String?] {
                let refused = try await status(wrong)
                #expect(refused.status == 401 && refused[header: "WWW-Authenticate"]?.hasPrefix("Basic") == true)
            }
            let basic = Data("packager:geheim:1".utf8).base64EncodedString()
            #expect(try await status("Basic \(basic)").status == 200)
            #expect(try await status("Bearer packager:geheim:1").status == 200)
        }
    }

    @Test func healthAndUnknownPaths() async throws {
        try await withKeyServer { url async throws in
            let health = try await exchange.get(url + "/healthz")
            #expect(health.status == 200 && health.text == "ok")
            for path in ["/", "/keys/", "/keys/xyz", "/keys/0011", "/speke/v2.0/copyProtection", "/faults"] {
                #expect([404, 405].contains(try await exchange.get(url + path).status), "\(path)")
            }
        }
    }
}
