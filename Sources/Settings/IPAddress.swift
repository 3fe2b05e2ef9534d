import Foundation

/// An IPv4 or IPv6 address. An IPv4 address mapped into IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
package struct IPAddress: Sendable, Hashable {
    /// 4 or 16 bytes, in network order.
    package let bytes: [UInt8]

    package var isIPv6: Bool { bytes.count == 16 }

    /// Nil unless there are 4 or 16 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = Self.isMapped(bytes) ? Array(bytes[12...]) : bytes
    }

    /// Text as `inet_pton` reads it; a zone (`%eth0`) is left aside.
    package init?(parsing text: String) {
        guard let bytes = Self.parse(text) else { return nil }
        self.init(bytes: bytes)
    }

    /// The bytes as written, mapped addresses still 16 of them.
    static func parse(_ text: String) -> [UInt8]? {
        let address = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init)
        guard let address, !address.utf8.contains(0) else { return nil }
        var v4 = [UInt8](repeating: 0, count: 4)
        if address == text, inet_pton(AF_INET, address, &v4) == 1 { return v4 }
        var v6 = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET6, address, &v6) == 1 { return v6 }
        return nil
    }

    static func isMapped(_ bytes: [UInt8]) -> Bool {
        bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
    }
}

extension IPAddress: CustomStringConvertible {
    /// As `inet_ntop` writes it.
    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(isIPv6 ? AF_INET6 : AF_INET, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
