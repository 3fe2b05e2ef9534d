/// The parts of a request's target that say whose it is, and the token in it.
package struct RequestTarget {
    /// As they came, and be they nobody's names; empty where there is none.
    package let channel: Substring
    package let endpoint: Substring
    /// In the path: `/CHANNEL/ENDPOINT/~TOKEN/…`.
    let pathToken: Substring?
    /// The path without a token: what comes before it, and what comes after.
    private let path: Substring
    private let head: Substring
    private let tail: Substring
    /// What follows the question mark; nil where there is none.
    let query: Substring?

    package init(_ target: String) {
        let origin = Self.originForm(target)
        let bytes = origin.utf8
        let end = bytes.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? bytes.endIndex
        path = origin[..<end]
        if end < bytes.endIndex, bytes[end] == UInt8(ascii: "?") {
            query = origin[origin.index(after: end)...].prefix { $0 != "#" }
        } else {
            query = nil
        }
        /// From the slash at `index` to the one after it.
        func part(_ slash: Substring.Index) -> (text: Substring, next: Substring.Index) {
            guard slash < end else { return (origin[end..<end], end) }
            let start = bytes.index(after: slash)
            let next = bytes[start..<end].firstIndex(of: UInt8(ascii: "/")) ?? end
            return (origin[start..<next], next)
        }
        guard bytes.first == UInt8(ascii: "/") else {
            (channel, endpoint, pathToken) = (origin.prefix(0), origin.prefix(0), nil)
            (head, tail) = (path, origin[end..<end])
            return
        }
        let first = part(bytes.startIndex)
        let second = part(first.next)
        (channel, endpoint) = (first.text, second.text)
        let third = part(second.next)
        if let token = Self.token(in: third.text) {
            pathToken = token
            (head, tail) = (origin[..<second.next], origin[third.next..<end])
        } else {
            pathToken = nil
            (head, tail) = (path, origin[end..<end])
        }
    }

    /// What follows a tilde, which some clients escape. RFC 3986, clause 6.2.2.2.
    private static func token(in part: Substring) -> Substring? {
        if part.utf8.first == UInt8(ascii: "~") { return part.dropFirst() }
        guard part.utf8.count >= 3, part.prefix(3).lowercased() == "%7e" else { return nil }
        return part.dropFirst(3)
    }

    /// What a target of a request is in origin form. RFC 9112, clause 3.2.
    package static func originForm(_ target: String) -> Substring {
        guard target.utf8.first != UInt8(ascii: "/") else { return target[...] }
        for scheme in ["http://", "https://"] where target.prefix(scheme.utf8.count).lowercased() == scheme {
            return target.dropFirst(scheme.utf8.count).drop { $0 != "/" && $0 != "?" && $0 != "#" }
        }
        return target[...]
    }

    /// The parameters of this name, which is looked for as it is written.
    func parameters(named name: String) -> [Substring] {
        guard let query, !query.isEmpty else { return [] }
        return query.split(separator: "&").compactMap { Self.value(of: $0, name) }
    }

    /// The path without the token.
    var barePath: Substring { pathToken == nil ? path : Substring(String(head) + tail) }

    /// The target without any token.
    func bare(_ barePath: Substring, without parameter: String) -> String {
        guard let query else { return String(barePath) }
        guard query.utf8.count > parameter.utf8.count, query.contains("\(parameter)=") else {
            return query.isEmpty ? String(barePath) : "\(barePath)?\(query)"
        }
        let rest = query.split(separator: "&").filter { Self.value(of: $0, parameter) == nil }
        return rest.isEmpty ? String(barePath) : "\(barePath)?\(rest.joined(separator: "&"))"
    }

    /// Where a manifest is that was asked for with the token in its query, relative to that; nil for what is none, and
    /// for tokens that no path can hold. Slashes of HMAC tokens are escaped, which `TokenVerifier` knows.
    func manifestLocation(token: Substring, without parameter: String) -> String? {
        guard pathToken == nil, !token.isEmpty, token.utf8.allSatisfy(Self.isOfToken) else { return nil }
        let file = path.utf8.dropFirst(channel.utf8.count + endpoint.utf8.count + 2)
        guard file.elementsEqual("/index.m3u8".utf8) || file.elementsEqual("/index.mpd".utf8) else { return nil }
        return "~" + token.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "%2f")
            + bare(Substring(file), without: parameter)
    }

    /// What a part of a path may hold (RFC 3986, clause 3.3), and slashes.
    private static func isOfToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-._~!$'()*+,;=:@%/".utf8.contains(byte)
        }
    }

    private static func value(of pair: Substring, _ name: String) -> Substring? {
        let bytes = pair.utf8
        guard bytes.count > name.utf8.count, bytes.starts(with: name.utf8) else { return nil }
        let mark = bytes.index(bytes.startIndex, offsetBy: name.utf8.count)
        return bytes[mark] == UInt8(ascii: "=") ? pair[bytes.index(after: mark)...] : nil
    }
}
