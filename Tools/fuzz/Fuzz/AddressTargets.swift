import Access
import Origin
import Settings

extension FuzzTarget {
    /// The first bytes of a connection; more of them never change what was read.
    static let proxyHeader = FuzzTarget(name: "proxy-header") { input in
        guard case .whole(let header) = ProxyHeader.read(input) else { return }
        require(header.length <= min(input.count, ProxyHeader.maximumLength), "a header is longer than what was read")
        require(
            ProxyHeader.read(Array(input.prefix(header.length))) == .whole(header), "what follows a header changes it")
        require(ProxyHeader.read(Array(input.prefix(header.length - 1))) == .incomplete, "half a header is whole")
    }

    /// A header that a client has begun, and a proxy has gone on with: nobody but the proxy names the viewer.
    static let forwarded = FuzzTarget(name: "forwarded") { input in
        guard let trusted = CIDR(parsing: "10.0.0.0/8"), let proxy = IPAddress(parsing: "10.0.0.1"),
            let viewer = IPAddress(parsing: "192.0.2.7")
        else { return }
        let text = String(decoding: input, as: UTF8.self)
        for (header, added) in [(ForwardedHeader.forwarded, "for=192.0.2.7"), (.xForwardedFor, "192.0.2.7")] {
            let proxies = TrustedProxies([trusted], header: header)
            let said = proxies.viewer(behind: PeerAddress(proxy), ["\(text), \(added)"])
            require(said == nil || said == PeerAddress(viewer), "\(text) hides the viewer")
            _ = proxies.viewer(behind: PeerAddress(proxy), [text])
        }
    }

    /// What a request has, as the access log writes it: one line, and nothing of it is the stranger's to end.
    static let logged = FuzzTarget(name: "logged") { input in
        let text = String(decoding: input, as: UTF8.self)
        let cmcd = CMCD(query: text, headers: [(name: "CMCD-Status", value: text)])
        require(cmcd.pairs.count <= CMCD.maximumPairs, "too many pairs")
        let target = RequestTarget(text)
        var fields = [text, LoggedText.url(text), target.loggedPath, target.loggedQuery ?? ""]
        for (key, value) in cmcd.pairs {
            fields.append(key)
            switch value {
            case .flag: break
            case .number(let number): require(Double(number) != nil, "\(number) is no number")
            case .text(let text): fields.append(text)
            }
        }
        for field in fields {
            var line: [UInt8] = []
            LoggedText.appendJSON(field, atMost: 512, to: &line)
            require(line.allSatisfy { (0x20..<0x7F).contains($0) && $0 != 0x22 }, "a field of JSON ends by itself")
            line = []
            LoggedText.appendPlain(field, atMost: 512, isWord: true, to: &line)
            require(line.allSatisfy { (0x21..<0x7F).contains($0) && $0 != 0x22 }, "a word ends by itself")
        }
        if let (rest, _) = CMCD.taken(from: text) {
            require(rest.utf8.count < text.utf8.count && CMCD.taken(from: rest) == nil, "CMCD is left in \(rest)")
        }
    }
}
