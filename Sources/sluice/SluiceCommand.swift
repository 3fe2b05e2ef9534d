import ArgumentParser
import Files
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
                leave(2, saying: fullMessage(for: error))
            default:
                leave(1, saying: error is ExitCode ? nil : "sluice: \(error)")
            }
        }
    }

    /// Ends at once: exit(3) has libraries take down what other threads are still working with, such as OpenSSL its algorithms
    /// while a key is fetched, and the end would be a crash.
    private static func leave(_ code: Int32, saying words: String? = nil) -> Never {
        fflush(nil)
        errors.end(with: words.map { Array(($0 + "\n").utf8) } ?? [])
        _exit(code)
    }

    /// The log, and what commands complain of.
    static let errors = LineOutput(STDERR_FILENO)

    /// One line for people or programs that read standard output; a command that cannot say it has failed.
    static func say(_ text: String) { if !announce(text) { leave(1) } }

    /// The same for the daemon, which goes on without.
    /// - Returns: false where it could not be said.
    @discardableResult static func announce(_ text: String) -> Bool {
        errors.finish()
        let line = Array((text + "\n").utf8)
        return LineOutput.write(line, to: STDOUT_FILENO) == line.count
    }

    static func complain(_ text: String) { LogText(output: errors).write(text + "\n") }
}
