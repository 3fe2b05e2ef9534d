import ArgumentParser
import Foundation
import KeyServer
import Logging

@main
struct KeyServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice-keyserver",
        abstract: "A small SPEKE key provider with AES-128 key delivery and ClearKey licences.",
        discussion: """
            For trying things out and for tests: whoever reaches it gets keys. Every key follows from the secret and \
            the key id; nothing else is stored.
            """,
        version: "sluice-keyserver 0.1.0", subcommands: [Serve.self])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            switch exitCode(for: error) {
            case .success:
                write(fullMessage(for: error), to: .standardOutput)
                Foundation.exit(0)
            case .validationFailure:
                write(fullMessage(for: error), to: .standardError)
                Foundation.exit(2)
            default:
                write("sluice-keyserver: \(error)", to: .standardError)
                Foundation.exit(1)
            }
        }
    }

    func run() throws { throw ValidationError("A subcommand is missing: serve") }

    static func write(_ text: String, to file: FileHandle) {
        file.write(Data((text + "\n").utf8))
    }
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Answer requests until SIGTERM.")

    @Option(help: ArgumentHelp("Address and port; port 0 takes any free one.", valueName: "host:port"))
    var listen = ListenAddress(host: "127.0.0.1", port: 8090)

    @Option(
        help: ArgumentHelp(
            "The secret that keys are derived from, created on first start. Without it keys change with every start.",
            valueName: "file"))
    var secretFile: String?

    @Option(
        name: .customLong("public-url"),
        help: ArgumentHelp(
            "What answers name as this server's address, if not what requests are sent to.", valueName: "url"))
    var publicURL: String?

    func validate() throws {
        guard let publicURL else { return }
        let parts = URLComponents(string: publicURL)
        guard let parts, ["http", "https"].contains(parts.scheme), parts.host?.isEmpty == false, parts.query == nil,
            parts.user == nil, parts.fragment == nil,
            // It goes into XML and into a quoted string of a playlist as it is.
            !publicURL.contains(where: { "\"&<>'\\".contains($0) || $0.isWhitespace })
        else { throw ValidationError("--public-url wants an absolute http or https URL without query") }
    }

    func run() async throws {
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        let logger = Logger(label: "sluice-keyserver")
        let secret: MasterSecret
        if let secretFile {
            secret = try .file(secretFile)
        } else {
            logger.warning("no --secret-file: keys change with the next start")
            secret = try .random()
        }
        let host = listen.host
        let service = KeyService(secret: secret, publicURL: publicURL, logger: logger)
        do {
            try await service.run(host: host, port: listen.port, handlingSignals: true) { port in
                let address = ListenAddress(host: host, port: port)
                KeyServerCommand.write(
                    #"{"event":"listening","address":"\#(address)","port":\#(port)}"#, to: .standardOutput)
            }
        } catch {
            throw ServeFailure(description: "cannot serve on \(listen): \(error)")
        }
    }

    struct ServeFailure: Error, CustomStringConvertible { var description: String }
}
