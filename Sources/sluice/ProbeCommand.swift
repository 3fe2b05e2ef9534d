import ArgumentParser
import CurlHTTP
import Foundation
import Probe

struct ProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Walk a manifest like a player: fetch, check the rules, decrypt, report.",
        discussion: """
            Exits with 0 where nothing worse than warnings was found, with 1 otherwise. Every finding is one line: \
            severity, rule, clause, place, what was found.
            """)

    @Argument(help: "URL of an HLS playlist of either kind, or of an MPD (its path ends with .mpd).")
    var url: String

    @Option(help: ArgumentHelp("Where GET /keys/KID has keys of Common Encryption.", valueName: "url"))
    var keyServer = "http://127.0.0.1:8090"

    @Option(
        help: ArgumentHelp(
            "A viewer's token (see sluice token), shown to the manifest's host and the key server.",
            discussion: "In the environment, as SLUICE_PROBE_TOKEN, nobody else on this machine sees it."))
    var token: String?

    @Option(help: "Follow the live window for so many seconds and fetch every new segment; 0: one look.")
    var seconds = 0

    @Option(help: "How many of the newest segments of each rendition are fetched at first.")
    var segments = 3

    @Flag(help: "JSON, for programs.")
    var json = false

    func validate() throws {
        for address in [url, keyServer] {
            guard let scheme = URL(string: address)?.scheme?.lowercased(), ["http", "https"].contains(scheme),
                URL(string: address)?.host != nil
            else { throw ValidationError("\(address.debugDescription) is no http or https URL") }
        }
        guard (0...86_400).contains(seconds) else { throw ValidationError("--seconds takes 0 to 86400") }
        guard (1...100_000).contains(segments) else { throw ValidationError("--segments takes 1 to 100000") }
    }

    func run() async throws {
        let token = token ?? ProcessInfo.processInfo.environment["SLUICE_PROBE_TOKEN"]
        let probe = StreamProbe(
            .init(
                url: url, keyServer: keyServer, token: token.map { HTTPSecret($0) }, seconds: seconds,
                firstLook: segments), client: try HTTPClient(),
            now: { Int64(Date().timeIntervalSince1970 * 1000) })
        let report = await probe.run()
        SluiceCommand.say(json ? report.json : report.text)
        if !report.isGood { throw ExitCode(1) }
    }
}
