import Foundation
import HTTPTypes
import Hummingbird
package import Logging
import NIOCore
import UnixSignals

/// A small key provider over HTTP: SPEKE 1.0, 2.0 and 2.1, keys for AES-128, licences for ClearKey.
///
/// Every key follows from the secret, the KID and, where viewers need tokens, the content id: nothing is stored, and the
/// same question always gets the same answer. It is for trying things out and for tests.
package struct KeyService: Sendable {
    let secret: MasterSecret
    let publicURL: String?
    let access: Access
    let faults: FaultDesk?
    let logger: Logger
    let issued = IssuedKeys()

    /// - Parameters:
    ///   - publicURL: what answers name as the server's address; nil: what the request was sent to.
    ///   - faults: what tests may spoil, over `/faults` too; nil: nothing.
    package init(
        secret: MasterSecret, publicURL: String? = nil, access: Access = Access(), faults: FaultDesk? = nil,
        logger: Logger
    ) {
        self.secret = secret
        self.publicURL = publicURL.map { String($0.reversed().drop { $0 == "/" }.reversed()) }
        self.access = access
        self.faults = faults
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
        // What the framework says of requests names whole addresses, and those may hold tokens.
        var quiet = Logger(label: "sluice-keyserver.http") { _ in SwiftLogNoOpLogHandler() }
        quiet.logLevel = .critical
        let application = Application(
            router: router(), configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { await onListening($0.localAddress?.port ?? port) }, logger: quiet)
        try await application.runService(gracefulShutdownSignals: handlingSignals ? [.sigterm, .sigint] : [])
    }

    private func router() -> Router<KeyRequestContext> {
        let router = Router(context: KeyRequestContext.self)
        router.get("healthz") { _, _ in Self.text(.ok, "ok") }
        router.get("speke/v1.0/heartbeat") { _, _ in Self.text(.ok, "OK") }
        for version in ["v1.0", "v2.0", "v2.1"] {
            router.post("speke/\(version)/copyProtection") { request, context in
                await copyProtection(request, context, isFirst: version == "v1.0")
            }
        }
        router.get("keys/:kid") { request, context in await key(request, context) }
        router.post("clearkey") { request, context in await licence(request, context) }
        for path in ["keys/:kid", "clearkey"] as [RouterPath] {
            router.on(path, method: .options) { _, _ in
                var response = Response(status: .noContent)
                response.headers[.accessControlAllowOrigin] = "*"
                response.headers[.accessControlAllowMethods] = "GET, POST, OPTIONS"
                // A star stands for every header but this one.
                response.headers[.accessControlAllowHeaders] = "Authorization, *"
                response.headers[.accessControlMaxAge] = "86400"
                return response
            }
        }
        if faults != nil {
            router.get("faults") { request, context in try faultReport(request, context) }
            router.post("faults") { request, context in try await armFaults(request, context) }
            router.delete("faults") { request, context in try faultReport(request, context, clearing: true) }
        }
        return router
    }

    // MARK: Every answer

    /// Makes an answer and writes one line about it, which never holds a query: tokens stand there.
    func answer(
        _ request: Request, _ context: KeyRequestContext,
        _ make: (inout Logger.Metadata) async throws(Refusal) -> Response
    ) async -> Response {
        let start = ContinuousClock.now
        var log: Logger.Metadata = [:]
        var response: Response
        do throws(Refusal) { response = try await make(&log) } catch {
            log["reason"] = "\(error.text)"
            response = Self.text(error.status, error.text)
        }
        response.headers[.cacheControl] = "no-store"
        response.headers[.accessControlAllowOrigin] = "*"
        log["method"] = "\(request.method)"
        log["path"] = "\(request.uri.path.prefix(200).debugDescription)"
        log["status"] = "\(response.status.code)"
        log["milliseconds"] = "\((ContinuousClock.now - start) / .milliseconds(1))"
        if response.status.code < 400 {
            logger.info("answered", metadata: log)
        } else {
            logger.notice("refused", metadata: log)
        }
        return response
    }

    static func body(of request: Request, atMost limit: Int) async throws(Refusal) -> [UInt8] {
        do { return Array(buffer: try await request.body.collect(upTo: limit)) } catch {
            throw Refusal(text: "the request has more than \(limit) bytes, or broke off")
        }
    }

    static func now() -> Int64 { Int64(Date().timeIntervalSince1970) }

    static func text(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text + "\n")))
    }

    static func field(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else {
            preconditionFailure("not a header's name: \(name)")  // why: our own constants
        }
        return name
    }
}
