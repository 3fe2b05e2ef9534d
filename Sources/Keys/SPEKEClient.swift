import CPIX
package import CurlHTTP
package import Media

/// Asks a key provider for keys by SPEKE 2.0.
package struct SPEKEClient: Sendable {
    /// Where the provider is and how it knows us.
    package struct Provider: Sendable {
        package var url: String
        package var authentication: HTTPAuthentication
        /// Sent beside those of SPEKE.
        package var headers: [HTTPHeader]
        package var deadlineMilliseconds: UInt32

        package init(
            url: String, authentication: HTTPAuthentication = .none, headers: [HTTPHeader] = [],
            deadlineMilliseconds: UInt32 = 10_000
        ) {
            self.url = url
            self.authentication = authentication
            self.headers = headers
            self.deadlineMilliseconds = deadlineMilliseconds
        }
    }

    private let http: HTTPClient
    private let provider: Provider

    package init(_ http: HTTPClient, _ provider: Provider) {
        self.http = http
        self.provider = provider
    }

    /// The keys of one period; one request, no retry.
    package func keys(for contract: KeyContract, period: KeyPeriod) async throws(KeyError) -> PeriodKeys {
        let request = SPEKERequest(contract, period: period)
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await http.send(
                HTTPRequest(
                    .post, provider.url,
                    headers: [
                        HTTPHeader("Content-Type", "application/xml"), HTTPHeader("Accept", "application/xml"),
                        HTTPHeader("X-Speke-Version", SPEKERequest.version),
                    ] + provider.headers,
                    body: request.document.xml, authentication: provider.authentication,
                    deadlineMilliseconds: provider.deadlineMilliseconds))
        } catch {
            switch error.code {
            case .bodyTooLarge, .brokenAnswer: throw KeyError(.invalidAnswer, error.description)
            case .invalidRequest, .cannotConnect, .timedOut, .tls, .cancelled, .other:
                throw KeyError(.unavailable, error.description)
            }
        }
        try Self.check(response)
        let answer: CPIXDocument
        do throws(CPIXError) {
            answer = try CPIXDocument(parsing: response.body)
        } catch {
            throw KeyError(.invalidAnswer, error.reason)
        }
        return try request.keys(in: answer)
    }

    private static func check(_ response: HTTPResponse) throws(KeyError) {
        guard response.status == 200 else {
            let text = firstLine(response.body)
            let reason = "status \(response.status)" + (text.isEmpty ? "" : ": \(text)")
            let wait = response[header: "Retry-After"].flatMap { UInt32($0) }
            switch response.status {
            // "Too many requests" and "request timeout" say nothing about the request itself.
            case 408, 425, 429: throw KeyError(.unavailable, reason, retryAfterSeconds: wait)
            case 400...499: throw KeyError(.refused, reason, retryAfterSeconds: wait)
            case 500...599: throw KeyError(.unavailable, reason, retryAfterSeconds: wait)
            default: throw KeyError(.invalidAnswer, reason)
            }
        }
        let version = response[header: "X-Speke-Version"]
        guard version == SPEKERequest.version else {
            let text = version.map { "\($0.debugDescription), not \(SPEKERequest.version)" } ?? "missing"
            throw KeyError(.invalidAnswer, "its X-Speke-Version is \(text)")
        }
    }

    /// The first line of a provider's message, short and printable. Never used on an answer with keys.
    private static func firstLine(_ body: [UInt8]) -> String {
        let line = body.prefix { $0 != 10 && $0 != 13 }.prefix(200)
        return String(decoding: line.map { $0 < 0x20 || $0 == 0x7f ? 0x20 : $0 }, as: UTF8.self)
    }
}
