/// `sluice.yaml`, the environment and the command line, put together and checked.
package struct DaemonConfiguration: Sendable, Hashable {
    package struct RTMP: Sendable, Hashable {
        /// At least one.
        package var listen = [ListenAddress(host: "0.0.0.0", port: 1935)]
        /// Publications on air at a time.
        package var maxPublishers: UInt32 = 64
        /// Connections at a time, published or not; RTMPS counts too.
        package var maxConnections: UInt32 = 16384
        /// The same from one IPv4 address or one IPv6 network of 64 bits.
        package var maxConnectionsPerAddress: UInt32 = 128
        /// Connections at a time that have a worker and no answer to publish yet.
        package var maxHandshakes: UInt32 = 32
        package var handshakeTimeoutSeconds: UInt32 = 10
        package init() {}
    }

    /// Paths of two PEM files, absolute or relative to the working directory.
    package struct TLSFiles: Sendable, Hashable {
        package var certificate: String
        package var privateKey: String
        package init(certificate: String, privateKey: String) {
            self.certificate = certificate
            self.privateKey = privateKey
        }
    }

    package struct RTMPS: Sendable, Hashable {
        /// At least one.
        package var listen = [ListenAddress(host: "0.0.0.0", port: 1936)]
        /// Nil: RTMPS is off.
        package var tls: TLSFiles?
        package init() {}
    }

    package struct Origin: Sendable, Hashable {
        /// At least one.
        package var listen = [ListenAddress(host: "0.0.0.0", port: 8080)]
        /// Nil: plain HTTP, beside which `HTTPS` may be.
        package var tls: TLSFiles?
        /// How long the daemon goes on after it was told to stop, while `/readyz` sends everybody elsewhere.
        package var drainSeconds: UInt32 = 0
        /// The file of revoked tokens, absolute or relative to the working directory; nil: `revocations.list` in the
        /// storage directory.
        package var revocations: String?
        /// Whether trusted proxies begin each connection with a PROXY header.
        package var proxyProtocol = false
        /// Who is believed about whom it asks for, on the listeners of `HTTPS` too; nobody where it is empty.
        package var trustedProxies: [CIDR] = []
        package var forwardedHeader = ForwardedHeader.xForwardedFor
        /// Connections at a time, plain and over TLS together.
        package var maxConnections: UInt32 = 32768
        /// The same from one IPv4 address or one IPv6 network of 64 bits, but not from this machine or trusted proxies.
        package var maxConnectionsPerAddress: UInt32 = 8192
        /// New connections a second, and requests a second, of one such address, after a rest so many at once; nil: any
        /// number.
        package var connectionRate: AddressRate?
        package var requestRate: AddressRate?
        /// Bytes that may be waiting to be packaged, or be packaged, at a time; nil: 1 GiB a core.
        package var maxPackagingBytes: UInt64?
        /// Requests that may wait for what is being packaged.
        package var maxPackagingRequests: UInt32 = 65536
        /// Bytes of answers that are kept for those who ask for the same; 0: none.
        package var cacheBytes: UInt64 = 512 << 20
        package init() {}
    }

    /// The origin over TLS, beside its plain listener.
    package struct HTTPS: Sendable, Hashable {
        /// At least one.
        package var listen = [ListenAddress(host: "0.0.0.0", port: 8443)]
        /// Nil: HTTPS is off.
        package var tls: TLSFiles?
        /// As `Origin` has it.
        package var proxyProtocol = false
        package init() {}
    }

    package struct Admin: Sendable, Hashable {
        package var listen = ListenAddress(host: "127.0.0.1", port: 9090)
        /// Nil: `/v1/...` is served to loopback only.
        package var token: Secret?
        package init() {}
    }

    package struct Storage: Sendable, Hashable {
        /// Absolute or relative to the working directory.
        package var directory = "./data"
        package var maxBytes: UInt64 = 20 << 30
        /// Whether media is sealed on the disk; content keys always are.
        package var seal = true
        /// Nil: the file `host.key` beside the directory.
        package var hostKey: HostKeySource?
        package init() {}
    }

    /// Where the key comes from that everything on the disk is sealed under.
    package enum HostKeySource: Sendable, Hashable {
        /// Absolute or relative to the working directory; made where it is missing.
        case file(String)
        /// A program and its arguments, which writes the key to its standard output. Never empty.
        case command([String])
    }

    /// The processes that have to do with encoders.
    package struct Worker: Sendable, Hashable {
        /// Whose rights they take where the daemon is root; nil: nobody's.
        package var user: String?
        /// Bytes that each may write to.
        package var memory: UInt64 = 6 << 30
        package init() {}
    }

    /// Where operators may have a stretch of a channel's past copied to.
    package struct HarvestDestination: Sendable, Hashable {
        package enum Place: Sendable, Hashable {
            /// Absolute or relative to the working directory; made where it is missing.
            case directory(String)
            case bucket(S3Bucket)
        }

        package var place: Place
        /// Whether what a profile protects may be written there without protection.
        package var takesClear: Bool
    }

    /// A bucket of S3, or of what speaks like it, and the key that may write to it.
    package struct S3Bucket: Sendable, Hashable {
        /// http or https, without a query: what objects are below.
        package var url: String
        package var region: String
        package var accessKeyID: String
        package var secretAccessKey: Secret
        package var sessionToken: Secret?
    }

    /// The log of the origin's requests.
    package struct AccessLog: Sendable, Hashable {
        package enum Format: String, Sendable, Hashable, CaseIterable { case json, combined }

        /// Absolute or relative to the working directory; nil: there is none.
        package var path: String?
        package var format = Format.json
        package init() {}
    }

    package struct Log: Sendable, Hashable {
        /// swift-log's names.
        package enum Level: String, Sendable, Hashable, CaseIterable {
            case trace, debug, info, notice, warning, error, critical
        }

        package enum Format: String, Sendable, Hashable, CaseIterable { case json, text }

        package var level = Level.info
        /// Nil: text where stderr is a terminal, else JSON.
        package var format: Format?
        package init() {}
    }

    package var rtmp = RTMP()
    package var rtmps = RTMPS()
    package var origin = Origin()
    package var https = HTTPS()
    package var admin = Admin()
    package var storage = Storage()
    package var worker = Worker()
    /// By the names that requests call them.
    package var harvestDestinations: [String: HarvestDestination] = [:]
    package var accessLog = AccessLog()
    package var log = Log()

    package init() {}
}
