import Settings
import Testing

@Suite struct NetworkValueTests {
    struct Membership: Sendable {
        var network: String
        var inside: [String]
        var outside: [String]
    }

    @Test(arguments: [
        Membership(
            network: "10.0.0.0/8", inside: ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"],
            outside: ["11.0.0.0", "9.255.255.255", "::a00:1", "nonsense", ""]),
        Membership(
            network: "192.0.2.64/26", inside: ["192.0.2.64", "192.0.2.127"], outside: ["192.0.2.63", "192.0.2.128"]),
        Membership(network: "192.0.2.1", inside: ["192.0.2.1"], outside: ["192.0.2.2"]),
        Membership(network: "0.0.0.0/0", inside: ["1.2.3.4", "255.255.255.255"], outside: ["::1"]),
        Membership(network: "2001:db8::/33", inside: ["2001:db8:7fff::1"], outside: ["2001:db8:8000::", "2001:db9::"]),
        Membership(network: "::1", inside: ["::1", "::1%lo"], outside: ["::2", "127.0.0.1"]),
        Membership(network: "::ffff:10.0.0.0/104", inside: ["10.9.9.9", "::ffff:10.0.0.1"], outside: ["11.0.0.1"]),
        Membership(network: "::/0", inside: ["::1", "2001:db8::"], outside: ["10.0.0.1"]),
    ])
    func containsItsAddresses(_ membership: Membership) throws {
        let network = try #require(CIDR(parsing: membership.network))
        for address in membership.inside { #expect(network.contains(address), "\(address) in \(network)") }
        for address in membership.outside { #expect(!network.contains(address), "\(address) not in \(network)") }
    }

    @Test(arguments: [
        "", "/", "/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/33", "10.0.0.0/8/8", "10.0.0/8", "10.0.0.0/ 8", "a/8",
        "::/129", "fe80::1%eth0/64", "10.0.0.0/0x8", "10.0.0.256/8", "1.2.3.4\u{0}/8",
    ])
    func refusesWhatIsNoNetwork(_ text: String) { #expect(CIDR(parsing: text) == nil) }

    struct Listening: Sendable {
        var text: String
        var host: String
        var port: UInt16
        var isLoopback: Bool
    }

    @Test(arguments: [
        Listening(text: "0.0.0.0:1935", host: "0.0.0.0", port: 1935, isLoopback: false),
        Listening(text: "127.0.0.1:0", host: "127.0.0.1", port: 0, isLoopback: true),
        Listening(text: "[::]:8080", host: "::", port: 8080, isLoopback: false),
        Listening(text: "[::1]:65535", host: "::1", port: 65535, isLoopback: true),
        Listening(text: "localhost:9090", host: "localhost", port: 9090, isLoopback: true),
        Listening(text: "media-1.example.com:80", host: "media-1.example.com", port: 80, isLoopback: false),
    ])
    func listensWhereItSays(_ listening: Listening) throws {
        let address = try #require(ListenAddress(parsing: listening.text))
        #expect(address == ListenAddress(host: listening.host, port: listening.port))
        #expect(address.isLoopback == listening.isLoopback)
        #expect(address.description == listening.text)
    }

    @Test(arguments: [
        "", ":", ":80", "80", "0.0.0.0", "0.0.0.0:", "0.0.0.0:65536", "0.0.0.0:+1", "0.0.0.0:-1", "0.0.0.0:8 0",
        "::1:80", "[::1]", "[::1:80", "[1.2.3.4]:80", "1.2.3:80", "256.0.0.1:80", "a b:80", "host/path:80",
    ])
    func refusesWhatIsNoListenAddress(_ text: String) { #expect(ListenAddress(parsing: text) == nil) }

    @Test func countsBytes() {
        #expect(ByteSize.parse("20GiB") == 20 << 30)
        #expect(ByteSize.parse("500 MB") == 500_000_000)
        #expect(ByteSize.parse("1_048_576") == 1 << 20)
        #expect(ByteSize.parse("16777215TiB") == 16_777_215 << 40)
        for text in ["", "GiB", "-1", "1.5GiB", "20 gigs", "99999999999999999999", "16777216TiB", "20GiBB"] {
            #expect(ByteSize.parse(text) == nil, "\(text)")
        }
    }
}
