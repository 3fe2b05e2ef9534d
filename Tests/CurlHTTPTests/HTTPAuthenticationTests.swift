import CurlHTTP
import LoopbackServer
import Testing

@Suite(.timeLimit(.minutes(1))) struct HTTPAuthenticationTests {
    private func header(_ name: String, with authentication: HTTPAuthentication) async throws -> String? {
        let server = try CannedServer { request in
            if case .digest = authentication, request.headers["authorization"] == nil {
                return .http(401, [("WWW-Authenticate", #"Digest realm="keys", nonce="abc", qop="auth""#)])
            }
            return .http(200)
        }
        defer { server.stop() }
        let response = try await HTTPClient().send(
            HTTPRequest(
                .post, server.url + "/speke", headers: [HTTPHeader("Content-Type", "application/xml")],
                body: Array("<a/>".utf8), authentication: authentication))
        #expect(response.status == 200)
        return server.requests.last?.headers[name]
    }

    @Test func basic() async throws {
        let value = try await header(
            "authorization", with: .basic(user: "Aladdin", password: HTTPSecret("open sesame")))
        #expect(value == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
    }

    @Test func bearer() async throws {
        #expect(try await header("authorization", with: .bearer(HTTPSecret("abc"))) == "Bearer abc")
    }

    @Test func ownHeader() async throws {
        #expect(try await header("x-api-key", with: .header(name: "X-Api-Key", value: HTTPSecret("abc"))) == "abc")
    }

    @Test func digest() async throws {
        let value = try await header("authorization", with: .digest(user: "Mufasa", password: HTTPSecret("Circle")))
        #expect(value?.hasPrefix("Digest ") == true)
        #expect(value?.contains(#"username="Mufasa""#) == true)
        #expect(value?.contains("response=\"") == true)
    }

    @Test func sigV4() async throws {
        let authentication = HTTPAuthentication.sigV4(
            accessKey: "AKID", secretKey: HTTPSecret("secret"), token: HTTPSecret("session"), region: "eu-west-1",
            service: "execute-api")
        let value = try await header("authorization", with: authentication)
        #expect(value?.hasPrefix("AWS4-HMAC-SHA256 Credential=AKID/") == true)
        #expect(value?.contains("/eu-west-1/execute-api/aws4_request") == true)
        #expect(value?.contains("x-amz-security-token") == true)
        #expect(try await header("x-amz-security-token", with: authentication) == "session")
    }

    @Test func secretsNeverPrint() {
        let authentication = HTTPAuthentication.basic(user: "user", password: HTTPSecret("geheim"))
        let request = HTTPRequest(.get, "http://127.0.0.1/", authentication: authentication)
        var dumped = ""
        dump(request, to: &dumped)
        for text in ["\(request)", String(reflecting: request), dumped] { #expect(!text.contains("geheim")) }
    }
}
