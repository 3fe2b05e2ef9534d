import HTTPTypes
package import Hummingbird
package import Logging
import NIOCore

/// The admin server: health, metrics and the state of the channels, for operators on a private address.
package enum AdminApplication {
    /// - Parameters:
    ///   - authorises: whether what `Authorization: Bearer` holds is the token; nil where there is none: `/v1` then
    ///     answers peers on loopback alone, whatever address it is reached at.
    ///   - rotateKeys: replaces a channel's keys from its next segment on; false where there is no such channel.
    ///   - mark: has a channel's encoders spliced; nil where there is no such channel.
    ///   - onListening: told the port that was bound.
    package static func make(
        host: String, port: Int, report: AdminReport, readiness: Readiness, logger: Logger,
        authorises: (@Sendable (String) -> Bool)?,
        rotateKeys: @escaping @Sendable (String) throws -> Bool,
        harvests: HarvestRoutes, revocations: RevocationRoutes,
        mark: @escaping @Sendable (String, MarkerRequest) throws -> MarkerAnswer?,
        onListening: @escaping @Sendable (Int) async -> Void
    ) -> some ApplicationProtocol {
        let router = Router(context: AdminRequestContext.self)
        router.get("healthz") { _, _ in "ok\n" }
        router.get("readyz") { _, _ -> Response in
            let hasKeys = report.all().allSatisfy { channel in channel.keys.allSatisfy(\.isCurrentHeld) }
            let obstacle = readiness.isDraining ? "draining" : hasKeys ? nil : "a channel has no key yet"
            return Response(
                status: obstacle == nil ? .ok : .serviceUnavailable, headers: [.contentType: "text/plain"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: (obstacle ?? "ready") + "\n")))
        }
        router.group().add(middleware: BearerToken(authorises: authorises)).get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: report.prometheus())))
        }
        let guarded = router.group().add(middleware: BearerToken(authorises: authorises, isLoopbackOnlyWithout: true))
        guarded.get("v1/channels") { _, _ in ChannelList(channels: report.all()) }
        guarded.get("v1/status") { _, _ in ChannelList(channels: report.all()) }
        guarded.get("v1/channels/:channel") { _, context throws -> AdminReport.Channel in
            guard let found = report.channel(try context.parameters.require("channel")) else {
                throw HTTPError(.notFound, message: "no such channel")
            }
            return found
        }
        guarded.post("v1/channels/:channel/rotate-keys") { request, context throws -> HTTPResponse.Status in
            try refuseWebPages(request)
            do {
                guard try rotateKeys(try context.parameters.require("channel")) else {
                    throw HTTPError(.notFound, message: "no such channel")
                }
            } catch let error as HTTPError {
                throw error
            } catch {
                throw HTTPError(.internalServerError, message: "not all keys were replaced: \(error)")
            }
            return .accepted
        }
        harvests.add(to: guarded)
        revocations.add(to: guarded)
        guarded.post("v1/channels/:channel/markers") { request, context throws -> EditedResponse<MarkerAnswer> in
            guard request.headers[.origin] == nil else {
                throw HTTPError(.forbidden, message: "not from a web page")
            }
            let body: MarkerRequest
            do { body = try await request.decode(as: MarkerRequest.self, context: context) } catch {
                throw HTTPError(
                    .badRequest, message: "a JSON object is wanted, as { \"type\": \"out\", \"durationSeconds\": 30 }")
            }
            do {
                guard let answer = try mark(try context.parameters.require("channel"), body) else {
                    throw HTTPError(.notFound, message: "no such channel")
                }
                return EditedResponse(status: .accepted, response: answer)
            } catch let error as MarkerError {
                throw HTTPError(error.isConflict ? .conflict : .badRequest, message: error.reason)
            }
        }
        return Application(
            router: router, configuration: .init(address: .hostname(host, port: port), serverName: "sluice"),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? port) }, logger: logger)
    }

    /// A page in an operator's browser can post to loopback, where no token is wanted.
    static func refuseWebPages(_ request: Request) throws {
        guard request.headers[.origin] == nil else { throw HTTPError(.forbidden, message: "not from a web page") }
    }
}

/// `GET /v1/channels`.
package struct ChannelList: ResponseEncodable, Codable, Sendable {
    package var channels: [AdminReport.Channel]
}

extension AdminReport.Channel: ResponseEncodable {}

/// Refuses requests without the token, where there is one; where there is none, those from elsewhere that want more than
/// a look at the numbers.
private struct BearerToken: RouterMiddleware {
    typealias Context = AdminRequestContext

    let authorises: (@Sendable (String) -> Bool)?
    var isLoopbackOnlyWithout = false

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let authorises else {
            guard context.isFromLoopback || !isLoopbackOnlyWithout else {
                throw HTTPError(.forbidden, message: "from this machine alone, as there is no admin.token: set one")
            }
            return try await next(request, context)
        }
        let given = request.headers[.authorization] ?? ""
        guard given.hasPrefix("Bearer "), authorises(String(given.dropFirst(7))) else {
            throw HTTPError(.unauthorized, message: "a bearer token is wanted: admin.token of the configuration")
        }
        return try await next(request, context)
    }
}
