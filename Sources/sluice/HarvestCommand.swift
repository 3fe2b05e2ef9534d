import Admin
import ArgumentParser
import CurlHTTP
import Foundation
import Harvest

struct HarvestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "harvest",
        abstract: "Copy a stretch of a channel's past to a folder or a bucket: VOD playlists, a static MPD, the media.",
        discussion: "Destinations are those under harvest.destinations of the daemon's configuration.")

    @Option(help: "The channel.")
    var channel: String

    @Option(help: "The endpoint whose container and protection the files have.")
    var endpoint: String

    @Option(help: ArgumentHelp("Where it begins, ISO 8601.", valueName: "time"))
    var start: String

    @Option(help: ArgumentHelp("Where it ends, ISO 8601; it must be over.", valueName: "time"))
    var end: String

    @Option(help: ArgumentHelp("A destination's name.", valueName: "destination"))
    var to: String

    @Option(
        help: ArgumentHelp("The folder there; made of channel, endpoint and start without it.", valueName: "folder"))
    var path: String?

    @Flag(help: "Without protection, where the destination may have that.")
    var clear = false

    @Option(help: "Address of the admin server.")
    var admin = "http://127.0.0.1:9090"

    @Option(help: ArgumentHelp("File with the admin token.", valueName: "file"))
    var tokenFile: String?

    func run() async throws {
        let request = HarvestRequest(
            endpoint: endpoint, start: start, end: end, destination: to, path: path, clear: clear)
        let server = AdminServer(url: admin, token: try AdminServer.token(in: tokenFile))
        let job: HarvestJob = try await server.send(
            .post, "/v1/channels/\(channel)/harvests", body: Array(JSONEncoder().encode(request)))
        let end: HarvestJob = try await server.send(.get, "/v1/harvests/\(job.id)?wait", deadline: 86_400_000)
        for manifest in end.manifests { SluiceCommand.say(manifest) }
        guard end.state == .done else {
            SluiceCommand.complain("sluice harvest: \(end.state.rawValue)\(end.error.map { ": \($0)" } ?? "")")
            throw ExitCode(1)
        }
    }
}
