import HTTPTypes
import Hummingbird
import NIOCore

/// A request's surroundings: its connection.
struct KeyRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// Whether it comes from this machine itself, and not through a proxy on it.
    func isLocal(_ request: Request) -> Bool {
        for name in ["X-Forwarded-For", "Forwarded", "Via"] {
            if let name = HTTPField.Name(name), request.headers[name] != nil { return false }
        }
        guard let address = channel.remoteAddress?.ipAddress else { return false }
        return address == "::1" || address.hasPrefix("127.") || address.hasPrefix("::ffff:127.")
    }
}
