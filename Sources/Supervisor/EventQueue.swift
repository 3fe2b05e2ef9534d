import CLinux
import Glibc

/// What became of descriptors, one thread waiting for many of them. epoll(7).
final class EventQueue: Sendable {
    struct Interest: OptionSet, Sendable {
        let rawValue: UInt32
        static let input = Interest(rawValue: UInt32(sluice_event_input))
        /// The peer sends no more.
        static let peerDone = Interest(rawValue: UInt32(sluice_event_peer_done))
        /// Error or hang-up; always told.
        static let failed = Interest(rawValue: UInt32(sluice_event_failed))
        /// Told when it becomes so, not as long as it is so.
        static let onceEach = Interest(rawValue: 1 << 31)
    }

    /// What `wake` is told as.
    static let wakeID: UInt64 = 0

    private let descriptor: CInt
    private let wakeDescriptor: CInt

    init() throws(SocketError) {
        descriptor = sluice_epoll_create()
        wakeDescriptor = sluice_eventfd()
        guard descriptor >= 0, wakeDescriptor >= 0 else { throw SocketError(operation: "make an event queue") }
        watch(wakeDescriptor, .input, as: Self.wakeID)
    }

    deinit {
        close(descriptor)
        close(wakeDescriptor)
    }

    @discardableResult func watch(_ other: CInt, _ interest: Interest, as id: UInt64, again: Bool = false) -> Bool {
        sluice_epoll_add(descriptor, other, interest.rawValue, id, again ? 1 : 0) == 0
    }

    func forget(_ other: CInt) { _ = sluice_epoll_remove(descriptor, other) }

    /// Ends a `wait`, from any thread.
    func wake() {
        var one: UInt64 = 1
        _ = write(wakeDescriptor, &one, 8)
    }

    /// - Parameter milliseconds: how long; nil: until something happens.
    func wait(milliseconds: Int64?, _ body: (UInt64, Interest) -> Void) {
        withUnsafeTemporaryAllocation(of: sluice_event.self, capacity: 64) { events in
            let count = sluice_epoll_wait(
                descriptor, events.baseAddress, 64, milliseconds.map { CInt(clamping: max($0, 0)) } ?? -1)
            for index in 0..<Int(max(count, 0)) {
                let id = UInt64(events[index].data)
                if id == Self.wakeID {
                    var value: UInt64 = 0
                    _ = read(wakeDescriptor, &value, 8)
                }
                body(id, Interest(rawValue: events[index].events))
            }
        }
    }
}
