import Access
import NIOCore
import Settings

/// Who is at the other end of a connection. For its event loop alone.
final class ConnectionPeer {
    /// The peer's, or that for which a proxy has said in front that it stands; nil: nobody's.
    private(set) var address: PeerAddress?
    /// Whether the peer is believed when it says for whom it asks.
    private(set) var isTrusted: Bool
    let proxies: TrustedProxies
    /// By which limits count the connection, since it was admitted; nil: not by address.
    var countedAs: UInt64?

    init(_ address: PeerAddress?, _ proxies: TrustedProxies = TrustedProxies()) {
        self.address = address
        self.proxies = proxies
        isTrusted = address.map { proxies.trusts($0) } ?? false
    }

    /// By which limits are to count the connection; nil for this machine's own and for trusted proxies.
    var connectionKey: UInt64? {
        isTrusted ? nil : RateKey.of(address.flatMap { Asker.network(of: $0.bytes) })
    }

    /// As a trusted proxy says. That may be another proxy.
    func stands(for address: PeerAddress) {
        self.address = address
        isTrusted = proxies.trusts(address)
    }
}

extension PeerAddress {
    /// Nil for what is no address of the internet.
    init?(_ address: SocketAddress) {
        guard let address = address.ipAddress.flatMap({ IPAddress(parsing: $0) }) else { return nil }
        self.init(address)
    }
}
