package import NIOCore

/// What the origin serves: a path to its response. Called on an event loop, so it must not block; a future it
/// answers completes on that event loop.
package typealias OriginContent = @Sendable (_ path: ResourcePath, _ eventLoop: any EventLoop) -> OriginAnswer

package enum OriginAnswer {
    case ready(CachedResponse)
    /// Being made elsewhere.
    case later(EventLoopFuture<CachedResponse>)
}
