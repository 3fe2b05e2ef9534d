import CurlHTTP
import LoopbackServer
import OpenSSLCrypto
import Testing

@Suite(.timeLimit(.minutes(5))) struct HTTPAuthenticationTests {
    /// The request as the server got it.
    private func request(
        _ authentication: HTTPAuthentication, path: String = "/speke", secretHeaders: [HTTPSecretHeader] = []
    ) async throws -> CannedServer.Request {
        let server = try CannedServer { request in
            if case .digest = authentication, request.headers["authorization"] == nil {
                return .http(
                    401,
                    [("WWW-Authenticate", #"Digest realm="keys", nonce="abc", algorithm=SHA-256, qop="auth""#)],
                    text: "who are you?")
            }
            return .http(200, text: "fine")
        }
        defer { server.stop() }
        let response = try await HTTPClient().send(
            HTTPRequest(
                .post, server.url + path, headers: [HTTPHeader("Content-Type", "application/xml")],
                secretHeaders: secretHeaders, body: Array("<a/>".utf8), authentication: authentication))
        #expect(response.status == 200 && response.body == Array("fine".utf8))
        let request = try #require(server.requests.last)
        #expect(request.body == Array("<a/>".utf8))
        return request
    }

    @Test func none() async throws {
        #expect(try await request(.none).headers["authorization"] == nil)
    }

    @Test func basic() async throws {
        let request = try await request(.basic(user: "Aladdin", password: HTTPSecret("open sesame")))
        #expect(request.headers["authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
    }

    @Test func bearer() async throws {
        #expect(try await request(.bearer(HTTPSecret("abc"))).headers["authorization"] == "Bearer abc")
    }

    @Test func headersOfTheProvidersOwn() async throws {
        let request = try await request(
            .header(name: "X-Api-Key", value: HTTPSecret("abc")),
            secretHeaders: [
                HTTPSecretHeader("X-Tenant", HTTPSecret("one")), HTTPSecretHeader("X-Signature", HTTPSecret("two")),
            ])
        #expect(request.headers["x-api-key"] == "abc")
        #expect(request.headers["x-tenant"] == "one")
        #expect(request.headers["x-signature"] == "two")
    }

    /// RFC 7616, clause 3.4.1, reckoned here once more.
    @Test func digest() async throws {
        let value = try await request(.digest(user: "Mufasa", password: HTTPSecret("Circle"))).headers["authorization"]
        let text = try #require(value)
        #expect(text.hasPrefix("Digest "))
        func field(_ name: String) -> String {
            for part in text.dropFirst(7).split(separator: ",") {
                let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if pair.first == name[...], pair.count == 2 { return pair[1].filter { $0 != "\"" } }
            }
            return ""
        }
        let name = hexadecimal(sha256(Array("Mufasa:keys:Circle".utf8)))
        let action = hexadecimal(sha256(Array("POST:/speke".utf8)))
        let all = [name, "abc", field("nc"), field("cnonce"), "auth", action].joined(separator: ":")
        #expect(field("response") == hexadecimal(sha256(Array(all.utf8))))
        #expect(field("username") == "Mufasa")
    }

    private static func sigV4(token: HTTPSecret?) -> HTTPAuthentication {
        .sigV4(
            accessKey: "AKID", secretKey: HTTPSecret("wJalrXUtnFEMI/K7MDENG"), token: token, region: "eu-west-1",
            service: "execute-api")
    }

    /// The signature, reckoned here once more from what arrived. AWS Signature Version 4, "Create a signed request".
    @Test(arguments: [
        ("/EkeStage/copyProtection", ""), ("/speke?b=2&a=1", "a=1&b=2"), ("/speke?token", "token="),
        ("/speke?x=a/b c&X=%7e&y=%c3%a4&x=A", "X=%7E&x=A&x=a%2Fb%20c&y=%C3%A4"), ("/speke?", ""),
        ("/speke?a=1=2#part", "a=1%3D2"),
    ])
    func sigV4(path: String, query: String) async throws {
        let token = HTTPSecret("session")
        // A blank cannot be in a URL: what would be one is written as such here only to be readable.
        let request = try await request(
            Self.sigV4(token: token), path: path.replacing(" ", with: "%20"),
            secretHeaders: [HTTPSecretHeader("X-Tenant", HTTPSecret("one"))])
        let sent = try #require(request.line.split(separator: " ").last)
        #expect(sent.split(separator: "?").dropFirst().joined() == query)
        #expect(request.headers["x-amz-security-token"] == "session")
        let text = try #require(request.headers["authorization"])
        let date = try #require(request.headers["x-amz-date"])
        let scope = "\(date.prefix(8))/eu-west-1/execute-api/aws4_request"
        #expect(text.hasPrefix("AWS4-HMAC-SHA256 Credential=AKID/\(scope), SignedHeaders="))
        let names = try #require(text.split(separator: "SignedHeaders=").last?.split(separator: ",").first)
        let signed = names.split(separator: ";").map(String.init)
        #expect(signed == signed.sorted())
        #expect(Set(signed).isSuperset(of: ["host", "x-amz-date", "x-amz-security-token", "x-tenant"]))
        var canonical = "POST\n\(sent.split(separator: "?")[0])\n\(query)\n"
        for name in signed { canonical += "\(name):\(request.headers[name] ?? "?")\n" }
        canonical += "\n\(names)\n\(hexadecimal(sha256(request.body)))"
        let toSign = "AWS4-HMAC-SHA256\n\(date)\n\(scope)\n\(hexadecimal(sha256(Array(canonical.utf8))))"
        var key = Array("AWS4wJalrXUtnFEMI/K7MDENG".utf8)
        for part in scope.split(separator: "/") { key = hmacSHA256(Array(part.utf8), key: key) }
        #expect(text.hasSuffix("Signature=" + hexadecimal(hmacSHA256(Array(toSign.utf8), key: key))))
    }

    @Test func longTermCredentialsSendNoToken() async throws {
        let request = try await request(Self.sigV4(token: nil))
        #expect(request.headers["x-amz-security-token"] == nil)
    }

    @Test func secretsNeverPrint() {
        let request = HTTPRequest(
            .get, "https://user:geheim1@127.0.0.1/a?token=geheim2#geheim3",
            secretHeaders: [HTTPSecretHeader("X-Key", HTTPSecret("geheim4"))],
            authentication: .basic(user: "user", password: HTTPSecret("geheim5")))
        var dumped = ""
        dump(request, to: &dumped)
        dump(request.authentication, to: &dumped)
        dump(request.secretHeaders, to: &dumped)
        for text in ["\(request)", String(reflecting: request), dumped] {
            #expect(!text.contains("geheim"))
        }
        #expect("\(request)" == "GET https://127.0.0.1/a")
    }

    @Test func whatAServerSaysIsShownWithoutOurSecrets() {
        let request = HTTPRequest(
            .get, "https://keys.example/a?token=abc%2Fdef&x=1&lonely",
            secretHeaders: [HTTPSecretHeader("X-Key", HTTPSecret("geheim"))],
            authentication: .bearer(HTTPSecret("geheimer")))
        #expect(
            request.redacting("no: abc%2Fdef, abc/def, lonely, geheim, geheimer, 1")
                == "no: (redacted), (redacted), (redacted), (redacted), (redacted), 1")
    }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}
