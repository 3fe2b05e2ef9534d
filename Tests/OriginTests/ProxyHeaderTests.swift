import Settings
import Testing

@testable import Origin

/// The PROXY protocol: both versions, and everything that is none.
@Suite struct ProxyHeaderTests {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]

    /// Of version 2.
    static func binary(command: UInt8 = 0x21, family: UInt8, _ addresses: [UInt8], length: Int? = nil) -> [UInt8] {
        let length = length ?? addresses.count
        return signature + [command, family, UInt8(length >> 8), UInt8(length & 0xFF)] + addresses
    }

    static let v4: [UInt8] = [192, 0, 2, 7, 198, 51, 100, 1, 0x12, 0x67, 0, 80]
    static let v6 = [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7] + [UInt8](repeating: 1, count: 20)

    private static func source(_ reading: ProxyHeader.Reading) -> String? {
        guard case .whole(let header) = reading else { return nil }
        return header.source.map { "\($0)" } ?? "itself"
    }

    @Test(arguments: [
        ("PROXY TCP4 192.0.2.7 198.51.100.1 4711 80\r\n", "192.0.2.7"),
        ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255"),
        ("PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n", "2001:db8::7"),
        ("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 1\r\n", "192.0.2.7"),
        ("PROXY UNKNOWN\r\n", "itself"), ("PROXY UNKNOWN ffff:f...f:ffff ffff::ffff 65535 65535\r\n", "itself"),
    ])
    func linesAreRead(_ line: String, _ expected: String) {
        let bytes = Array(line.utf8)
        for count in 0..<bytes.count { #expect(ProxyHeader.read(Array(bytes.prefix(count))) == .incomplete) }
        for rest in ["", "GET / HTTP/1.1\r\n\r\n", "\u{0}"] {
            let reading = ProxyHeader.read(bytes + Array(rest.utf8))
            #expect(Self.source(reading) == expected)
            guard case .whole(let header) = reading else { continue }
            #expect(header.length == bytes.count)
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "PROXY\r\n", "PROXY \r\n", "proxy TCP4 1.1.1.1 1.1.1.1 1 1\r\n", "PROXY TCP4\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 4711 80\n", "PROXY TCP4 192.0.2.7  198.51.100.1 4711 80\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n", "PROXY TCP4 192.0.2.7 198.51.100.1 4711 80 1\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 4711 65536\r\n", "PROXY TCP4 192.0.2.7 198.51.100.1 -1 80\r\n",
        "PROXY TCP4 2001:db8::7 2001:db8::1 4711 80\r\n", "PROXY TCP6 192.0.2.7 198.51.100.1 4711 80\r\n",
        "PROXY TCP6 fe80::1%lo fe80::1 4711 80\r\n", "PROXY TCP4 192.0.2.256 198.51.100.1 4711 80\r\n",
        "PROXY UDP4 192.0.2.7 198.51.100.1 4711 80\r\n", "PROXY TCP4 1.1 1.1 1 1\r\n",
        "PROXY UNKNOWN " + String(repeating: "x", count: 92) + "\r\n", "\r\n\r\nPROXY", "\u{16}\u{3}\u{1}",
    ])
    func whatIsNoLineIsRefused(_ line: String) {
        #expect(ProxyHeader.read(Array(line.utf8)) == .malformed)
    }

    @Test func binaryHeadersAreRead() {
        let cases: [([UInt8], String)] = [
            (Self.binary(family: 0x11, Self.v4), "192.0.2.7"), (Self.binary(family: 0x21, Self.v6), "2001:db8::7"),
            // What is said beside: a TLV.
            (Self.binary(family: 0x11, Self.v4 + [4, 0, 2, 1, 1]), "192.0.2.7"),
            (Self.binary(family: 0x31, [UInt8](repeating: 47, count: 216)), "itself"),
            (Self.binary(family: 0, []), "itself"), (Self.binary(family: 0, [1, 2, 3]), "itself"),
            (Self.binary(command: 0x20, family: 0, []), "itself"),
            (Self.binary(command: 0x20, family: 0x11, Self.v4), "itself"),
            (Self.binary(command: 0x20, family: 0xFF, [1]), "itself"),
        ]
        for (bytes, expected) in cases {
            for count in 0..<bytes.count { #expect(ProxyHeader.read(Array(bytes.prefix(count))) == .incomplete) }
            let reading = ProxyHeader.read(bytes + [0x16, 3, 1])
            #expect(Self.source(reading) == expected)
            guard case .whole(let header) = reading else { continue }
            #expect(header.length == bytes.count)
        }
    }

    @Test func whatIsNoBinaryHeaderIsRefused() {
        let long = ProxyHeader.maximumLength
        let bad: [[UInt8]] = [
            Self.binary(command: 0x11, family: 0x11, Self.v4), Self.binary(command: 0x22, family: 0x11, Self.v4),
            Self.binary(family: 0x12, Self.v4), Self.binary(family: 0x41, Self.v4),
            Self.binary(family: 0x11, Array(Self.v4.dropLast())), Self.binary(family: 0x21, Self.v4),
            Self.binary(family: 0x31, [UInt8](repeating: 47, count: 215)),
            Self.binary(family: 0x11, [], length: long - 15), Self.binary(family: 0x11, [], length: 65535),
            Self.signature.dropLast() + [11], [13, 10, 13, 11],
        ]
        for bytes in bad { #expect(ProxyHeader.read(bytes) == .malformed, "\(bytes)") }
        let longest = Self.binary(family: 0x11, Self.v4 + [UInt8](repeating: 4, count: long - 28))
        #expect(Self.source(ProxyHeader.read(longest)) == "192.0.2.7")
    }

    /// One byte of a header after the other is changed: nothing traps, and nothing is held for longer than the bound.
    @Test func anythingCanBeRead() {
        let seeds = [
            Array("PROXY TCP4 192.0.2.7 198.51.100.1 4711 80\r\n".utf8), Self.binary(family: 0x11, Self.v4),
            Self.binary(family: 0x21, Self.v6),
        ]
        let filler = [UInt8](repeating: 0x41, count: ProxyHeader.maximumLength)
        for seed in seeds {
            for index in seed.indices {
                for byte in UInt8.min...UInt8.max {
                    var bytes = seed
                    bytes[index] = byte
                    let reading = ProxyHeader.read(Array((bytes + filler).prefix(ProxyHeader.maximumLength)))
                    #expect(reading != .incomplete)
                    guard case .whole(let header) = reading else { continue }
                    #expect(header.length <= ProxyHeader.maximumLength)
                }
            }
        }
    }
}
