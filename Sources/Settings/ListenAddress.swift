/// An address to listen on: `0.0.0.0:1935`, `[::]:8080`, `localhost:0`. Port 0 lets the system choose.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// An IPv4 or IPv6 address without brackets, or a host name.
    package var host: String
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Nil unless the text is `HOST:PORT`; an IPv6 host stands in brackets.
    package init?(parsing text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = UInt16(digits)
        else { return nil }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            let inner = String(host.dropFirst().dropLast())
            guard IPAddress(parsing: inner)?.isIPv6 == true else { return nil }
            self.init(host: inner, port: port)
            return
        }
        let isNumeric = host.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
        guard !host.isEmpty, host.utf8.count <= 253, !isNumeric || IPAddress(parsing: String(host)) != nil,
            host.utf8.allSatisfy({ $0.isHostNameByte })
        else { return nil }
        self.init(host: String(host), port: port)
    }

    /// Whether the host is written as an IPv6 address.
    package var isIPv6: Bool { host.contains(":") }

    package var isLoopback: Bool {
        if host == "localhost" { return true }
        guard let address = IPAddress(parsing: host) else { return false }
        return CIDR.loopback.contains { $0.contains(address) }
    }

    package var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension UInt8 {
    fileprivate var isHostNameByte: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }
}
