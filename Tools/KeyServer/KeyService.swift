import CPIX
import CommonEncryption
import HTTPTypes
import Hummingbird
package import Logging
import Media
import NIOCore
import UnixSignals

/// A small key provider over HTTP: SPEKE 2.0, keys for AES-128, licences for ClearKey.
///
/// Every key follows from the secret and the KID: nothing is stored, and the same question always gets the same
/// answer. Whoever reaches it gets keys: it is for trying things out and for tests.
package struct KeyService: Sendable {
    private let secret: MasterSecret
    private let publicURL: String?
    private let logger: Logger

    static let spekeVersion = "2.0"
    /// Bytes of a request that are read.
    private static let maximumRequest = 1 << 20

    /// - Parameter publicURL: what answers name as the server's address; nil: what the request was sent to.
    package init(secret: MasterSecret, publicURL: String? = nil, logger: Logger) {
        self.secret = secret
        self.publicURL = publicURL.map { String($0.reversed().drop { $0 == "/" }.reversed()) }
        self.logger = logger
    }

    /// Serves until the task is cancelled or, if asked to, until SIGTERM or SIGINT; then finishes what is under way.
    ///
    /// - Parameters:
    ///   - port: 0 takes any free one.
    ///   - onListening: gets the port that was bound.
    package func run(
        host: String, port: Int, handlingSignals: Bool = false, onListening: @escaping @Sendable (Int) async -> Void
    ) async throws {
        let application = Application(
            router: router(), configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { await onListening($0.localAddress?.port ?? port) }, logger: logger)
        try await application.runService(gracefulShutdownSignals: handlingSignals ? [.sigterm, .sigint] : [])
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.get("healthz") { _, _ in Self.text(.ok, "ok") }
        router.post("speke/v2.0/copyProtection") { request, _ in try await copyProtection(request) }
        router.get("keys/:kid") { _, context in try key(context.parameters.get("kid")) }
        router.post("clearkey") { request, _ in try await licence(request) }
        for path in ["keys/:kid", "clearkey"] as [RouterPath] {
            router.on(path, method: .options) { _, _ in
                var response = Response(status: .noContent)
                response.headers[values: .accessControlAllowOrigin] = ["*"]
                response.headers[values: .accessControlAllowMethods] = ["GET, POST, OPTIONS"]
                response.headers[values: .accessControlAllowHeaders] = ["*"]
                response.headers[values: .accessControlMaxAge] = ["86400"]
                return response
            }
        }
        return router
    }

    private func copyProtection(_ request: Request) async throws -> Response {
        var response: Response
        do throws(Refusal) {
            guard let version = HTTPField.Name("X-Speke-Version"),
                request.headers[version] == Self.spekeVersion
            else { throw .unsupportedSPEKEVersion }
            let body: [UInt8]
            do {
                body = Array(buffer: try await request.body.collect(upTo: Self.maximumRequest))
            } catch {
                throw Refusal(text: "the request has more than \(Self.maximumRequest) bytes, or broke off")
            }
            let document: CPIXDocument
            do throws(CPIXError) { document = try CPIXDocument(parsing: body) } catch {
                throw Refusal(text: error.reason)
            }
            let answer = try KeyAnswer(secret: secret, baseURL: baseURL(request)).filled(document)
            logger.info(
                "answered",
                metadata: [
                    "contentId": "\((answer.contentID ?? "").debugDescription)",
                    "kids": "\(answer.contentKeys.map(\.keyID.uuid).joined(separator: " "))",
                    "period": "\(answer.periods.first?.index.map { "\($0)" } ?? "none")",
                ])
            response = Response(
                status: .ok, headers: [.contentType: "application/xml"],
                body: .init(byteBuffer: ByteBuffer(bytes: answer.xml)))
        } catch {
            logger.notice("refused", metadata: ["reason": "\(error.text)"])
            response = Self.text(.unprocessableContent, error.text)
        }
        response.headers[.cacheControl] = "no-store"
        for (name, value) in [("X-Speke-Version", Self.spekeVersion), ("X-Speke-User-Agent", "sluice-keyserver")] {
            if let name = HTTPField.Name(name) { response.headers[name] = value }
        }
        return response
    }

    private func key(_ text: String?) throws -> Response {
        guard let id = text.flatMap({ KeyID(parsing: $0) }) else { return Self.text(.notFound, "no such key") }
        let key = secret.key(for: id)
        let bytes = (0..<key.bytes.count).map { key.bytes[$0] }
        return Response(
            status: .ok,
            headers: [
                .contentType: "application/octet-stream", .cacheControl: "no-store", .accessControlAllowOrigin: "*",
            ], body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private func licence(_ request: Request) async throws -> Response {
        var response: Response
        do {
            let body = Array(buffer: try await request.body.collect(upTo: 64 << 10))
            let licence = try ClearKeyLicence(answering: body, secret: secret)
            response = Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(bytes: licence.json)))
        } catch let error as Refusal {
            response = Self.text(.badRequest, error.text)
        }
        response.headers[.cacheControl] = "no-store"
        response.headers[.accessControlAllowOrigin] = "*"
        return response
    }

    /// Where players reach this server. What a client says of it goes into answers, so it is taken only if it can be
    /// nothing but a host and a port.
    private func baseURL(_ request: Request) throws(Refusal) -> String {
        if let publicURL { return publicURL }
        guard let host = request.head.authority, !host.isEmpty, host.utf8.count <= 255,
            host.unicodeScalars.allSatisfy({
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789.-_:[]".unicodeScalars.contains($0))
            })
        else { throw Refusal(text: "the Host header is not a host and a port") }
        return "http://\(host)"
    }

    private static func text(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text + "\n")))
    }
}
