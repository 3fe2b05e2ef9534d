package import CurlHTTP
import Foundation

/// A viewer's token, and to whom it is shown: the host of the manifest and the key server that was named, not whoever
/// else a manifest names.
package struct ViewerAccess: Sendable {
    private let token: HTTPSecret
    private let origins: Set<String>

    package init(token: HTTPSecret, for urls: [String]) {
        self.token = token
        origins = Set(urls.compactMap(Self.origin))
    }

    /// As `Authorization: Bearer`; none where the URL has a token of its own, as players would use that.
    func authentication(for url: String) -> HTTPAuthentication {
        guard let origin = Self.origin(url), origins.contains(origin) else { return .none }
        let items = URLComponents(string: url)?.queryItems ?? []
        return items.contains { $0.name == "token" } ? .none : .bearer(token)
    }

    /// RFC 6454, clause 4.
    private static func origin(_ url: String) -> String? {
        guard let url = URL(string: url), let scheme = url.scheme?.lowercased(), let host = url.host?.lowercased()
        else {
            return nil
        }
        return "\(scheme)://\(host):\(url.port ?? (scheme == "https" ? 443 : 80))"
    }
}
