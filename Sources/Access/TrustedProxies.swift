package import Settings

/// Proxies that are believed when they say for whom they ask. Whoever else says so is passed over.
package struct TrustedProxies: Sendable {
    /// Of proxies behind each other; who says more is not understood.
    static let maximumHops = 32

    private let networks: [Network]
    package let header: ForwardedHeader

    /// - Parameter networks: none: nobody is believed.
    package init(_ networks: [CIDR] = [], header: ForwardedHeader = .xForwardedFor) {
        self.networks = networks.map(Network.init)
        self.header = header
    }

    package func trusts(_ address: PeerAddress) -> Bool { networks.contains { $0.contains(address) } }

    /// Who asks: of the addresses that the header has, the last one that is no trusted proxy. What stands before it
    /// can be anybody's.
    ///
    /// - Parameters:
    ///   - peer: a trusted proxy.
    ///   - fields: the header's values, as they came.
    /// - Returns: the peer where nothing is said; the first of them where all are trusted; nil where what counts
    ///   cannot be read as an address, such as `unknown`.
    package func viewer(behind peer: PeerAddress, _ fields: [String]) -> PeerAddress? {
        var viewer = peer
        var hops = 0
        for field in fields.reversed() {
            guard let said = ForwardedAddresses.read(field, header) else { return nil }
            for address in said.reversed() {
                hops += 1
                guard let address, hops <= Self.maximumHops else { return nil }
                viewer = PeerAddress(address)
                guard trusts(viewer) else { return viewer }
            }
        }
        return viewer
    }
}
