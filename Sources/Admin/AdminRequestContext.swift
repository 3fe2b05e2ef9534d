import Hummingbird
import NIOCore
import Settings

/// A request's surroundings: whom it comes from.
struct AdminRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    private let peer: SocketAddress?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        peer = source.channel.remoteAddress
    }

    /// Whether its connection was made on this machine itself; false where that cannot be told.
    var isFromLoopback: Bool {
        guard let address = peer?.ipAddress else { return false }
        return CIDR.loopback.contains { $0.contains(address) }
    }
}
