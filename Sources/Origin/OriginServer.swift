package import Access
import MediaMemory
package import NIOCore
package import NIOPosix
package import ServerTLS

/// The server that CDNs pull from: HTTP/1.1 and HTTP/2, plain and over TLS.
package struct OriginServer: Sendable {
    package struct Listener: Sendable {
        package var host: String
        package var port: Int
        /// Nil: plain.
        package var certificate: ServerCertificate?
        /// The same port is listened to for IPv4 by itself.
        package var isIPv6Only: Bool
        /// Trusted proxies say in front of each connection for whom it stands.
        package var isProxied: Bool

        package init(
            host: String, port: Int, certificate: ServerCertificate? = nil, isIPv6Only: Bool = false,
            isProxied: Bool = false
        ) {
            self.host = host
            self.port = port
            self.certificate = certificate
            self.isIPv6Only = isIPv6Only
            self.isProxied = isProxied
        }
    }

    package struct Configuration: Sendable {
        package var listeners: [Listener]
        /// A connection or stream on which nothing moves for so long, and up to half as long again, is closed.
        package var idleTimeout = TimeAmount.seconds(60)
        package var proxies = TrustedProxies()
        package var limits = OriginLimits()
        /// What copies of media that is sent again and again may take; 0: there are none.
        package var sendingFileBytes = 0

        package init(listeners: [Listener]) { self.listeners = listeners }

        /// One plain listener.
        package init(host: String, port: Int) { self.init(listeners: [Listener(host: host, port: port)]) }
    }

    /// What a listener's certificate is to offer by ALPN. RFC 7301; RFC 9113, clause 3.2.
    package static let protocols = ["h2", "http/1.1"]

    private let doors: [OriginDoor]
    private let file: SendingFile?

    /// Binds and starts to answer: each event loop accepts connections of its own.
    /// - Parameters:
    ///   - access: who may ask for what; nil: anybody for all.
    ///   - rates: how often one may ask for which channel; nil: as often as one likes.
    ///   - log: of the requests; nil: there is none.
    ///   - clock: milliseconds from the epoch.
    /// - Throws: `ListenError`: nothing is bound then.
    package static func start(
        _ configuration: Configuration, content: @escaping OriginContent, access: AccessDesk? = nil,
        rates: ChannelRates? = nil, metrics: OriginMetrics, log: AccessLog? = nil, group: MultiThreadedEventLoopGroup,
        clock: @escaping @Sendable () -> Int64
    ) async throws(ListenError) -> OriginServer {
        let file = configuration.sendingFileBytes > 0 ? SendingFile(maximumBytes: configuration.sendingFileBytes) : nil
        let connections = OriginConnections(
            content: content, access: access, metrics: metrics, clock: clock, idleTimeout: configuration.idleTimeout,
            limits: configuration.limits, rates: rates, proxies: configuration.proxies, log: log, file: file,
            group: group)
        var doors: [OriginDoor] = []
        do throws(ListenError) {
            for listener in configuration.listeners {
                let (certificate, isProxied) = (listener.certificate, listener.isProxied)
                doors.append(
                    try await OriginDoor.open(listener, group: group) { channel in
                        try connections.take(channel, certificate: certificate, isProxied: isProxied)
                    })
            }
        } catch {
            for door in doors { await door.close() }
            throw error
        }
        return OriginServer(doors: doors, file: file)
    }

    /// What was bound, in the order of the configuration.
    package struct Ports: Sendable {
        package var plain: [Int]
        package var secure: [Int]
    }

    package var boundPorts: Ports {
        Ports(plain: doors.filter { !$0.isSecure }.map(\.port), secure: doors.filter(\.isSecure).map(\.port))
    }

    /// Copies of media that is sent again and again, in bytes.
    package var sendingFileBytes: Int { file?.bytes ?? 0 }

    /// The first of them.
    package var port: Int { doors.first?.port ?? 0 }

    /// Stops to accept, lets what is under way finish, closes what is idle, and returns when no connection is left or
    /// the task is cancelled.
    package func drain() async {
        let waits = doors.flatMap { $0.beginToDrain() }
        await withTaskCancellationHandler {
            // Whatever the reason: there is nothing left to wait for.
            for waited in waits { _ = try? await waited.futureResult.get() }
        } onCancel: {
            for waited in waits { waited.fail(CancellationError()) }
        }
    }
}
