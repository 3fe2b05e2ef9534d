import Settings
import Testing

@testable import Access

/// For whom trusted proxies ask: RFC 7239, and X-Forwarded-For as everybody writes it.
@Suite struct TrustedProxiesTests {
    private static func address(_ text: String) throws -> PeerAddress {
        PeerAddress(try #require(IPAddress(parsing: text)))
    }

    private static func viewer(
        _ fields: [String], _ header: ForwardedHeader = .xForwardedFor
    ) throws -> String? {
        let proxies = TrustedProxies(
            ["10.0.0.0/8", "2001:db8:1::/48"].compactMap { CIDR(parsing: $0) }, header: header)
        return proxies.viewer(behind: try address("10.0.0.1"), fields).map { "\($0)" }
    }

    @Test func onlyThoseOfTheListAreTrusted() throws {
        let proxies = TrustedProxies([try #require(CIDR(parsing: "10.0.0.0/8"))])
        for text in ["10.1.2.3", "::ffff:10.1.2.3"] { #expect(try proxies.trusts(Self.address(text))) }
        for text in ["11.0.0.1", "::1"] { #expect(try !proxies.trusts(Self.address(text))) }
        #expect(try !TrustedProxies().trusts(Self.address("127.0.0.1")))
    }

    @Test(
        arguments: [
            ([], "10.0.0.1"), ([""], "10.0.0.1"), (["192.0.2.7"], "192.0.2.7"),
            // What a client has sent stands in front.
            (["1.1.1.1, 192.0.2.7"], "192.0.2.7"), (["1.1.1.1", "192.0.2.7"], "192.0.2.7"),
            (["1.1.1.1, 192.0.2.7, 10.9.9.9", " 10.8.8.8 "], "192.0.2.7"),
            (["nonsense, \"[, 192.0.2.7 ,, 10.9.9.9,"], "192.0.2.7"),
            (["10.5.5.5, 10.6.6.6"], "10.5.5.5"),
            (["2001:db8::7"], "2001:db8::7"), (["[2001:db8::7]:4711, 2001:db8:1::5"], "2001:db8::7"),
            (["192.0.2.7:4711"], "192.0.2.7"), (["::ffff:192.0.2.7"], "192.0.2.7"),
            // However long what a client has begun it with.
            ([String(repeating: "1.1.1.1,", count: 1000) + "192.0.2.7"], "192.0.2.7"),
            ([String(repeating: "x", count: 5000) + ", 192.0.2.7"], "192.0.2.7"),
        ] as [([String], String)])
    func theLastThatIsNotTrustedCounts(_ fields: [String], _ expected: String) throws {
        #expect(try Self.viewer(fields) == expected)
    }

    @Test(arguments: [
        ["unknown"], ["192.0.2.7, unknown"], ["192.0.2.7, _hidden"], ["192.0.2.7, 300.0.0.1"], ["fe80::1%eth0"],
        ["[192.0.2.7]"], ["192.0.2.7:"], ["192.0.2.7:port"], ["[::1"], ["[::1]x"], ["192.0.2.7:1:2"], ["a b"],
        [String(repeating: "1", count: 5000)], [Array(repeating: "10.0.0.2", count: 40).joined(separator: ",")],
    ])
    func whatCannotBeReadIsNobody(_ fields: [String]) throws {
        #expect(try Self.viewer(fields) == nil)
    }

    @Test(
        arguments: [
            ([], "10.0.0.1"), (["for=192.0.2.7"], "192.0.2.7"), (["For=\"192.0.2.7:80\";proto=https"], "192.0.2.7"),
            (["for=1.1.1.1, for=192.0.2.7;by=203.0.113.43"], "192.0.2.7"),
            (["for=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17"), (["for=[2001:db8::9]"], "2001:db8::9"),
            (["by=\"a,b;for=1.1.1.1\" ; for = x", "for=192.0.2.7"], "192.0.2.7"),
            (["host=\"a\\\"b\";for=192.0.2.7, for=10.2.2.2"], "192.0.2.7"), ([" , for=192.0.2.7 ,"], "192.0.2.7"),
        ] as [([String], String)])
    func theStandardHeaderIsRead(_ fields: [String], _ expected: String) throws {
        #expect(try Self.viewer(fields, .forwarded) == expected)
    }

    /// What a client begins and does not end never hides what a proxy has added.
    @Test(
        arguments: ["", ", ", ";"],
        [
            "for=1.1.1.1, for=\"", "for=1.1.1.1;x=\"", "for=1.1.1.1, for=\"a\\", "\"", "for=1.1.1.1, for=\"a\"b", "a",
            "for=1.1.1.1;for=1.1.1.1", "for=1.1.1.1, =", "for=1.1.1.1, for", "for=1.1.1.1, by=_x", "for=\"1.1.1.1\"\"",
        ])
    func nobodyHidesBehindQuotes(_ between: String, _ begun: String) throws {
        for added in ["for=192.0.2.7", "for=\"[2001:db8::7]\"", "for=192.0.2.7;by=\"\"", "by=\"x\";for=192.0.2.7"] {
            let viewer = try Self.viewer(["\(begun)\(between)\(added)"], .forwarded)
            #expect(viewer == nil || viewer == "192.0.2.7" || viewer == "2001:db8::7", "\(begun)\(between)\(added)")
        }
    }

    @Test func noHeaderSaysNothing() throws {
        #expect(try Self.viewer(["192.0.2.7"], .none) == "10.0.0.1")
    }

    /// Any bytes, none of which may trap.
    @Test func anythingCanBeRead() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("for=\"\\;,:[]. 12af_%\u{0}é".unicodeScalars)
        for _ in 0..<5000 {
            var text = ""
            for _ in 0..<Int.random(in: 0..<40, using: &generator) {
                text.unicodeScalars.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
            }
            for header in ForwardedHeader.allCases { _ = ForwardedAddresses.read(text, header) }
        }
    }
}
