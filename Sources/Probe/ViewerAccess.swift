package import CurlHTTP
import Foundation

/// A viewer's token, and to whom it is shown: the host of the manifest and the key server that was named, not whoever
/// else a manifest names.
package struct ViewerAccess: Sendable {
    private let token: HTTPSecret
    private let origins: Set<String>
    /// The host that wants the token in the query of each request.
    private var queried: String?

    package init(token: HTTPSecret, for urls: [String]) {
        self.token = token
        origins = Set(urls.compactMap(Self.origin))
    }

    /// Finds out where the manifest's host wants the token, if it refuses the manifest without.
    ///
    /// Players ask with the token in the query, and are sent on to where it is a part of the path, which relative URLs keep;
    /// or they bring it in the query of each request.
    /// - Returns: the URL to walk from.
    mutating func enter(_ url: String, by client: HTTPClient) async -> String {
        guard let refused = await answer(to: url, by: client), [401, 403].contains(refused.status),
            let bearing = Self.adding(token.text, to: url), let answer = await answer(to: bearing, by: client)
        else { return url }
        switch answer.status {
        case 200:
            queried = Self.origin(url)
            return url
        case 301, 302, 303, 307, 308:
            guard let location = answer[header: "Location"], let place = Reference.resolve(location, against: url),
                Self.origin(place) == Self.origin(url)
            else { return url }
            return place
        default: return url
        }
    }

    private func answer(to url: String, by client: HTTPClient) async -> HTTPResponse? {
        try? await client.send(
            HTTPRequest(
                .get, url, authentication: authentication(for: url), deadlineMilliseconds: 30_000,
                maximumBodySize: 256 << 20))
    }

    /// The URL as it is asked for.
    func url(_ url: String) -> String {
        guard let queried, Self.origin(url) == queried else { return url }
        return Self.adding(token.text, to: url) ?? url
    }

    /// As `Authorization: Bearer`; none where the URL has a token of its own, as players would use that.
    func authentication(for url: String) -> HTTPAuthentication {
        guard let origin = Self.origin(url), origins.contains(origin) else { return .none }
        return Self.hasToken(url) ? .none : .bearer(token)
    }

    private static func hasToken(_ url: String) -> Bool {
        URLComponents(string: url)?.queryItems?.contains { $0.name == "token" } ?? false
    }

    /// Nil where there is one already.
    private static func adding(_ token: String, to url: String) -> String? {
        guard !hasToken(url), let value = token.addingPercentEncoding(withAllowedCharacters: parameterSigns) else {
            return nil
        }
        let bare = url.prefix { $0 != "#" }
        return "\(bare)\(bare.contains("?") ? "&" : "?")token=\(value)"
    }

    /// What stands for itself in a parameter's value (RFC 3986, clause 3.4), with the escapes that tokens have themselves.
    private static let parameterSigns = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$'()*,;:=@/%")

    /// RFC 6454, clause 4.
    private static func origin(_ url: String) -> String? {
        guard let url = URL(string: url), let scheme = url.scheme?.lowercased(), let host = url.host?.lowercased()
        else {
            return nil
        }
        return "\(scheme)://\(host):\(url.port ?? (scheme == "https" ? 443 : 80))"
    }
}
