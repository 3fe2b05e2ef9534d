import ArgumentParser
import CLinux
import Files
import Foundation
import Logging
import OpenSSLCrypto
import Settings
import UnixSignals

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the daemon. SIGHUP reloads profiles, SIGTERM drains.",
        discussion:
            "Flags go before the environment (SLUICE_RTMP_LISTEN, …), that before the file, that before defaults.")

    @Option(help: ArgumentHelp("The daemon's configuration, sluice.yaml.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Folder of channel profiles.", valueName: "dir"))
    var profiles = "Profiles"

    @Option(help: ArgumentHelp("Where encoders push; port 0 takes any free one.", valueName: "host:port"))
    var rtmpListen: String?

    @Option(help: ArgumentHelp("Where CDNs pull.", valueName: "host:port"))
    var originListen: String?

    @Option(help: ArgumentHelp("Where operators look.", valueName: "host:port"))
    var adminListen: String?

    @Option(help: ArgumentHelp("Where windows are kept.", valueName: "dir"))
    var storage: String?

    @Option(help: ArgumentHelp("The sluice-ingest executable, if not beside this one.", valueName: "file"))
    var worker: String?

    func run() async throws {
        // From here on: who has just started us may say already that something has changed. It is seen to once all runs.
        let reloads = await UnixSignalsSequence(trapping: .sighup)
        // Keys live in this process: no core file, and no debugger of the same user.
        _ = sluice_refuse_dumps()
        // Whoever reads the log may go: writing to it then fails, and that is all.
        signal(SIGPIPE, SIG_IGN)
        // Segments are taken and given back by many threads; glibc would keep as many as eight arenas a core half empty.
        _ = sluice_limit_arenas(2)
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        let descriptors = Self.raiseDescriptorLimit()
        let environment = ProcessInfo.processInfo.environment
        if environment["SWIFT_BACKTRACE"] == nil {
            // The runtime's crash report prints what registers point to: that may be a key.
            for crash in [SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP] { signal(crash, SIG_DFL) }
        }
        var flags: [String: String] = [:]
        flags["rtmp.listen"] = rtmpListen
        flags["origin.listen"] = originListen
        flags["admin.listen"] = adminListen
        flags["storage.directory"] = storage
        let (loaded, diagnostics) = DaemonConfiguration.load(path: config, environment: environment, flags: flags)
        for diagnostic in diagnostics { SluiceCommand.complain("\(diagnostic)") }
        guard let configuration = loaded else { throw ExitCode(1) }
        let logger = Self.logger(configuration.log)
        if SecretMemory.protection != .locked {
            logger.warning(
                "keys may be written to swap space: the limit on locked memory (ulimit -l) is too low",
                metadata: ["memory": "\(SecretMemory.protection.rawValue)"])
        }
        let lock = try Self.lock(configuration.storage.directory, logger)
        let daemon = try await Daemon(
            configuration: Self.within(descriptors, configuration, logger), profiles: profiles,
            environment: environment,
            worker: worker ?? Self.workerBesideThis(), logger: logger)
        try await daemon.run(reloads: reloads)
        withExtendedLifetime(lock) {}
    }

    /// Keeps every other daemon off the windows in the directory: two of them would give one name to different segments.
    /// Nil, with a line in the log, where the file system has no locks.
    private static func lock(_ directory: String, _ logger: Logger) throws -> DirectoryLock? {
        do throws(FileError) {
            if PlainFile.size(directory) == nil { try PlainFile.makeDirectory(directory) }
            return try DirectoryLock(directory)
        } catch {
            guard error.isTaken else {
                logger.warning(
                    "nothing keeps another sluice off the storage directory: it cannot be locked",
                    metadata: ["error": "\(error)"])
                return nil
            }
            throw StartError(
                description:
                    "another sluice keeps its windows in \(directory): end it, or choose another directory by "
                    + "--storage or storage.directory")
        }
    }

    /// As many descriptors as this process may have, which are more than it gets unasked.
    private static func raiseDescriptorLimit() -> UInt64 {
        var limits = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else { return 1024 }
        limits.rlim_cur = limits.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        return UInt64(limits.rlim_max)
    }

    /// Encoders, and viewers, must leave descriptors for the rest: each other, segments on the disk, workers.
    private static func within(
        _ descriptors: UInt64, _ configuration: DaemonConfiguration, _ logger: Logger
    ) -> DaemonConfiguration {
        func lower(_ value: inout UInt32, _ name: String, to share: UInt64) {
            let most = UInt32(clamping: max(share, 64))
            guard value > most else { return }
            logger.notice("\(name) is lowered to \(most): the limit on open files (ulimit -Hn) is \(descriptors)")
            value = most
        }
        var lowered = configuration
        lower(&lowered.rtmp.maxConnections, "rtmp.maxConnections", to: descriptors / 4 * 3)
        lower(&lowered.origin.maxConnections, "origin.maxConnections", to: descriptors / 2)
        return lowered
    }

    private static func logger(_ log: DaemonConfiguration.Log) -> Logger {
        let isTerminal = isatty(STDERR_FILENO) == 1
        let format = log.format ?? (isTerminal ? .text : .json)
        let level = Logger.Level(rawValue: log.level.rawValue) ?? .info
        LoggingSystem.bootstrap { label in
            var handler: any LogHandler =
                switch format {
                case .json: JSONLogHandler(output: SluiceCommand.errors)
                case .text: StreamLogHandler(label: label, stream: LogText(output: SluiceCommand.errors))
                }
            handler.logLevel = level
            return handler
        }
        return Logger(label: "sluice")
    }

    static func workerBesideThis() -> String {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("sluice-ingest").path
    }
}
