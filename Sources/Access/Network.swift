package import Settings

/// An address as a number; IPv4 is kept apart from IPv6.
package struct PeerAddress: Sendable, Hashable {
    let number: UInt128
    let isIPv4: Bool

    package init(_ address: IPAddress) {
        number = address.bytes.reduce(0) { $0 << 8 | UInt128($1) }
        isIPv4 = !address.isIPv6
    }
}

extension PeerAddress: CustomStringConvertible {
    /// 4 or 16, in network order.
    package var bytes: [UInt8] {
        stride(from: isIPv4 ? 24 : 120, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    package var description: String { IPAddress(bytes: bytes).map { "\($0)" } ?? "?" }
}

/// A network of which an address is found to be by one comparison.
struct Network: Sendable, Hashable {
    private let number: UInt128
    private let mask: UInt128
    private let isIPv4: Bool

    init(_ network: CIDR) {
        number = network.network.reduce(0) { $0 << 8 | UInt128($1) }
        isIPv4 = network.network.count == 4
        let bits = isIPv4 ? 32 : 128
        let all: UInt128 = isIPv4 ? UInt128(UInt32.max) : .max
        mask = network.prefixLength == 0 ? 0 : all & (all << UInt128(bits - network.prefixLength))
    }

    func contains(_ address: PeerAddress) -> Bool {
        address.isIPv4 == isIPv4 && address.number & mask == number
    }
}
