package import Access
package import NIOCore
import NIOHTTP1
import Settings

/// Who asks: one connection, or one stream of it. For its event loop alone.
package final class Asker {
    package let eventLoop: any EventLoop
    private let peer: ConnectionPeer
    /// As access rules know it, of the request under way: the connection's, or who a trusted proxy says that it asks for;
    /// nil: nobody's, or none that can be read.
    package private(set) var address: PeerAddress?
    /// What is to be done when the connection ends before its answer; of the request under way.
    private var whenGone: (@Sendable () -> Void)?

    package convenience init(on eventLoop: any EventLoop, from address: SocketAddress? = nil) {
        self.init(on: eventLoop, from: ConnectionPeer(address.flatMap { PeerAddress($0) }))
    }

    init(on eventLoop: any EventLoop, from peer: ConnectionPeer) {
        self.eventLoop = eventLoop
        self.peer = peer
        address = peer.address
    }

    /// What is counted as one: an IPv4 address, or an IPv6 network of 64 bits; nil: nobody's, or this machine's own, as
    /// of a proxy in front of the origin that does not say for whom it asks, or is not believed.
    var network: [UInt8]? { (address ?? peer.address).flatMap { Self.network(of: $0.bytes) } }
    /// The same as limits count it; nil where a trusted proxy asks for itself, as to see whether we are well. What it asks
    /// for somebody who cannot be told has a key of its own.
    var rateKey: UInt64? {
        guard peer.isTrusted else { return RateKey.of(network) }
        guard let address else { return RateKey.of(network).map { ~$0 } }
        return peer.proxies.trusts(address) ? nil : RateKey.of(network)
    }

    /// A request has come: a trusted proxy may say in it for whom it asks.
    func asks(by headers: HTTPHeaders) {
        guard peer.isTrusted, peer.proxies.header != .none, let proxy = peer.address else { return }
        address = peer.proxies.viewer(behind: proxy, headers[peer.proxies.header.rawValue])
    }

    func callWhenGone(_ action: @escaping @Sendable () -> Void) { whenGone = action }

    /// The request under way is answered.
    func answered() { whenGone = nil }

    /// The connection is over.
    func left() {
        whenGone?()
        whenGone = nil
    }

    /// - Parameter bytes: of an address.
    static func network(of bytes: [UInt8]) -> [UInt8]? {
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]
        if bytes.count == 16, bytes.starts(with: mapped) { return network(of: Array(bytes[12...])) }
        if bytes.count == 4 { return bytes[0] == 127 ? nil : bytes }
        return bytes == Array(repeating: 0, count: 15) + [1] ? nil : Array(bytes.prefix(8))
    }
}
