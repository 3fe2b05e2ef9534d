import ArgumentParser
import Foundation
import KeyServer
import Logging
import NIOCore
import Settings
import ViewerTokens

@main
struct KeyServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice-keyserver",
        abstract: "A small SPEKE key provider with AES-128 key delivery and ClearKey licences.",
        discussion: """
            A model provider, for trying things out and for tests. Every key follows from the secret, the key id and, \
            where viewers need tokens, the content id; nothing else is stored. What no secret guards is answered to \
            this machine alone.
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
        // Nobody may be reading, or the disk be full: no reason to end.
        try? file.write(contentsOf: Data((text + "\n").utf8))
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

    @Option(
        name: .customLong("token-secret-file"),
        help: ArgumentHelp(
            "Ask viewers for a token signed under this secret, as `sluice token` mints them; made on first start. "
                + "Repeat it for older secrets.",
            valueName: "file"))
    var tokenSecretFiles: [String] = []

    @Option(
        name: .customLong("speke-credentials-file"),
        help: ArgumentHelp("Ask encryptors for the USER:PASSWORD in this file.", valueName: "file"))
    var spekeCredentialsFile: String?

    @Flag(help: "Answer everybody where no secret guards: for closed networks.")
    var open = false

    @Flag(help: "Let tests choose what fails, at /faults.")
    var faults = false

    @Option(
        name: .customLong("fault"),
        help: ArgumentHelp("A fault from the start, such as {\"fault\":\"delay\",\"seconds\":3}.", valueName: "json"))
    var initialFaults: [String] = []

    func validate() throws {
        for text in initialFaults where Fault(json: text) == nil {
            let kinds = Fault.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--fault wants JSON with a fault of \(kinds)")
        }
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
        let access = try access(logger)
        let desk = faults || !initialFaults.isEmpty ? FaultDesk(initialFaults.compactMap { Fault(json: $0) }) : nil
        if desk != nil { logger.warning("faults are on: answers may be wrong on purpose") }
        let service = KeyService(secret: secret, publicURL: publicURL, access: access, faults: desk, logger: logger)
        do {
            try await service.run(host: host, port: Int(listen.port), handlingSignals: true) { port in
                let address = ListenAddress(host: host, port: UInt16(clamping: port))
                KeyServerCommand.write(
                    #"{"event":"listening","address":"\#(address)","port":\#(port)}"#, to: .standardOutput)
            }
        } catch let error as IOError {
            let refusal = ListenRefusal(code: error.errnoCode, port: Int(listen.port), setting: "--listen")
            throw ServeFailure(description: "cannot serve on \(listen): \(refusal)")
        } catch {
            throw ServeFailure(description: "cannot serve on \(listen): \(error)")
        }
    }

    private func access(_ logger: Logger) throws(SecretFileError) -> Access {
        var access = Access(openness: open ? .everybody : .loopback)
        for file in tokenSecretFiles { access.tokenSecrets.append(try TokenSecret.file(file, makes: true)) }
        if let spekeCredentialsFile { access.spekeCredentials = try .file(spekeCredentialsFile) }
        let whom = open ? "everybody who reaches this server" : "everybody on this machine"
        if access.tokenSecrets.isEmpty {
            logger.warning("no --token-secret-file: \(whom) gets keys and licences without a token")
        }
        if access.spekeCredentials == nil {
            logger.warning("no --speke-credentials-file: \(whom) gets keys over SPEKE")
        }
        return access
    }

    struct ServeFailure: Error, CustomStringConvertible { var description: String }
}
