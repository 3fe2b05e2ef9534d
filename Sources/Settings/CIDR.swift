/// A network in CIDR notation: `10.0.0.0/8`, `2001:db8::/32`; an address alone is the network of itself.
package struct CIDR: Sendable, Hashable {
    /// The network's address, 4 or 16 bytes, host bits cleared.
    package let network: [UInt8]
    /// 0 to 32, or to 128.
    package let prefixLength: Int
    /// Whether the text had bits set behind the prefix (`10.1.2.3/8`).
    let hadHostBits: Bool

    package init?(parsing text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, !first.contains("%"), var bytes = IPAddress.parse(String(first)) else {
            return nil
        }
        var length = bytes.count * 8
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(parts[1]), number <= length
            else { return nil }
            length = number
        }
        // A prefix inside the mapped range is the IPv4 network; a shorter one stays an IPv6 network.
        if IPAddress.isMapped(bytes), length >= 96 {
            bytes = Array(bytes[12...])
            length -= 96
        }
        network = Self.masked(bytes, length)
        prefixLength = length
        hadHostBits = network != bytes
    }

    private init(network: [UInt8], prefixLength: Int) {
        self.network = network
        self.prefixLength = prefixLength
        hadHostBits = false
    }

    /// 127.0.0.0/8 and ::1.
    package static let loopback = [
        CIDR(network: [127, 0, 0, 0], prefixLength: 8),
        CIDR(network: [UInt8](repeating: 0, count: 15) + [1], prefixLength: 128),
    ]

    /// Whether every address of its family is in it.
    package var isEverything: Bool { prefixLength == 0 }

    package func contains(_ address: IPAddress) -> Bool {
        address.bytes.count == network.count && Self.masked(address.bytes, prefixLength) == network
    }

    /// False for text that is no address.
    package func contains(_ address: String) -> Bool {
        IPAddress(parsing: address).map { contains($0) } ?? false
    }

    private static func masked(_ bytes: [UInt8], _ length: Int) -> [UInt8] {
        bytes.indices.map { index in
            let bits = min(max(length - index * 8, 0), 8)
            return bytes[index] & (bits == 0 ? 0 : 0xFF << UInt8(8 - bits))
        }
    }
}

extension CIDR: CustomStringConvertible {
    package var description: String {
        if network.count == 4 { return network.map(String.init).joined(separator: ".") + "/\(prefixLength)" }
        let groups = stride(from: 0, to: 16, by: 2).map {
            String(UInt16(network[$0]) << 8 | UInt16(network[$0 + 1]), radix: 16)
        }
        return groups.joined(separator: ":") + "/\(prefixLength)"
    }
}
