package import NIOCore

/// A body that is sent while it is made. Its pieces are shared by all who are sent the same.
///
/// Both functions are called on the asker's event loop, on which their futures complete.
package struct ResponseStream: Sendable {
    package enum Step: Sendable {
        case bytes(ByteBuffer)
        case end
        /// The rest will not come: the connection is to be closed, so that nobody takes what was sent for the whole.
        case broken
    }

    /// Piece by piece, from 0 on, one at a time.
    package var next: @Sendable (_ index: Int, _ asker: Asker) -> EventLoopFuture<Step>
    /// The same answer when all of it is there, for who must be told its length ahead.
    package var whole: @Sendable (_ asker: Asker) -> EventLoopFuture<CachedResponse>

    package init(
        next: @escaping @Sendable (_ index: Int, _ asker: Asker) -> EventLoopFuture<Step>,
        whole: @escaping @Sendable (_ asker: Asker) -> EventLoopFuture<CachedResponse>
    ) {
        self.next = next
        self.whole = whole
    }
}
