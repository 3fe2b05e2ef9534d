import Access
import Admin
import CurlHTTP
import Foundation
import Harvest
import Live
import Logging
import NIOCore
import NIOPosix
import Origin
import Sealing
import ServerTLS
import ServiceLifecycle
import Settings
import Supervisor
import Timeline
import UnixSignals

/// The daemon put together: channels, key schedules, listener, origin, admin; started and stopped in order.
struct Daemon {
    private let configuration: DaemonConfiguration
    private let logger: Logger
    private let channels: ChannelSet
    private let supervisor: Supervisor
    private let content: LiveContent
    private let origin: OriginServer.Configuration
    private let certificates: [ServerCertificate]
    private let harvests: HarvestDesk
    private let access: AccessDesk
    private let revocations: RevocationStore
    private let rates: ChannelRates
    private let originMetrics = OriginMetrics()
    private let accessLog: AccessLog?
    private let cache: ResponseCache
    private let budget: StorageBudget
    private let clock: DaemonClock
    private let announcement = ListeningAnnouncement()
    private let readiness = Readiness()

    init(
        configuration: DaemonConfiguration, profiles: String, environment: [String: String], worker: String,
        logger: Logger
    ) async throws {
        self.configuration = configuration
        self.logger = logger
        guard FileManager.default.isExecutableFile(atPath: worker) else {
            throw StartError(description: "there is no executable sluice-ingest at \(worker); name it by --worker")
        }
        budget = StorageBudget(maximumBytes: Int(clamping: configuration.storage.maxBytes))
        let directory = ChannelDirectory()
        let http = try HTTPClient()
        let clock = DaemonClock(logger: logger)
        self.clock = clock
        supervisor = try Supervisor(
            .init(
                rtmp: configuration.rtmp, rtmps: configuration.rtmps, worker: worker,
                workerArguments: try WorkerRights.arguments(configuration.worker, logger)),
            channels: directory, logger: logger, clock: { clock.now() }, catchUp: { clock.catchUp() })
        access = AccessDesk { report in logger.notice("refused", metadata: report.metadata) }
        revocations = RevocationStore(
            path: configuration.origin.revocations ?? "\(configuration.storage.directory)/revocations.list",
            desk: access)
        rates = ChannelRates(metrics: originMetrics)
        channels = ChannelSet(
            directory: directory, supervisor: supervisor, profiles: profiles, environment: environment,
            storage: configuration.storage.directory, budget: budget,
            hostKey: try await HostKeySource.load(configuration.storage, logger),
            sealsMedia: configuration.storage.seal, access: access, rates: rates,
            http: http, clock: clock, logger: logger)
        // Threads of its own: an archive that hangs is not to keep viewers from what is made for them.
        let harvestThreads = NIOThreadPool(numberOfThreads: HarvestDesk.maximumRunning)
        harvestThreads.start()
        harvests = HarvestDesk(
            destinations: configuration.harvestDestinations.mapValues { HarvestDestination($0, http: http) },
            threads: harvestThreads, logger: logger, clock: { clock.now() })
        // So many reads of the past may stand still on the disk, while the live edge is made of memory.
        let readers = NIOThreadPool(numberOfThreads: 8)
        readers.start()
        let others = NIOThreadPool(numberOfThreads: max(ProcessInfo.processInfo.activeProcessorCount / 2, 1))
        others.start()
        (origin, certificates) = try Self.listeners(configuration, logger)
        accessLog = try configuration.accessLog.path.map { path in
            do {
                return try AccessLog(path: path, format: configuration.accessLog.format) { logger.error("\($0)") }
            } catch {
                throw StartError(description: "the access log cannot be opened: \(error)")
            }
        }
        cache = ResponseCache(
            maximumBytes: Int(clamping: configuration.origin.cacheBytes),
            maximumBytesBeingMade: configuration.origin.maxPackagingBytes.map { Int(clamping: $0) },
            maximumRequestsForIt: Int(configuration.origin.maxPackagingRequests))
        content = LiveContent(
            channels: directory, cache: cache, threads: .singleton, others: others, readers: readers,
            clock: { clock.now() },
            logFailure: { path, reason in
                logger.error("cannot package", metadata: ["path": "\(path)", "reason": "\(reason)"])
            })
    }

    /// The origin's listeners, plain and over TLS, and the certificates of these.
    private static func listeners(
        _ configuration: DaemonConfiguration, _ logger: Logger
    ) throws(CertificateError) -> (OriginServer.Configuration, [ServerCertificate]) {
        let (origin, https) = (configuration.origin, configuration.https)
        func certificate(
            _ files: DaemonConfiguration.TLSFiles?, _ section: String
        ) throws(CertificateError) -> ServerCertificate? {
            guard let files else { return nil }
            return try ServerCertificate(files, section: section, protocols: OriginServer.protocols, logger: logger)
        }
        func listeners(
            _ addresses: [ListenAddress], _ certificate: ServerCertificate?, isProxied: Bool
        ) -> [OriginServer.Listener] {
            addresses.map { address in
                let isBeside = addresses.contains { $0.port == address.port && !$0.isIPv6 }
                return OriginServer.Listener(
                    host: address.host, port: Int(address.port), certificate: certificate,
                    isIPv6Only: address.isIPv6 && isBeside, isProxied: isProxied)
            }
        }
        let certificates = (try certificate(origin.tls, "origin"), try certificate(https.tls, "https"))
        var all = listeners(origin.listen, certificates.0, isProxied: origin.proxyProtocol)
        if let certificate = certificates.1 {
            all += listeners(https.listen, certificate, isProxied: https.proxyProtocol)
        }
        var server = OriginServer.Configuration(listeners: all)
        server.proxies = TrustedProxies(origin.trustedProxies, header: origin.forwardedHeader)
        server.limits = OriginLimits(origin)
        server.sendingFileBytes = Int(clamping: origin.cacheBytes / 2)
        return (server, [certificates.0, certificates.1].compactMap(\.self))
    }

    /// - Parameter reloads: a signal each time that what was read at the start is to be read anew.
    func run(reloads: UnixSignalsSequence) async throws {
        try revocations.reload(now: clock.now() / 1000)
        try await channels.reload()
        let (content, clock) = (content, clock)
        let group = MultiThreadedEventLoopGroup.singleton
        let origin = try await OriginServer.start(
            origin,
            content: { content.response(for: $0, to: $1) }, access: access, rates: rates,
            metrics: originMetrics, log: accessLog, group: group, clock: { clock.now() })
        let token = configuration.admin.token
        let tokenCheck: (@Sendable (String) -> Bool)? = token.map(Self.check)
        let admin = AdminApplication.make(
            host: configuration.admin.listen.host, port: Int(configuration.admin.listen.port),
            report: AdminReport(
                channels: channels.directory, supervisor: supervisor, origin: originMetrics, access: access,
                accessLog: accessLog, cache: cache, content: content,
                sendingFileBytes: { origin.sendingFileBytes }, budget: budget,
                clock: { clock.now() }, clockError: { clock.errorMilliseconds }),
            readiness: readiness, logger: quiet(logger), authorises: tokenCheck,
            rotateKeys: { [channels] name in
                guard let channel = channels.directory.channel(named: name) else { return false }
                try channel.rotateKeys()
                return true
            },
            harvests: HarvestRoutes(desk: harvests, channels: channels.directory),
            revocations: RevocationRoutes(store: revocations, clock: { clock.now() }),
            mark: { [channels, supervisor] name, request in
                guard let channel = channels.directory.channel(named: name) else { return nil }
                return try request.perform(on: channel, by: supervisor, now: clock.now())
            },
            onListening: { [announcement, supervisor, logger] port in
                announcement.announce(
                    rtmp: supervisor.ports, rtmps: supervisor.securePorts, origin: origin.boundPorts, admin: port)
                ServiceManager.tell("READY=1\nSTATUS=on air", logger)
            })
        // Stopped in reverse order: those who spread requests look elsewhere, then no more encoders, then what is on air
        // is finished, then the servers.
        let services: [any Service] = [
            channels, AdminService(application: admin, address: configuration.admin.listen),
            HarvestService(desk: harvests), OriginService(origin: origin, log: accessLog),
            ReloadService(
                channels: channels, supervisor: supervisor, certificates: certificates, revocations: revocations,
                accessLog: accessLog, clock: clock, signals: reloads, logger: logger),
            SupervisorService(supervisor: supervisor),
            DrainService(seconds: configuration.origin.drainSeconds, readiness: readiness, logger: logger),
        ]
        var groupConfiguration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet(logger))
        groupConfiguration.maximumGracefulShutdownDuration = .seconds(
            Int64(configuration.origin.drainSeconds) + 30)
        logger.notice("on air", metadata: ["channels": "\(channels.directory.all.count)"])
        try await ServiceGroup(configuration: groupConfiguration).run()
        logger.notice("stopped")
    }

    private static func check(_ token: Secret) -> @Sendable (String) -> Bool {
        { given in token.matches(given) }
    }

    /// The libraries' own news are of no use to an operator.
    private func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = max(.warning, logger.logLevel)
        return quiet
    }
}

extension AccessDesk.Report {
    /// Nothing of a secret, and of a token only what names it.
    fileprivate var metadata: Logger.Metadata {
        var fields: Logger.Metadata = [
            "reason": "\(refusal.rawValue)", "channel": "\(channel)", "endpoint": "\(endpoint)", "path": "\(path)",
        ]
        if let address { fields["address"] = "\(address)" }
        if let subject { fields["subject"] = "\(subject)" }
        if let session { fields["session"] = "\(session)" }
        if let tokenID { fields["token"] = "\(tokenID)" }
        if unreported > 0 { fields["unreported"] = "\(unreported)" }
        return fields
    }
}

extension OriginLimits {
    fileprivate init(_ origin: DaemonConfiguration.Origin) {
        self.init()
        maximumConnections = Int(origin.maxConnections)
        maximumConnectionsOfOne = Int(origin.maxConnectionsPerAddress)
        connectionRate = origin.connectionRate
        requestRate = origin.requestRate
    }
}

/// Why the daemon cannot start.
struct StartError: Error, CustomStringConvertible {
    let description: String
}

/// Says once, on standard output, which ports were bound.
private struct ListeningAnnouncement: Sendable {
    /// The first listener of each kind by itself, all of them where there are several.
    func announce(rtmp: [UInt16], rtmps: [UInt16], origin: OriginServer.Ports, admin: Int) {
        var fields = #""event":"listening","rtmp":\#(rtmp.first ?? 0)"#
        if let port = rtmps.first { fields += #","rtmps":\#(port)"# }
        if rtmp.count > 1 { fields += #","rtmpPorts":\#(rtmp.map(Int.init))"# }
        if rtmps.count > 1 { fields += #","rtmpsPorts":\#(rtmps.map(Int.init))"# }
        if let port = origin.secure.first { fields += #","https":\#(port)"# }
        if origin.plain.count > 1 { fields += #","originPorts":\#(origin.plain)"# }
        if origin.secure.count > 1 { fields += #","httpsPorts":\#(origin.secure)"# }
        SluiceCommand.announce(
            #"{\#(fields),"origin":\#(origin.plain.first ?? origin.secure.first ?? 0),"admin":\#(admin)}"#)
    }
}

private struct SupervisorService: Service {
    let supervisor: Supervisor

    func run() async throws {
        // Cancelled where another service fails, as where the admin port is taken.
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await supervisor.run()
            } onGracefulShutdown: {
                supervisor.stop()
            }
        } onCancel: {
            supervisor.stop()
        }
    }
}

/// The admin server, which says in an operator's words why it cannot listen.
private struct AdminService<Application: Service>: Service {
    let application: Application
    let address: ListenAddress

    func run() async throws {
        do {
            try await application.run()
        } catch let error as IOError {
            let refusal = ListenRefusal(code: error.errnoCode, port: Int(address.port), setting: "admin.listen")
            throw StartError(description: "cannot listen on \(address): \(refusal)")
        }
    }
}

private struct OriginService: Service {
    let origin: OriginServer
    let log: AccessLog?

    func run() async throws {
        try await gracefulShutdown()
        await origin.drain()
        log?.finish()
    }
}

/// Ends the harvests under way when the daemon stops: before the admin server, at which somebody waits for their ends.
private struct HarvestService: Service {
    let desk: HarvestDesk

    func run() async throws {
        try? await gracefulShutdown()
        await desk.stop()
    }
}

/// Reloads the profiles, the certificates and the revocations at SIGHUP, and begins the access log's file anew.
private struct ReloadService: Service {
    let channels: ChannelSet
    let supervisor: Supervisor
    let certificates: [ServerCertificate]
    let revocations: RevocationStore
    let accessLog: AccessLog?
    let clock: DaemonClock
    let signals: UnixSignalsSequence
    let logger: Logger

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() {
            accessLog?.reopen()
            supervisor.reloadCertificate()
            for certificate in certificates { certificate.reload() }
            do { try revocations.reload(now: clock.now() / 1000) } catch {
                logger.error("the revocations stay as they were: \(error)")
            }
            try await channels.reload()
        }
    }
}

/// Goes on for a while at SIGTERM, for those who spread requests to see that they should not come here any more.
private struct DrainService: Service {
    let seconds: UInt32
    let readiness: Readiness
    let logger: Logger

    func run() async throws {
        try await gracefulShutdown()
        readiness.beginDraining()
        ServiceManager.tell("STOPPING=1\nSTATUS=draining", logger)
        logger.notice("told to stop", metadata: ["drainSeconds": "\(seconds)"])
        if seconds > 0 { try await Task.sleep(for: .seconds(seconds)) }
    }
}
