import Admin
import ArgumentParser
import CurlHTTP
import Foundation

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Channels, publishers, key periods and last segments.")

    @Option(help: "Address of the admin server.")
    var admin = "http://127.0.0.1:9090"

    @Option(help: ArgumentHelp("File with the admin token.", valueName: "file"))
    var tokenFile: String?

    @Flag(help: "JSON, for programs.")
    var json = false

    func run() async throws {
        let server = AdminServer(url: admin, token: try AdminServer.token(in: tokenFile))
        let answer = try await server.send(.get, "/v1/status")
        if json { return SluiceCommand.say(String(decoding: answer, as: UTF8.self)) }
        let list = try JSONDecoder().decode(ChannelList.self, from: Data(answer))
        var rows = [
            ["CHANNEL", "PUBLISHER", "IN kb/s", "SPEED", "LAST SEGMENT", "AGE", "KEY PERIOD", "NEXT IN", "STATE"]
        ]
        rows += list.channels.map(row)
        for line in table(rows) { SluiceCommand.say(line) }
    }

    private func row(_ channel: AdminReport.Channel) -> [String] {
        let publisher = channel.publisher
        let keys = channel.keys.first
        let isWithheld = channel.endpoints.contains(where: \.isWithheld)
        return [
            channel.channel, publisher?.peer ?? "-", publisher.map { "\($0.bitsPerSecond / 1000)" } ?? "-",
            publisher?.encodeSpeedPermille.map { "\($0 / 1000).\($0 % 1000 / 100)x" } ?? "-",
            channel.lastSegment.map { "\($0)" } ?? "-",
            channel.lastSegmentAgeMilliseconds.map { "\($0 / 1000) s" } ?? "-",
            keys.map { "\($0.currentPeriod)" } ?? "-", keys?.secondsToNextPeriod.map { "\($0) s" } ?? "-",
            isWithheld
                ? "no key" : publisher == nil || channel.input == "filling" ? Self.words(channel.input) : "on air",
        ]
    }

    private static func words(_ input: String) -> String {
        ["lost": "input lost", "filling": "filling in", "ended": "ended"][input] ?? "waiting"
    }

    private func table(_ rows: [[String]]) -> [String] {
        let widths = rows.reduce(into: [Int]()) { widths, row in
            for (index, cell) in row.enumerated() {
                if index < widths.count {
                    widths[index] = max(widths[index], cell.count)
                } else {
                    widths.append(cell.count)
                }
            }
        }
        return rows.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
        }
    }
}
