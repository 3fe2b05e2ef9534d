package import Settings

/// What a proxy of connections says in front of one: the PROXY protocol, version 1 (a line) and 2 (binary), as of
/// haproxy's "The PROXY protocol, versions 1 & 2", clauses 2.1 and 2.2.
package struct ProxyHeader: Equatable {
    /// The bytes that it takes.
    package var length: Int
    /// Who has connected to the proxy; nil: the proxy itself asks (a look whether we are well), or it does not say.
    package var source: IPAddress?

    package enum Reading: Equatable {
        /// So far it may be one.
        case incomplete
        case whole(ProxyHeader)
        /// Something else, or nothing that can be understood.
        case malformed
    }

    /// What is held back of a connection at most. Version 2 may add what is said of TLS, among it certificates.
    package static let maximumLength = 4096

    /// CRLF included.
    private static let maximumLine = 107
    private static let lineStart = Array("PROXY ".utf8)
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    init(length: Int, source: IPAddress? = nil) {
        self.length = length
        self.source = source
    }

    /// - Parameter bytes: the first of a connection; what comes after the header is passed over.
    package static func read(_ bytes: [UInt8]) -> Reading {
        if bytes.first == signature[0] { return readBinary(bytes) }
        return readLine(bytes)
    }

    // MARK: Version 1

    private static func readLine(_ bytes: [UInt8]) -> Reading {
        guard lineStart.starts(with: bytes.prefix(lineStart.count)) else { return .malformed }
        let line = bytes.prefix(maximumLine)
        guard let end = line.firstIndex(of: 0x0A) else {
            return line.count < maximumLine ? .incomplete : .malformed
        }
        guard end > lineStart.count, line[end - 1] == 0x0D else { return .malformed }
        let words = line[lineStart.count..<end - 1].split(
            separator: UInt8(ascii: " "), omittingEmptySubsequences: false
        ).map { String(decoding: $0, as: UTF8.self) }
        if words[0] == "UNKNOWN" { return .whole(ProxyHeader(length: end + 1)) }
        // The family, two addresses and two ports.
        guard words.count == 5, words[0] == "TCP4" || words[0] == "TCP6", isPort(words[3]), isPort(words[4]),
            let source = address(words[1], words[0]), address(words[2], words[0]) != nil
        else { return .malformed }
        return .whole(ProxyHeader(length: end + 1, source: source))
    }

    private static func address(_ text: String, _ family: String) -> IPAddress? {
        guard text.utf8.contains(UInt8(ascii: ":")) == (family == "TCP6"), !text.utf8.contains(UInt8(ascii: "%")) else {
            return nil
        }
        return IPAddress(parsing: text)
    }

    private static func isPort(_ text: String) -> Bool {
        (1...5).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            && UInt16(text) != nil
    }

    // MARK: Version 2

    private static func readBinary(_ bytes: [UInt8]) -> Reading {
        guard signature.starts(with: bytes.prefix(signature.count)) else { return .malformed }
        guard bytes.count >= 16 else { return .incomplete }
        let length = 16 + (Int(bytes[14]) << 8 | Int(bytes[15]))
        guard bytes[12] >> 4 == 2, length <= maximumLength else { return .malformed }
        let isLocal: Bool
        switch bytes[12] & 0x0F {
        case 0: isLocal = true
        case 1: isLocal = false
        default: return .malformed
        }
        let size: Int
        switch bytes[13] {
        case 0x00: size = 0
        // Over TCP; sockets of a machine have paths, and no addresses.
        case 0x11: size = 4
        case 0x21: size = 16
        case 0x31: size = 108
        default:
            // What does not stand for a connection may say anything.
            guard isLocal else { return .malformed }
            size = 0
        }
        // Two addresses, and where they are of the internet two ports.
        guard isLocal || length >= 16 + 2 * size + (size == 4 || size == 16 ? 4 : 0) else { return .malformed }
        guard bytes.count >= length else { return .incomplete }
        guard !isLocal, size == 4 || size == 16 else { return .whole(ProxyHeader(length: length)) }
        return .whole(ProxyHeader(length: length, source: IPAddress(bytes: Array(bytes[16..<16 + size]))))
    }
}
