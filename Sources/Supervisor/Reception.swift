import Glibc
import Settings
import Synchronization

/// The one thread that accepts encoders, and waits with them until they have said enough to be worth a worker.
///
/// What is waited for stays in the socket (the kernel counts it, SO_RCVLOWAT), so that a connection that says nothing,
/// or says it byte by byte, costs a descriptor and no time; the worker then reads from the first byte on.
final class Reception: Sendable {
    /// What the daemon has to do with it.
    struct Host: Sendable {
        /// Whether any channel lets the address in.
        var allows: @Sendable (IPAddress) -> Bool
        /// Whether there is any channel.
        var hasChannels: @Sendable () -> Bool
        /// Takes a connection that is due for a worker; it tells `settled` and `left` of it.
        var admit: @Sendable (ListeningSocket.Connection) -> Void
        var count: @Sendable (Count) -> Void
        /// Milliseconds of a clock that only runs forward.
        var clock: @Sendable () -> Int64
    }

    /// What is worth counting.
    enum Count: Sendable, Equatable {
        case connection
        /// By the reason's name in the metrics.
        case refusal(String)
    }

    /// How many are here now.
    struct Presence: Sendable, Equatable {
        /// Without a worker.
        var waiting = 0
        /// With a worker, and without a right to publish so far.
        var handshakes = 0
        var connections = 0
    }

    /// What other threads tell this one.
    enum Notice: Sendable {
        case settled(UInt64)
        case left(UInt64)
        /// TLS is up; the descriptor has what it carries.
        case secured(UInt64, CInt)
        case insecure(UInt64, reason: String)
        case stop
    }

    let limits: WaitingRoom.Limits
    let sockets: [ListeningSocket]
    let front: TLSFront?
    let host: Host
    let budget: LogBudget
    let events: EventQueue
    private let notices = Mutex<[Notice]>([])
    private let presence = Mutex(Presence())

    init(
        _ limits: WaitingRoom.Limits, sockets: [ListeningSocket], front: TLSFront?, events: EventQueue,
        budget: LogBudget, host: Host
    ) {
        self.limits = limits
        self.sockets = sockets
        self.front = front
        self.budget = budget
        self.host = host
        self.events = events
    }

    var now: Presence { presence.withLock { $0 } }

    /// Accepts until `stop`; then everybody who waits is let go.
    func run() {
        var desk = ReceptionDesk(self)
        while desk.turn() { presence.withLock { $0 = desk.presence } }
        desk.close()
        presence.withLock { $0 = Presence() }
        // TLS may have come up for somebody in the meantime.
        for case .secured(_, let descriptor) in takeNotices() { Glibc.close(descriptor) }
    }

    func stop() { tell(.stop) }

    /// It has shown a right to publish: another may begin.
    func settled(_ id: UInt64) { tell(.settled(id)) }

    /// Its worker is gone.
    func left(_ id: UInt64) { tell(.left(id)) }

    func tell(_ notice: Notice) {
        notices.withLock { $0.append(notice) }
        events.wake()
    }

    func takeNotices() -> [Notice] {
        notices.withLock { notices in
            defer { notices = [] }
            return notices
        }
    }
}
