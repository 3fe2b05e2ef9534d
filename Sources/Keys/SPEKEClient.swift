import CPIX
package import CurlHTTP
package import Media
import Synchronization

/// Asks a key provider for keys by SPEKE 1.0, 2.0 or 2.1, at whichever of its addresses answers.
///
/// Copies share what they have learnt: the address that answered last, and which keys were given before.
package struct SPEKEClient: Sendable {
    private final class Memory: Sendable {
        /// The place of the address that answered last.
        let address = Atomic(0)
        let keys: KnownKeys

        init(_ keys: KnownKeys) { self.keys = keys }
    }

    private let http: HTTPClient
    private let provider: Provider
    private let memory: Memory

    /// - Parameter known: shared by clients for the same content: a key of another contract is noticed too.
    package init(_ http: HTTPClient, _ provider: Provider, known: KnownKeys = KnownKeys()) {
        self.http = http
        self.provider = provider
        memory = Memory(known)
    }

    /// Tells of keys that are held from before, as after a restart, so that their coming again is noticed.
    package func remember(_ keys: PeriodKeys) { _ = memory.keys.admit(keys, acceptsRepeated: true) }

    /// The keys of one period: one request, or one to each address until one answers; no other retry.
    ///
    /// A refusal (4xx) is an answer, and the other addresses' would be the same. No connection, a timeout, a 5xx or an
    /// unusable answer is none.
    package func keys(for contract: KeyContract, period: KeyPeriod) async throws(KeyError) -> PeriodKeys {
        if provider.version == .v1, contract.entries.count != 1 {
            throw KeyError(.refused, "SPEKE 1.0 has one key for everything; keyPolicy must be SHARED")
        }
        let request = SPEKERequest(
            contract, period: period, version: provider.version, quirks: provider.quirks,
            allowsKeyIDOverride: provider.allowsKeyIDOverride, certificate: provider.documentIdentity?.certificate)
        let body = request.document.xml
        let first = memory.address.load(ordering: .relaxed)
        var failures: [KeyError] = []
        for turn in provider.urls.indices {
            let place = (first + turn) % provider.urls.count
            let http = httpRequest(to: provider.urls[place], body)
            do throws(KeyError) {
                let keys = try await keys(for: request, by: http)
                memory.address.store(place, ordering: .relaxed)
                return keys
            } catch {
                guard provider.urls.count > 1, error.code != .refused, !Task.isCancelled else { throw error }
                var failure = error
                failure.reason = "\(http): \(error.reason)"
                failures.append(failure)
            }
        }
        throw Self.summary(failures)
    }

    /// All addresses failed.
    private static func summary(_ failures: [KeyError]) -> KeyError {
        // A provider of which one replica is silent and another talks nonsense is unavailable before all.
        let code = failures.contains { $0.code == .unavailable } ? KeyError.Code.unavailable : .invalidAnswer
        return KeyError(
            code, "none of \(failures.count) addresses answered: " + failures.map(\.reason).joined(separator: "; "),
            retryAfterSeconds: failures.compactMap(\.retryAfterSeconds).min())
    }

    private func httpRequest(to url: String, _ body: [UInt8]) -> HTTPRequest {
        var headers = [HTTPHeader("Content-Type", "application/xml"), HTTPHeader("Accept", "application/xml")]
        if provider.version != .v1 { headers.append(HTTPHeader("X-Speke-Version", provider.version.rawValue)) }
        return HTTPRequest(
            .post, url, headers: headers + provider.headers, secretHeaders: provider.secretHeaders, body: body,
            authentication: provider.authentication, certificateAuthorityFile: provider.certificateAuthorityFile,
            deadlineMilliseconds: provider.deadlineMilliseconds)
    }

    private func keys(for request: SPEKERequest, by httpRequest: HTTPRequest) async throws(KeyError) -> PeriodKeys {
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await http.send(httpRequest)
        } catch {
            switch error.code {
            case .bodyTooLarge, .brokenAnswer: throw KeyError(.invalidAnswer, error.description)
            case .invalidRequest, .cannotConnect, .timedOut, .tls, .cancelled, .other:
                throw KeyError(.unavailable, error.description)
            }
        }
        try check(response, httpRequest)
        var answer: CPIXDocument
        do throws(CPIXError) {
            answer = try CPIXDocument(parsing: response.content.span)
            if let identity = provider.documentIdentity {
                try answer.decryptKeys(with: identity.privateKey, certificate: identity.certificate)
            }
        } catch {
            throw KeyError(.invalidAnswer, error.reason)
        }
        let keys = try request.keys(in: answer)
        switch memory.keys.admit(keys, acceptsRepeated: provider.quirks.acceptRepeatedKeys) {
        case .changed(let id):
            throw KeyError(.invalidAnswer, "KID \(id) has another key than before")
        case .repeated(let id, before: let earlier):
            throw KeyError(.invalidAnswer, "a stale key: KID \(id) has the key that KID \(earlier) had before")
        case .none: return keys
        }
    }

    private func check(_ response: HTTPResponse, _ request: HTTPRequest) throws(KeyError) {
        guard response.status == 200 else {
            let text = String(request.redacting(Self.firstLine(response.body)).prefix(200))
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
        // SPEKE 1.0 does not say which version it is.
        if provider.version == .v1 { return }
        let version = response[header: "X-Speke-Version"]
        if version == nil, provider.quirks.acceptMissingVersionHeader { return }
        guard version == provider.version.rawValue else {
            let text = version.map { "\($0.debugDescription), not \(provider.version.rawValue)" } ?? "missing"
            throw KeyError(.invalidAnswer, "its X-Speke-Version is \(text)")
        }
    }

    /// The first line of a provider's message, printable. Never used on an answer with keys.
    private static func firstLine(_ body: [UInt8]) -> String {
        let line = body.prefix { $0 != 10 && $0 != 13 }.prefix(4096)
        return String(decoding: line.map { $0 < 0x20 || $0 == 0x7f ? 0x20 : $0 }, as: UTF8.self)
    }
}
