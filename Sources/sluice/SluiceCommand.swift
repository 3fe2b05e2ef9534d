import ArgumentParser
import Foundation

@main
struct SluiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "Live-stream ingest and just-in-time packager: RTMP in, encrypted HLS and DASH out.",
        version: "sluice 0.1.0",
        subcommands: [Serve.self, Check.self, Status.self, TokenCommand.self, ProbeCommand.self, HarvestCommand.self])

    /// Exit codes: 0 fine, 1 the thing checked is wrong, 2 the command line is wrong.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            leave(0)
        } catch {
            let code = exitCode(for: error)
            switch code {
            case .success:
                say(fullMessage(for: error))
                leave(0)
            case .validationFailure:
                complain(fullMessage(for: error))
                leave(2)
            default:
                if !(error is ExitCode) { complain("sluice: \(error)") }
                leave(1)
            }
        }
    }

    /// Ends at once: exit(3) has libraries take down what other threads are still working with, such as OpenSSL its algorithms
    /// while a key is fetched, and the end would be a crash.
    private static func leave(_ code: Int32) -> Never {
        fflush(nil)
        _exit(code)
    }

    /// One line for people or programs that read standard output.
    static func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
    static func complain(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
