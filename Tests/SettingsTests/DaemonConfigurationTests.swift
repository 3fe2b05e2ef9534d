import Settings
import Testing

@Suite struct DaemonConfigurationTests {
    static let contract = """
        rtmp:    { listen: "0.0.0.0:1935", maxPublishers: 64, handshakeTimeoutSeconds: 10 }
        rtmps:   { listen: "0.0.0.0:1936", certificate: cert.pem, privateKey: key.pem }
        origin:  { listen: "0.0.0.0:8080", certificate: null, privateKey: null }
        admin:   { listen: "127.0.0.1:9090", token: { file: admin-token } }
        storage: { directory: ./data, maxBytes: 20GiB }
        log:     { level: info, format: json }          # text when stderr is a terminal

        """

    @Test func readsTheExampleOfTheDocumentation() throws {
        let folder = try TemporaryFolder()
        for name in ["cert.pem", "key.pem", "admin-token"] { try folder.write("content", to: name) }
        let path = try folder.write(Self.contract, to: "sluice.yaml")
        let result = DaemonConfiguration.load(path: path, environment: [:])
        #expect(result.diagnostics == [])
        let configuration = try #require(result.configuration)
        var expected = DaemonConfiguration()
        expected.rtmps.tls = .init(certificate: folder.path + "/cert.pem", privateKey: folder.path + "/key.pem")
        expected.admin.token = Secret("content")
        expected.storage.directory = folder.path + "/./data"
        expected.log.format = .json
        #expect(configuration == expected)
    }

    @Test func readsWhereTheHostKeyComesFrom() throws {
        func storage(_ text: String, _ environment: [String: String] = [:]) throws -> DaemonConfiguration.Storage {
            let result = DaemonConfiguration.load(
                text: text, file: "s.yaml", directory: "/etc/sluice", environment: environment)
            #expect(result.diagnostics == [])
            return try #require(result.configuration).storage
        }
        #expect(try storage("").hostKey == nil)
        #expect(try storage("").seal)
        #expect(try storage("storage: { hostKey: { file: host.key } }").hostKey == .file("/etc/sluice/host.key"))
        #expect(
            try storage("storage: { hostKey: { command: [vault, read, -field=key, kv/sluice] } }").hostKey
                == .command(["vault", "read", "-field=key", "kv/sluice"]))
        #expect(
            try storage("storage: { hostKey: { command: [./get-key] } }").hostKey == .command(["/etc/sluice/./get-key"])
        )
        #expect(
            try storage("storage: { hostKey: { file: /a } }", ["SLUICE_STORAGE_HOSTKEY_FILE": "/run/key"]).hostKey
                == .file("/run/key"))
    }

    @Test func listensOnSeveralAddresses() throws {
        func listen(_ text: String, _ environment: [String: String] = [:]) throws -> [String] {
            let result = DaemonConfiguration.load(text: text, file: "s.yaml", environment: environment)
            #expect(result.diagnostics == [])
            return try #require(result.configuration).rtmp.listen.map(\.description)
        }
        let both = ["0.0.0.0:1935", "[::]:1935"]
        #expect(try listen("rtmp: { listen: [\"0.0.0.0:1935\", \"[::]:1935\"] }") == both)
        #expect(try listen("rtmp: { listen: \"0.0.0.0:1935, [::]:1935\" }") == both)
        #expect(try listen("", ["SLUICE_RTMP_LISTEN": "0.0.0.0:1935,[::]:1935"]) == both)
        #expect(try listen("rtmp: { listen: \"[::1]:0\" }") == ["[::1]:0"])
    }

    @Test func theAccessLogHasAPathAndAFormat() {
        func load(_ text: String) -> (DaemonConfiguration.AccessLog?, [String]) {
            let result = DaemonConfiguration.load(text: text, file: "s.yaml", directory: "/etc/sluice")
            return (result.configuration?.accessLog, result.diagnostics.map(\.text))
        }
        #expect(load("").0 == DaemonConfiguration.AccessLog())
        let combined = load("accessLog: { path: access.log, format: combined }")
        #expect(combined.0?.path == "/etc/sluice/access.log" && combined.0?.format == .combined && combined.1 == [])
        #expect(
            load("accessLog: { format: json }").1 == ["'accessLog' has no path, so nothing is logged; write path: FILE"]
        )
        #expect(load("accessLog: { path: a, format: xml }").0 == nil)
    }

    @Test func proxiesAreTrustedByTheirNetworks() throws {
        func load(
            _ text: String, _ environment: [String: String] = [:]
        ) -> (DaemonConfiguration.Origin?, https: Bool?, [String]) {
            let result = DaemonConfiguration.load(text: text, file: "s.yaml", environment: environment)
            return (
                result.configuration?.origin, result.configuration?.https.proxyProtocol,
                result.diagnostics.map { "\($0.severity): \($0.text)" }
            )
        }
        let none = load("")
        #expect(none.0?.trustedProxies == [] && none.0?.proxyProtocol == false && none.https == false)
        let both = load(
            """
            origin: { trustedProxies: [10.0.0.0/8, "2001:db8::1"], forwardedHeader: Forwarded, proxyProtocol: true }
            https: { proxyProtocol: true }
            """)
        #expect(both.0?.trustedProxies.map(\.description) == ["10.0.0.0/8", "2001:db8:0:0:0:0:0:1/128"])
        #expect(both.0?.forwardedHeader == .forwarded && both.0?.proxyProtocol == true && both.https == true)
        #expect(both.2 == [])
        let variables = ["SLUICE_ORIGIN_TRUSTEDPROXIES": "10.0.0.0/8, 192.0.2.1"]
        #expect(load("", variables).0?.trustedProxies.map(\.description) == ["10.0.0.0/8", "192.0.2.1/32"])
        #expect(
            load("https: { proxyProtocol: true }").2 == [
                "error: 'proxyProtocol' of 'https' is true, but nobody is trusted to speak it; "
                    + "write origin.trustedProxies: [ADDRESS/BITS]"
            ])
        #expect(load("origin: { trustedProxies: [10.0.0.1/8] }").2.count == 1)
        #expect(load("origin: { trustedProxies: [proxy.example] }").0 == nil)
        #expect(load("origin: { trustedProxies: { a: b } }").0 == nil)
        #expect(
            load("origin: { trustedProxies: [0.0.0.0/0] }").2 == [
                "warning: 0.0.0.0/0 in 'trustedProxies' lets everybody say that they are anybody; name your proxies"
            ])
        #expect(
            load("origin: { forwardedHeader: none }").2 == [
                "warning: 'forwardedHeader' has no effect without origin.trustedProxies: nobody is believed"
            ])
        #expect(load("origin: { trustedProxies: [10.0.0.0/8], forwardedHeader: Via }").0 == nil)
    }

    @Test func theOriginHasTLSBesideOrInsteadOfPlain() throws {
        let folder = try TemporaryFolder()
        for name in ["cert.pem", "key.pem"] { try folder.write("content", to: name) }
        func load(_ text: String) throws -> DaemonConfiguration {
            let path = try folder.write(text, to: "sluice.yaml")
            let result = DaemonConfiguration.load(path: path, environment: [:])
            #expect(result.diagnostics == [])
            return try #require(result.configuration)
        }
        let files = DaemonConfiguration.TLSFiles(
            certificate: folder.path + "/cert.pem", privateKey: folder.path + "/key.pem")
        let beside = try load(
            "https: { certificate: cert.pem, privateKey: key.pem, listen: [\"[::]:443\", \"0.0.0.0:443\"] }")
        #expect(beside.https.tls == files && beside.origin.tls == nil)
        #expect(beside.https.listen.map(\.description) == ["[::]:443", "0.0.0.0:443"])
        let instead = try load("origin: { certificate: cert.pem, privateKey: key.pem }")
        #expect(instead.origin.tls == files && instead.https.tls == nil)
        let collision = DaemonConfiguration.load(
            path: try folder.write(
                "https: { certificate: cert.pem, privateKey: key.pem, listen: \"0.0.0.0:8080\" }", to: "sluice.yaml"),
            environment: [:])
        #expect(
            collision.diagnostics.map(\.description).joined().contains(
                "'https' listens on 0.0.0.0:8080, which 'origin' has"))
    }

    @Test func readsTheLimitsOnConnections() throws {
        let text = "rtmp: { maxConnections: 20000, maxConnectionsPerAddress: 4, maxHandshakes: 8 }"
        let rtmp = try #require(DaemonConfiguration.load(text: text, file: "s.yaml").configuration).rtmp
        #expect([rtmp.maxConnections, rtmp.maxConnectionsPerAddress, rtmp.maxHandshakes] == [20000, 4, 8])
    }

    @Test func readsTheLimitsOfTheOrigin() throws {
        let text =
            "origin: { maxConnections: 1000, maxConnectionsPerAddress: 40, connectionRatePerAddress: 5, "
            + "requestRatePerAddress: 50, requestBurstPerAddress: 70, maxPackagingBytes: 1GiB, maxPackagingRequests: 99, "
            + "cacheBytes: 3GiB }"
        let origin = try #require(DaemonConfiguration.load(text: text, file: "s.yaml").configuration).origin
        #expect(
            [origin.maxConnections, origin.maxConnectionsPerAddress, origin.maxPackagingRequests] == [1000, 40, 99])
        #expect(origin.connectionRate == .init(perSecond: 5, burst: 10) && origin.maxPackagingBytes == 1 << 30)
        #expect(origin.requestRate == .init(perSecond: 50, burst: 70))
        #expect(origin.cacheBytes == 3 << 30)
        let open = DaemonConfiguration.load(text: "origin: { requestRatePerAddress: 0 }", file: "s.yaml")
        #expect(open.diagnostics == [] && open.configuration?.origin.requestRate == nil)
        #expect(open.configuration?.origin.cacheBytes == 512 << 20)
        let none = DaemonConfiguration.load(text: "origin: { cacheBytes: 0 }", file: "s.yaml")
        #expect(none.diagnostics == [] && none.configuration?.origin.cacheBytes == 0)
    }

    @Test func clearMediaIsAWarning() throws {
        let result = DaemonConfiguration.load(text: "storage: { seal: false }", file: "s.yaml", environment: [:])
        #expect(
            result.diagnostics.map(\.description) == [
                "s.yaml:1:18: warning: 'seal' is false: whoever has the disk has the pictures; for looking for faults only"
            ])
        #expect(try #require(result.configuration).storage.seal == false)
    }

    @Test(arguments: ["", "# all as it is\n"]) func aFileMaySayNothing(text: String) throws {
        let folder = try TemporaryFolder()
        let result = DaemonConfiguration.load(path: try folder.write(text, to: "sluice.yaml"), environment: [:])
        #expect(result.diagnostics == [])
        #expect(result.configuration != nil)
    }

    @Test func goesWithoutAFile() {
        let result = DaemonConfiguration.load(path: nil, environment: [:])
        #expect(result.diagnostics == [])
        #expect(result.configuration == DaemonConfiguration())
        #expect(DaemonConfiguration.load(text: "# nothing\n", file: "s.yaml").configuration == DaemonConfiguration())
    }

    @Test func letsTheEnvironmentWinOverTheFileAndFlagsOverBoth() throws {
        let text = """
            rtmp: { listen: "0.0.0.0:1", maxPublishers: 1 }
            origin: { listen: "0.0.0.0:2" }
            storage: { maxBytes: 1GiB, directory: here }
            """
        let environment = [
            "SLUICE_RTMP_LISTEN": "127.0.0.1:11", "SLUICE_STORAGE_MAXBYTES": "2GiB", "SLUICE_LOG_LEVEL": "debug",
            "SLUICE_RTMP_MAXPUBLISHERS": "", "SLUICE_ADMIN_TOKEN": "a-token-of-length",
            "SLUICE_WORKER_USER": "sluice-worker", "SLUICE_WORKER_MEMORY": "1GiB",
        ]
        let result = DaemonConfiguration.load(
            text: text, file: "s.yaml", directory: "/etc/sluice", environment: environment,
            flags: ["rtmp.listen": "127.0.0.1:0"])
        #expect(result.diagnostics == [])
        let configuration = try #require(result.configuration)
        #expect(configuration.rtmp.listen == [ListenAddress(host: "127.0.0.1", port: 0)])
        #expect(configuration.rtmp.maxPublishers == 1)
        #expect(configuration.origin.listen.map(\.port) == [2])
        #expect(configuration.storage.maxBytes == 2 << 30)
        #expect(configuration.storage.directory == "/etc/sluice/here")
        #expect(configuration.log.level == .debug)
        #expect(configuration.worker.user == "sluice-worker" && configuration.worker.memory == 1 << 30)
        #expect(configuration.admin.token?.matches("a-token-of-length") == true)
    }

    @Test func saysWhichVariableOrFlagIsWrong() {
        let result = DaemonConfiguration.load(
            path: nil,
            environment: [
                "SLUICE_RTMP_LISTEN": "1935", "SLUICE_RTMP_LISTENN": "x", "SLUICE_DEMO": "x",
                "SLUICE_LOG_LEVEL": "loud",
            ],
            flags: ["storage.maxBytes": "much", "storage.quota": "1GiB"])
        #expect(result.configuration == nil)
        #expect(
            result.diagnostics.map(\.description) == [
                "--storage-max-bytes: error: 'maxBytes' is 'much'; it must be a size such as 20GiB, 500MB or 1048576",
                "--storage-quota: error: is no setting",
                "SLUICE_LOG_LEVEL: error: 'level' cannot be 'loud'; "
                    + "known are trace, debug, info, notice, warning, error, critical",
                "SLUICE_RTMP_LISTEN: error: 'listen' is '1935'; "
                    + "it must be an address and a port, such as \"0.0.0.0:1935\" or \"[::]:1935\"",
                "SLUICE_RTMP_LISTENN: warning: is no variable that sluice reads; did you mean SLUICE_RTMP_LISTEN?",
            ])
    }

    /// A unit file that names a variable which nobody has set: not the same as no token.
    @Test(arguments: ["SLUICE_ADMIN_TOKEN", "SLUICE_ADMIN_TOKEN_FILE"])
    func doesNotTakeAnEmptyTokenForNone(_ variable: String) {
        let result = DaemonConfiguration.load(
            text: "admin: { token: { env: T } }", file: "s.yaml", environment: [variable: "", "T": "a-token"])
        #expect(result.configuration == nil)
        #expect(
            result.diagnostics.map(\.description) == [
                "\(variable): error: is empty; set it, or unset it where no token is wanted"
            ])
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        var text: String
        var expected: [String]
        var testDescription: String { text }
    }

    @Test(arguments: [
        Bad(
            text: "media: {}",
            expected: [
                "1:1: error: unknown key 'media' in the configuration; known are rtmp, rtmps, origin, https, admin, storage, worker, harvest, accessLog, log"
            ]),
        Bad(
            text: "rtmp: 1935",
            expected: [
                "1:7: error: 'rtmp' is a single value; it must be a mapping of listen, maxPublishers, "
                    + "maxConnections, maxConnectionsPerAddress, maxHandshakes, handshakeTimeoutSeconds"
            ]),
        Bad(text: "rtmp: { maxPublishers: 0 }", expected: ["1:24: error: 'maxPublishers' is 0; it must be 1 to 10000"]),
        Bad(
            text: "origin: { requestBurstPerAddress: 7 }",
            expected: [
                "1:35: error: 'requestBurstPerAddress' is of no use without requestRatePerAddress; give both or neither"
            ]),
        Bad(
            text: "origin: { maxPackagingBytes: 1MiB }",
            expected: ["1:30: error: 'maxPackagingBytes' is below 64MiB, which may be one segment; take more"]),
        Bad(
            text: "storage: { hostKey: secret }",
            expected: ["1:21: error: 'hostKey' is a single value; it must be a mapping of file, command"]),
        Bad(
            text: "storage: { hostKey: {} }",
            expected: ["1:21: error: 'hostKey' must have either 'file' or 'command'"]),
        Bad(
            text: "storage: { hostKey: { file: a, command: [b] } }",
            expected: ["1:21: error: 'hostKey' must have either 'file' or 'command'"]),
        Bad(
            text: "storage: { hostKey: { command: [] } }",
            expected: ["1:32: error: 'command' is empty; it must be a list: the program and its arguments"]),
        Bad(
            text: "storage: { hostKey: { command: get-key } }",
            expected: ["1:32: error: 'command' is a single value; it must be a list: the program and its arguments"]),
        Bad(
            text: "storage: { hostKey: { command: [get, [key]] } }",
            expected: ["1:38: error: 'command' is a list; it must be a single value"]),
        Bad(text: "storage: { seal: maybe }", expected: ["1:18: error: 'seal' is 'maybe'; it must be true or false"]),
        Bad(
            text: "storage: { maxBytes: 1MiB }",
            expected: ["1:22: error: 'maxBytes' is below 64MiB, which holds no window; take more"]),
        Bad(
            text: "worker: { memory: 200MiB }",
            expected: ["1:19: error: 'memory' is below 256MiB, in which no picture is encoded; take more"]),
        Bad(
            text: "origin: { certificate: /nowhere/c.pem }",
            expected: [
                "1:24: error: 'certificate': the file /nowhere/c.pem does not exist or cannot be read by this user",
                "1:24: error: 'origin' has a certificate but no privateKey; give both or neither",
            ]),
        Bad(
            text: "origin: { listen: \"0.0.0.0:1935\" }",
            expected: [
                "1:19: error: 'origin' listens on 0.0.0.0:1935, which 'rtmp' has already; give each its own port"
            ]),
        Bad(
            text: "rtmp: { listen: [\"0.0.0.0:1935\", \"127.0.0.1:1935\"] }",
            expected: ["1:17: error: 'rtmp' lists 127.0.0.1:1935 beside 0.0.0.0:1935, which has it already"]),
        Bad(text: "rtmp: { listen: [] }", expected: ["1:17: error: 'listen' lists 0 addresses; it must be 1 to 16"]),
        Bad(
            text: "rtmp: { listen: [\"[::]:1935\", 1935] }",
            expected: [
                "1:31: error: 'listen' is '1935'; "
                    + "it must be an address and a port, such as \"0.0.0.0:1935\" or \"[::]:1935\""
            ]),
        Bad(
            text: "admin: { listen: \"0.0.0.0:9090\" }",
            expected: [
                "1:18: warning: 'admin' listens on 0.0.0.0:9090 without a token: from elsewhere /v1 will be refused; set admin.token"
            ]),
        Bad(
            text: "admin: { token: hunter2 }",
            expected: [
                "1:17: warning: 'token' is written into the file, where everybody who reads the file sees it; use { env: NAME } or { file: PATH }"
            ]),
        Bad(
            text: "admin: { token: }",
            expected: [
                "1:10: error: 'token' is empty; write { env: NAME } or { file: PATH }, or leave it out"
            ]),
        Bad(
            text: "log: { level: info, level: debug }",
            expected: ["1:21: error: the key 'level' stands twice, first in line 1; keep one of them"]),
        Bad(text: "log: { format: xml }", expected: ["1:16: error: 'format' cannot be 'xml'; known are json, text"]),
    ])
    func saysWhatIsWrong(_ bad: Bad) {
        let found = DaemonConfiguration.load(text: bad.text, file: "s.yaml").diagnostics.map(\.description)
        #expect(found == bad.expected.map { "s.yaml:" + $0 })
    }
}
