import Access
import NIOConcurrencyHelpers
package import Settings

/// What strangers may have of the origin.
package struct OriginLimits: Sendable, Hashable {
    /// Connections at a time.
    package var maximumConnections = 32768
    /// The same of one IPv4 address or one IPv6 network of 64 bits; not of this machine's own.
    package var maximumConnectionsOfOne = 8192
    /// New connections, and requests, of one address; nil: any number.
    package var connectionRate: AddressRate?
    package var requestRate: AddressRate?

    package init() {}
}

/// The bound at which something was refused or cut off: the label of a metric.
package enum OriginBound: String, Sendable, Hashable, CaseIterable {
    case connections
    case connectionsOfOneAddress = "connections_per_address"
    case connectionRate = "connection_rate"
    case requestRate = "request_rate"
    /// Too much is being packaged.
    case packaging
    /// Too many wait for what is not there yet.
    case waiting
    /// Nothing got on.
    case progress
    /// HTTP/2's own rules and bounds.
    case http2
}

/// Holds connections and requests to the limits: of all event loops.
final class OriginGuard: Sendable {
    enum Verdict: Equatable {
        case admitted
        /// Not even an answer.
        case closed
        /// To be told by 429 to come again after so many seconds.
        case later(seconds: Int)
    }

    /// Refused connections that wait for their first request to be answered; more are closed at once.
    static let maximumRefusing = 256

    private struct Counts {
        var connections: ConnectionCounts
        var refusing = 0
    }

    private let counts: NIOLockedValueBox<Counts>
    private let connections: RateLimiter?
    private let requests: RateLimiter?
    private let channels: ChannelRates?
    private let metrics: OriginMetrics

    init(_ limits: OriginLimits, channels: ChannelRates? = nil, metrics: OriginMetrics) {
        self.channels = channels
        counts = NIOLockedValueBox(
            Counts(
                connections: ConnectionCounts(
                    maximum: limits.maximumConnections, maximumOfOne: limits.maximumConnectionsOfOne)))
        connections = limits.connectionRate.map { RateLimiter($0) { metrics.countForgotten() } }
        requests = limits.requestRate.map { RateLimiter($0) { metrics.countForgotten() } }
        self.metrics = metrics
    }

    /// Whether requests are counted at all.
    var countsRequests: Bool { requests != nil || channels?.isEmpty == false }

    /// A connection comes. Each that is admitted, and no other, is to be told of by `closes`.
    /// - Parameter now: milliseconds.
    func opens(_ peer: ConnectionPeer, now: Int64) -> Verdict {
        let key = peer.connectionKey
        if let key, let seconds = connections?.take(key, now: now) {
            metrics.count(.connectionRate)
            return .later(seconds: seconds)
        }
        switch counts.withLockedValue({ $0.connections.opens(key) }) {
        case .admitted:
            peer.countedAs = key
            return .admitted
        case .full:
            metrics.count(.connections)
            return .closed
        case .fullOfOne:
            metrics.count(.connectionsOfOneAddress)
            return .later(seconds: 1)
        }
    }

    /// Whether one that was admitted as a proxy's may stay now that the proxy has said whose it is.
    /// - Parameter now: milliseconds.
    func admits(_ peer: ConnectionPeer, now: Int64) -> Bool {
        guard let key = peer.connectionKey else { return true }
        guard connections?.take(key, now: now) == nil else {
            metrics.count(.connectionRate)
            return false
        }
        guard counts.withLockedValue({ $0.connections.belongs(to: key) }) else {
            metrics.count(.connectionsOfOneAddress)
            return false
        }
        peer.countedAs = key
        return true
    }

    func closes(_ peer: ConnectionPeer) {
        let key = peer.countedAs
        counts.withLockedValue { $0.connections.closes(key) }
    }

    /// - Returns: whether there is room to tell a refused one why; then `ceasesToRefuse` is to be called.
    func beginsToRefuse() -> Bool {
        counts.withLockedValue { counts in
            guard counts.refusing < Self.maximumRefusing else { return false }
            counts.refusing += 1
            return true
        }
    }

    func ceasesToRefuse() { counts.withLockedValue { $0.refusing -= 1 } }

    /// A request comes. One that the channel refuses has been counted for all of them.
    /// - Returns: nil where it may; else after how many seconds it may.
    func wait(_ key: UInt64, for target: String, now: Int64) -> Int? {
        func takeOfChannel() -> Int? {
            guard let channels, !channels.isEmpty else { return nil }
            return channels.take(key, of: RequestTarget(target).channel, now: now)
        }
        guard let seconds = requests?.take(key, now: now) ?? takeOfChannel() else { return nil }
        metrics.count(.requestRate)
        return seconds
    }
}

/// An address as limits count it: one number for an IPv4 address, or for an IPv6 network of 64 bits.
enum RateKey {
    /// - Parameter network: `Asker.network`.
    static func of(_ network: [UInt8]?) -> UInt64? {
        // What begins with 32 zero bits is nobody's IPv6 network: RFC 4291, clause 2.5.
        network.map { $0.reduce(0) { $0 << 8 | UInt64($1) } }
    }
}
