import Glibc
import Synchronization

/// What the session's thread and the guard's thread tell each other. Everything is behind one lock; a
/// socket pair wakes the guard out of its poll.
final class GuardControl: Sendable {
    /// Why the guard passes nothing more to librtmp.
    enum Ending: Sendable, Equatable {
        case peerClosed
        case refused(String)
        case timedOut(String)
        case stopped(String)
        case failed(CInt)
    }

    struct Orders: Sendable, Equatable {
        var mediaAccepted = false
        var stopReason: String?
    }

    private struct State {
        var orders = Orders()
        var ending: Ending?
        var handshakeIsComplete = false
    }

    /// Readable when orders changed.
    let wakeDescriptor: CInt
    private let wakeInput: CInt
    private let state = Mutex(State())

    init() throws(RTMPError) {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw RTMPError(.system, "socketpair: error \(errno)") }
        wakeDescriptor = ends[0]
        wakeInput = ends[1]
    }

    deinit {
        close(wakeDescriptor)
        close(wakeInput)
    }

    var ending: Ending? { state.withLock { $0.ending } }
    var handshakeIsComplete: Bool { state.withLock { $0.handshakeIsComplete } }
    var orders: Orders { state.withLock { $0.orders } }

    func acceptMedia() {
        state.withLock { $0.orders.mediaAccepted = true }
        wake()
    }

    /// - Parameter reason: what the session's next read throws; the first one stays.
    func stop(_ reason: String) {
        state.withLock { if $0.orders.stopReason == nil { $0.orders.stopReason = reason } }
        wake()
    }

    func end(_ ending: Ending) { state.withLock { if $0.ending == nil { $0.ending = ending } } }

    func completeHandshake() { state.withLock { $0.handshakeIsComplete = true } }

    /// Takes the wake-up away, so that the descriptor waits for the next one.
    func clearWake() {
        var bytes: UInt64 = 0
        // Nothing to read means that nobody woke us, which is as good; more than eight wake us again.
        _ = read(wakeDescriptor, &bytes, 8)
    }

    private func wake() {
        var byte: UInt8 = 0
        // It fails only where the pair is full, and then its other end is readable already.
        _ = send(wakeInput, &byte, 1, CInt(MSG_NOSIGNAL))
    }
}
