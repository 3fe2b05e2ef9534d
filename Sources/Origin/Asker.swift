package import Access
import Glibc
package import NIOCore
import Settings

/// Who asks: one connection. For its event loop alone.
package final class Asker {
    package let eventLoop: any EventLoop
    /// What is counted as one: an IPv4 address, or an IPv6 network of 64 bits; nil: nobody's, or this machine's own, as
    /// of a proxy in front of the origin.
    let network: [UInt8]?
    private let peer: SocketAddress?
    /// As access rules know it; nil: nobody's.
    package private(set) lazy var address = peer?.ipAddress.flatMap { IPAddress(parsing: $0) }.map { PeerAddress($0) }
    /// What is to be done when the connection ends before its answer; of the request under way.
    private var whenGone: (@Sendable () -> Void)?

    package init(on eventLoop: any EventLoop, from address: SocketAddress? = nil) {
        self.eventLoop = eventLoop
        peer = address
        network = address.flatMap { Self.network(of: $0) }
    }

    func callWhenGone(_ action: @escaping @Sendable () -> Void) { whenGone = action }

    /// The request under way is answered.
    func answered() { whenGone = nil }

    /// The connection is over.
    func left() {
        whenGone?()
        whenGone = nil
    }

    private static func network(of address: SocketAddress) -> [UInt8]? {
        guard let text = address.ipAddress else { return nil }
        let isIPv4 = address.protocol == .inet
        var bytes = [UInt8](repeating: 0, count: isIPv4 ? 4 : 16)
        return inet_pton(isIPv4 ? AF_INET : AF_INET6, text, &bytes) == 1 ? network(of: bytes) : nil
    }

    /// - Parameter bytes: of an address.
    static func network(of bytes: [UInt8]) -> [UInt8]? {
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]
        if bytes.count == 16, bytes.starts(with: mapped) { return network(of: Array(bytes[12...])) }
        if bytes.count == 4 { return bytes[0] == 127 ? nil : bytes }
        return bytes == Array(repeating: 0, count: 15) + [1] ? nil : Array(bytes.prefix(8))
    }
}
