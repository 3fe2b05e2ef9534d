import HTTPTypes
import Hummingbird
import NIOCore
import Settings

/// A request's surroundings: its connection.
struct KeyRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// Whether it comes from this machine itself, and not through a proxy on it: one that adds a field about whom it asks
    /// for, or passes on the name that it was asked by. One that does neither cannot be told from this machine.
    func isLocal(_ request: Request) -> Bool {
        for name in ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"] {
            if let name = HTTPField.Name(name), request.headers[name] != nil { return false }
        }
        guard let address = channel.remoteAddress?.ipAddress, Self.isLoopback(address) else { return false }
        return request.head.authority.map { Self.isLoopback(Self.host(of: $0)) } ?? false
    }

    /// Without the port, and without the brackets of an IPv6 address.
    private static func host(of authority: String) -> String {
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return String(authority.prefix { $0 != ":" })
    }

    private static func isLoopback(_ host: String) -> Bool {
        ListenAddress(host: host.lowercased(), port: 0).isLoopback
    }
}
