/// What strangers may have of the origin: the keys of `origin` that say so.
struct OriginLimitsReader {
    static let keys = [
        "maxConnections", "maxConnectionsPerAddress", "connectionRatePerAddress", "connectionBurstPerAddress",
        "requestRatePerAddress", "requestBurstPerAddress", "maxPackagingBytes", "maxPackagingRequests", "cacheBytes",
    ]

    let log: DiagnosticLog
    /// What was given for a key, the strongest last.
    let nodes: (_ key: String) -> [SettingsNode]

    func read(into origin: inout DaemonConfiguration.Origin) {
        if let value = integer("maxConnections", 16...1_000_000) { origin.maxConnections = value }
        if let value = integer("maxConnectionsPerAddress", 1...1_000_000) { origin.maxConnectionsPerAddress = value }
        origin.connectionRate = rate("connection")
        origin.requestRate = rate("request")
        for node in nodes("maxPackagingBytes") {
            guard let bytes = node.byteSize("maxPackagingBytes", log) else { continue }
            guard bytes >= 64 << 20 else {
                log.error("'maxPackagingBytes' is below 64MiB, which may be one segment; take more", at: node.place)
                continue
            }
            origin.maxPackagingBytes = bytes
        }
        if let value = integer("maxPackagingRequests", 16...10_000_000) { origin.maxPackagingRequests = value }
        for node in nodes("cacheBytes") {
            if let bytes = node.byteSize("cacheBytes", log) { origin.cacheBytes = bytes }
        }
    }

    /// 0, or nothing, is no limit. Without a burst: two seconds of it.
    /// - Parameter name: of what is limited: `request`, `connection`.
    func rate(_ name: String) -> AddressRate? {
        let (rateKey, burstKey) = ("\(name)RatePerAddress", "\(name)BurstPerAddress")
        let burst = integer(burstKey, 1...1_000_000)
        guard let perSecond = integer(rateKey, 0...100_000), perSecond > 0 else {
            if let node = nodes(burstKey).last {
                log.error("'\(burstKey)' is of no use without \(rateKey); give both or neither", at: node.place)
            }
            return nil
        }
        return AddressRate(perSecond: perSecond, burst: burst ?? perSecond * 2)
    }

    private func integer(_ key: String, _ range: ClosedRange<UInt32>) -> UInt32? {
        nodes(key).compactMap { $0.integer(key, in: range, log) }.last
    }
}
