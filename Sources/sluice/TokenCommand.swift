import ArgumentParser
import Foundation
import ViewerTokens

/// Mints a viewer's token for key delivery and licences.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract:
            "Mint a token with which a viewer gets the keys of a channel, for --token-secret-file of the key server.")

    @Option(help: "The content the token is for: the channel, unless its profile's speke.resourceId says otherwise.")
    var channel: String

    @Option(help: "How long it is good: 90s, 30m, 12h or 7d.")
    var expires = "30m"

    @Option(help: "The secret that the key server checks with: a file that only its owner may read.")
    var secretFile: String

    func validate() throws {
        guard Self.seconds(expires) != nil else {
            throw ValidationError("--expires is '\(expires)'; write a number with s, m, h or d, such as 30m")
        }
        guard !channel.isEmpty else { throw ValidationError("--channel is empty") }
    }

    func run() throws {
        let now = Int64(Date().timeIntervalSince1970)
        let token = try ViewerToken.mint(
            content: channel, lifetime: Self.seconds(expires) ?? 0, secretFile: secretFile, now: now)
        SluiceCommand.say(token)
    }

    /// At most a year; nil for what is no duration.
    private static func seconds(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()), count > 0,
            count <= 31_536_000 / unit
        else { return nil }
        return count * unit
    }
}
