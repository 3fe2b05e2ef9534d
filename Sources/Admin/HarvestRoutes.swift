package import Harvest
import Hummingbird
package import Live

/// `/v1/channels/CHANNEL/harvests` and `/v1/harvests`: copies a stretch of a channel's past, and says how far that is.
package struct HarvestRoutes: Sendable {
    private let desk: HarvestDesk
    private let channels: ChannelDirectory

    package init(desk: HarvestDesk, channels: ChannelDirectory) {
        self.desk = desk
        self.channels = channels
    }

    func add(to routes: RouterGroup<AdminRequestContext>) {
        routes.post("v1/channels/:channel/harvests") { [desk, channels] request, context throws in
            try AdminApplication.refuseWebPages(request)
            guard let channel = channels.channel(named: try context.parameters.require("channel")) else {
                throw HTTPError(.notFound, message: "no such channel")
            }
            let wanted = try await request.decode(as: HarvestRequest.self, context: context)
            do {
                let job = try await desk.submit(wanted, of: channel)
                return EditedResponse(status: .accepted, response: job)
            } catch let refusal as HarvestRefusal {
                switch refusal {
                case .invalid(let reason): throw HTTPError(.badRequest, message: reason)
                case .forbidden(let reason): throw HTTPError(.forbidden, message: reason)
                case .busy(let reason): throw HTTPError(.tooManyRequests, message: reason)
                }
            }
        }
        routes.get("v1/harvests") { [desk] _, _ in HarvestList(harvests: await desk.all) }
        routes.get("v1/harvests/:id") { [desk] request, context throws in
            let id = try context.parameters.require("id", as: Int.self)
            let isToWait = request.uri.queryParameters["wait"] != nil
            return try Self.found(isToWait ? await desk.finished(id) : await desk.job(id))
        }
        routes.delete("v1/harvests/:id") { [desk] request, context throws in
            try AdminApplication.refuseWebPages(request)
            return try Self.found(await desk.cancel(try context.parameters.require("id", as: Int.self)))
        }
    }

    private static func found(_ job: HarvestJob?) throws -> HarvestJob {
        guard let job else { throw HTTPError(.notFound, message: "no such harvest") }
        return job
    }
}

/// `GET /v1/harvests`.
package struct HarvestList: ResponseEncodable, Codable, Sendable {
    package var harvests: [HarvestJob]
}

extension HarvestJob: ResponseEncodable {}
