import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import ServerTLS
import Synchronization

/// TLS of encoders ends here, on a thread of its own: whoever takes a connection on has a plain socket, and no key.
final class TLSFront: Sendable {
    enum Event: Sendable {
        /// The handshake is done. One end of a socket pair, which carries what TLS carries; it belongs to the receiver.
        case secured(CInt)
        case failed(String)
    }

    /// When something last came over a connection, which the kernel does not say of a socket pair.
    final class Activity: Sendable {
        /// `steadyMilliseconds`; `Int64.max` while we do not read what may be there.
        private let last = Atomic(steadyMilliseconds())

        var idleMilliseconds: Int64 { max(steadyMilliseconds() &- last.load(ordering: .relaxed), 0) }

        func note(isHeld: Bool = false) {
            last.store(isHeld ? .max : steadyMilliseconds(), ordering: .relaxed)
        }
    }

    private let certificate: ServerCertificate
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    init(_ certificate: ServerCertificate) { self.certificate = certificate }

    deinit { group.shutdownGracefully { _ in } }

    func reload() { certificate.reload() }

    /// Takes an accepted connection over.
    ///
    /// - Parameters:
    ///   - activity: told of what comes.
    ///   - tell: called once, on another thread.
    /// - Returns: what ends the connection.
    func open(
        _ descriptor: CInt, activity: Activity, tell: @escaping @Sendable (Event) -> Void
    ) -> @Sendable () -> Void {
        let context = certificate.context
        let channel = Self.bootstrap(group.next()) { channel in
            let relay = TLSRelay(activity) { event in tell(event) }
            try channel.pipeline.syncOperations.addHandlers(NIOSSLServerHandler(context: context), relay)
        }.withConnectedSocket(descriptor)
        channel.whenFailure { tell(.failed("\($0)")) }
        return { channel.whenSuccess { $0.close(promise: nil) } }
    }

    /// Both ends of a relay: bounded buffers, and one direction may end before the other.
    static func bootstrap(
        _ loop: any EventLoop, _ fill: @escaping @Sendable (any Channel) throws -> Void
    ) -> ClientBootstrap {
        ClientBootstrap(group: loop)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.writeBufferWaterMark, value: .init(low: 32 << 10, high: 128 << 10))
            .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try fill(channel) } }
    }
}
