import Foundation

/// Puts the daemon's configuration together: the file, over it the environment, over that the flags.
struct DaemonConfigurationReader {
    /// Sections and keys, in the order of the documentation.
    static let keys: [(section: String, keys: [String])] = [
        (
            "rtmp",
            [
                "listen", "maxPublishers", "maxConnections", "maxConnectionsPerAddress", "maxHandshakes",
                "handshakeTimeoutSeconds",
            ]
        ),
        ("rtmps", ["listen", "certificate", "privateKey"]),
        (
            "origin",
            [
                "listen", "certificate", "privateKey", "drainSeconds", "revocations", "proxyProtocol", "trustedProxies",
                "forwardedHeader",
            ] + OriginLimitsReader.keys
        ),
        ("https", ["listen", "certificate", "privateKey", "proxyProtocol"]),
        ("admin", ["listen", "token"]),
        ("storage", ["directory", "maxBytes", "seal", "hostKey"]),
        ("worker", ["user", "memory"]),
        ("harvest", ["destinations"]),
        ("accessLog", ["path", "format"]),
        ("log", ["level", "format"]),
    ]

    private let log: DiagnosticLog
    private let purpose: LoadPurpose
    private let environment: [String: String]
    /// What was given for each `section.key`, the strongest last.
    private var layers: [String: [Layer]] = [:]

    private struct Layer {
        var node: SettingsNode
        /// What paths in it are relative to.
        var directory: String
    }

    init(environment: [String: String], purpose: LoadPurpose, log: DiagnosticLog) {
        self.environment = environment
        self.purpose = purpose
        self.log = log
    }

    /// `SLUICE_STORAGE_MAXBYTES` for `storage.maxBytes`.
    static func variable(_ section: String, _ key: String) -> String {
        "SLUICE_\(section.uppercased())_\(key.uppercased())"
    }

    mutating func add(text: String, file: String, directory: String) {
        guard let node = SettingsDocument.root(of: text, file: file, log: log), !node.isNull,
            let root = Section(node, "the configuration", keys: Self.keys.map(\.section), log)
        else { return }
        for (name, keys) in Self.keys {
            guard let node = root[name], let section = Section(node, "'\(name)'", keys: keys, log) else { continue }
            for key in keys {
                guard let value = section[key] else {
                    // Somebody wanted one: going on without would be another daemon than the one that was meant.
                    if key == "token", section.mentions(key) {
                        log.error(
                            "'token' is empty; write { env: NAME } or { file: PATH }, or leave it out",
                            at: section.keyPlace(key))
                    }
                    continue
                }
                layers["\(name).\(key)", default: []].append(Layer(node: value, directory: directory))
            }
        }
    }

    mutating func addEnvironment() {
        var known: [String] = ["SLUICE_ADMIN_TOKEN_FILE", "SLUICE_STORAGE_HOSTKEY_FILE"]
        for variable in ["SLUICE_ADMIN_TOKEN", "SLUICE_ADMIN_TOKEN_FILE"] where environment[variable] == "" {
            log.error("is empty; set it, or unset it where no token is wanted", at: Place(file: variable))
        }
        for (name, keys) in Self.keys {
            // A key is never in the environment, where every program that is started sees it; a mapping cannot be.
            for key in keys where key != "hostKey" && key != "destinations" {
                let variable = Self.variable(name, key)
                known.append(variable)
                guard let value = environment[variable], !value.isEmpty else { continue }
                let place = Place(file: variable)
                // A variable's value is a secret kept out of the file already.
                let node =
                    key == "token"
                    ? Self.reference("env", variable, place)
                    : SettingsNode(value: .scalar(value, isQuoted: false), place: place)
                layers["\(name).\(key)", default: []].append(Layer(node: node, directory: ""))
            }
        }
        if let path = environment["SLUICE_ADMIN_TOKEN_FILE"], !path.isEmpty {
            let node = Self.reference("file", path, Place(file: "SLUICE_ADMIN_TOKEN_FILE"))
            layers["admin.token", default: []].append(Layer(node: node, directory: ""))
        }
        if let path = environment["SLUICE_STORAGE_HOSTKEY_FILE"], !path.isEmpty {
            let node = Self.reference("file", path, Place(file: "SLUICE_STORAGE_HOSTKEY_FILE"))
            layers["storage.hostKey", default: []].append(Layer(node: node, directory: ""))
        }
        let prefixes = Self.keys.map { "SLUICE_\($0.section.uppercased())_" }
        for variable in environment.keys.sorted()
        where prefixes.contains(where: { variable.hasPrefix($0) }) && !known.contains(variable) {
            let near = Suggestion.nearest(to: variable, among: known).map { "; did you mean \($0)?" } ?? ""
            log.warning("is no variable that sluice reads\(near)", at: Place(file: variable))
        }
    }

    /// - Parameter flags: values by `section.key`.
    mutating func add(flags: [String: String]) {
        let known = Self.keys.flatMap { section in section.keys.map { "\(section.section).\($0)" } }
        for (path, value) in flags.sorted(by: { $0.key < $1.key }) {
            let place = Place(file: Self.flag(path))
            guard known.contains(path) else {
                log.error("is no setting\(Suggestion.text(for: path, among: known))", at: place)
                continue
            }
            let node = SettingsNode(value: .scalar(value, isQuoted: false), place: place)
            layers[path, default: []].append(Layer(node: node, directory: ""))
        }
    }

    /// `--storage-max-bytes` for `storage.maxBytes`.
    static func flag(_ path: String) -> String {
        var flag = "--"
        for character in path {
            if character == "." {
                flag += "-"
            } else if character.isUppercase {
                flag += "-" + character.lowercased()
            } else {
                flag.append(character)
            }
        }
        return flag
    }

    func configuration() -> DaemonConfiguration {
        var result = DaemonConfiguration()
        read("rtmp.listen", into: &result.rtmp.listen) { $0.listenAddresses("listen", log) }
        read("rtmp.maxPublishers", into: &result.rtmp.maxPublishers) { $0.integer("maxPublishers", in: 1...10000, log) }
        read("rtmp.maxConnections", into: &result.rtmp.maxConnections) {
            $0.integer("maxConnections", in: 1...1_000_000, log)
        }
        read("rtmp.maxConnectionsPerAddress", into: &result.rtmp.maxConnectionsPerAddress) {
            $0.integer("maxConnectionsPerAddress", in: 1...1_000_000, log)
        }
        read("rtmp.maxHandshakes", into: &result.rtmp.maxHandshakes) { $0.integer("maxHandshakes", in: 1...1000, log) }
        read("rtmp.handshakeTimeoutSeconds", into: &result.rtmp.handshakeTimeoutSeconds) {
            $0.integer("handshakeTimeoutSeconds", in: 1...120, log)
        }
        read("rtmps.listen", into: &result.rtmps.listen) { $0.listenAddresses("listen", log) }
        result.rtmps.tls = tls("rtmps")
        read("origin.listen", into: &result.origin.listen) { $0.listenAddresses("listen", log) }
        result.origin.tls = tls("origin")
        read("https.listen", into: &result.https.listen) { $0.listenAddresses("listen", log) }
        result.https.tls = tls("https")
        read("origin.drainSeconds", into: &result.origin.drainSeconds) { $0.integer("drainSeconds", in: 0...600, log) }
        for layer in layers["origin.revocations"] ?? [] {
            guard let path = layer.node.text("revocations", log) else { continue }
            let reader = SecretReader(environment: [:], directory: layer.directory, purpose: purpose, log: log)
            result.origin.revocations = reader.resolve(path)
        }
        read("origin.proxyProtocol", into: &result.origin.proxyProtocol) { $0.bool("proxyProtocol", log) }
        read("https.proxyProtocol", into: &result.https.proxyProtocol) { $0.bool("proxyProtocol", log) }
        read("origin.trustedProxies", into: &result.origin.trustedProxies) { $0.networks("trustedProxies", log) }
        read("origin.forwardedHeader", into: &result.origin.forwardedHeader) {
            $0.word("forwardedHeader", ForwardedHeader.self, log)
        }
        let limits = OriginLimitsReader(log: log) { layers["origin.\($0)"]?.map(\.node) ?? [] }
        limits.read(into: &result.origin)
        read("admin.listen", into: &result.admin.listen) { $0.listenAddress("listen", log) }
        for layer in layers["admin.token"] ?? [] {
            let reader = SecretReader(
                environment: environment, directory: layer.directory, purpose: purpose, log: log)
            if let token = reader.secret(layer.node, "token") { result.admin.token = token }
        }
        for layer in layers["storage.directory"] ?? [] {
            guard let path = layer.node.text("directory", log) else { continue }
            result.storage.directory = SecretReader(
                environment: [:], directory: layer.directory, purpose: purpose, log: log
            ).resolve(path)
        }
        read("storage.maxBytes", into: &result.storage.maxBytes) {
            readSize($0, "maxBytes", atLeast: "64MiB", 64 << 20, "which holds no window")
        }
        read("storage.seal", into: &result.storage.seal) { $0.bool("seal", log) }
        if !result.storage.seal {
            log.warning(
                "'seal' is false: whoever has the disk has the pictures; for looking for faults only",
                at: place("storage.seal"))
        }
        for layer in layers["storage.hostKey"] ?? [] {
            let reader = SecretReader(environment: [:], directory: layer.directory, purpose: purpose, log: log)
            if let source = HostKeySourceReader(reader: reader, log: log).read(layer.node) {
                result.storage.hostKey = source
            }
        }
        read("worker.user", into: &result.worker.user) { $0.text("user", log).map { .some($0) } }
        read("worker.memory", into: &result.worker.memory) {
            readSize($0, "memory", atLeast: "256MiB", 256 << 20, "in which no picture is encoded")
        }
        for layer in layers["harvest.destinations"] ?? [] {
            let secrets = SecretReader(
                environment: environment, directory: layer.directory, purpose: purpose, log: log)
            result.harvestDestinations = HarvestReader(secrets: secrets).read(layer.node)
        }
        for layer in layers["accessLog.path"] ?? [] {
            guard let path = layer.node.text("path", log) else { continue }
            let reader = SecretReader(environment: [:], directory: layer.directory, purpose: purpose, log: log)
            result.accessLog.path = reader.resolve(path)
        }
        read("accessLog.format", into: &result.accessLog.format) {
            $0.word("format", DaemonConfiguration.AccessLog.Format.self, log)
        }
        read("log.level", into: &result.log.level) { $0.word("level", DaemonConfiguration.Log.Level.self, log) }
        read("log.format", into: &result.log.format) {
            $0.word("format", DaemonConfiguration.Log.Format.self, log).map { .some($0) }
        }
        check(result)
        return result
    }

    private func read<T>(_ path: String, into value: inout T, _ parse: (SettingsNode) -> T?) {
        for layer in layers[path] ?? [] {
            if let parsed = parse(layer.node) { value = parsed }
        }
    }

    private func readSize(
        _ node: SettingsNode, _ name: String, atLeast text: String, _ least: UInt64, _ because: String
    ) -> UInt64? {
        guard let bytes = node.byteSize(name, log) else { return nil }
        guard bytes >= least else {
            log.error("'\(name)' is below \(text), \(because); take more", at: node.place)
            return nil
        }
        return bytes
    }

    private func tls(_ section: String) -> DaemonConfiguration.TLSFiles? {
        func file(_ key: String, isSecret: Bool) -> (path: String, place: Place)? {
            guard let layer = layers["\(section).\(key)"]?.last else { return nil }
            let reader = SecretReader(environment: [:], directory: layer.directory, purpose: purpose, log: log)
            return (reader.existingFile(layer.node, key, isSecret: isSecret) ?? "", layer.node.place)
        }
        switch (file("certificate", isSecret: false), file("privateKey", isSecret: true)) {
        case (nil, nil): return nil
        case (let certificate?, let key?):
            return DaemonConfiguration.TLSFiles(certificate: certificate.path, privateKey: key.path)
        case (let certificate?, nil):
            log.error("'\(section)' has a certificate but no privateKey; give both or neither", at: certificate.place)
        case (nil, let key?):
            log.error("'\(section)' has a privateKey but no certificate; give both or neither", at: key.place)
        }
        return nil
    }

    private func check(_ configuration: DaemonConfiguration) {
        var listeners = configuration.rtmp.listen.map { ("rtmp", $0) }
        if configuration.rtmps.tls != nil { listeners += configuration.rtmps.listen.map { ("rtmps", $0) } }
        listeners += configuration.origin.listen.map { ("origin", $0) }
        if configuration.https.tls != nil { listeners += configuration.https.listen.map { ("https", $0) } }
        listeners.append(("admin", configuration.admin.listen))
        for (index, (name, address)) in listeners.enumerated() where address.port != 0 {
            // What one section lists side by side for IPv4 and IPv6 is kept apart when it is bound.
            let collides = listeners[..<index].first { other, earlier in
                earlier.overlaps(address) && (other != name || earlier.isIPv6 == address.isIPv6)
            }
            guard let other = collides else { continue }
            if other.0 == name {
                log.error(
                    "'\(name)' lists \(address) beside \(other.1), which has it already", at: place("\(name).listen"))
                continue
            }
            log.error(
                "'\(name)' listens on \(address), which '\(other.0)' has already; give each its own port",
                at: place("\(name).listen", "\(other.0).listen"))
        }
        check(configuration.origin, configuration.https)
        if configuration.accessLog.path == nil, layers["accessLog.format"] != nil {
            log.warning(
                "'accessLog' has no path, so nothing is logged; write path: FILE", at: place("accessLog.format"))
        }
        if !configuration.admin.listen.isLoopback, configuration.admin.token == nil {
            log.warning(
                "'admin' listens on \(configuration.admin.listen) without a token: "
                    + "from elsewhere /v1 will be refused; set admin.token",
                at: place("admin.listen"))
        }
    }

    private func check(_ origin: DaemonConfiguration.Origin, _ https: DaemonConfiguration.HTTPS) {
        for (section, isOn) in [("origin", origin.proxyProtocol), ("https", https.proxyProtocol)]
        where isOn && origin.trustedProxies.isEmpty {
            log.error(
                "'proxyProtocol' of '\(section)' is true, but nobody is trusted to speak it; "
                    + "write origin.trustedProxies: [ADDRESS/BITS]",
                at: place("\(section).proxyProtocol"))
        }
        for network in origin.trustedProxies where network.isEverything {
            log.warning(
                "\(network) in 'trustedProxies' lets everybody say that they are anybody; name your proxies",
                at: place("origin.trustedProxies"))
        }
        if origin.trustedProxies.isEmpty, layers["origin.forwardedHeader"] != nil {
            log.warning(
                "'forwardedHeader' has no effect without origin.trustedProxies: nobody is believed",
                at: place("origin.forwardedHeader"))
        }
    }

    /// Where the first of these that was given was given.
    private func place(_ paths: String...) -> Place {
        paths.lazy.compactMap { layers[$0]?.last?.node.place }.first ?? Place(file: "sluice.yaml")
    }

    private static func reference(_ kind: String, _ value: String, _ place: Place) -> SettingsNode {
        let node = SettingsNode(value: .scalar(value, isQuoted: true), place: place)
        return SettingsNode(value: .mapping([.init(key: kind, keyPlace: place, node: node)]), place: place)
    }
}

extension ListenAddress {
    /// Whether listening on both would collide: the same port on the same host, or on all hosts.
    fileprivate func overlaps(_ other: ListenAddress) -> Bool {
        let everywhere = ["0.0.0.0", "::"]
        return port == other.port
            && (host == other.host || everywhere.contains(host) || everywhere.contains(other.host))
    }
}
