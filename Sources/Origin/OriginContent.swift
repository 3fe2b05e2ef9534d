package import NIOCore
import NIOHTTP1

/// What the origin serves: a path to its response. Called on the asker's event loop, so it must not block; a future it
/// answers completes on that event loop.
package typealias OriginContent = @Sendable (_ path: ResourcePath, _ asker: Asker) -> OriginAnswer

package enum OriginAnswer {
    case ready(CachedResponse)
    /// Being made elsewhere.
    case later(EventLoopFuture<CachedResponse>)
}

extension OriginAnswer {
    /// The same answer, of another freshness where it is the one that was asked for.
    func with(_ freshness: CachedResponse.Freshness) -> OriginAnswer {
        @Sendable func changed(_ response: CachedResponse) -> CachedResponse {
            guard response.status == .ok, case .until = response.freshness else { return response }
            var response = response
            response.freshness = freshness
            return response
        }
        switch self {
        case .ready(let response): return .ready(changed(response))
        case .later(let future): return .later(future.map(changed))
        }
    }
}
