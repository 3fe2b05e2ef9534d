import NIOConcurrencyHelpers
package import NIOCore

/// The gzip form of a manifest: made when somebody wants it, once, and kept with it.
///
/// It takes as long as all else that is done for a small manifest. What is large is made with the manifest instead, where
/// no event loop waits for it.
package final class GzipForm: Sendable {
    /// Up to here it is made on the way to whoever wants it.
    private static let madeLater = 32 << 10

    private enum State {
        case wanted(ByteBuffer)
        /// Nil: it would not be smaller.
        case made(ByteBuffer?)
    }

    private let state: NIOLockedValueBox<State>
    /// Bytes that it takes or may take.
    let largestSize: Int

    /// - Parameter plain: the manifest.
    init(of plain: ByteBuffer) {
        guard plain.readableBytes > Self.madeLater else {
            state = NIOLockedValueBox(.wanted(plain))
            largestSize = plain.readableBytes
            return
        }
        let made = Self.make(plain)
        state = NIOLockedValueBox(.made(made))
        largestSize = made?.storageCapacity ?? 0
    }

    /// One that is there already.
    package init(made: ByteBuffer) {
        state = NIOLockedValueBox(.made(made))
        largestSize = made.storageCapacity
    }

    /// Nil where it would not be smaller.
    var bytes: ByteBuffer? {
        // Who wants it meanwhile waits: that is no longer than to make it.
        state.withLockedValue { state in
            switch state {
            case .made(let bytes): return bytes
            case .wanted(let plain):
                let bytes = Self.make(plain)
                state = .made(bytes)
                return bytes
            }
        }
    }

    private static func make(_ plain: ByteBuffer) -> ByteBuffer? {
        Gzip.compress(Array(plain.readableBytesView)).map { ByteBuffer(bytes: $0) }
    }
}
