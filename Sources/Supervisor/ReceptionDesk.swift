import Glibc
import Logging

/// The state of a `Reception`, for its thread alone.
struct ReceptionDesk: ~Copyable {
    private struct Guest {
        var connection: ListeningSocket.Connection
        /// Negative while TLS is not up.
        var descriptor: CInt
        /// Ends it while TLS has its descriptor.
        var hangUp: (@Sendable () -> Void)?
        /// Why it may not stay, in words for the encoder.
        var farewell: String?
        var isTold = false
    }

    private static let firstGuest: UInt64 = 1 << 16
    private static let firstPart = RefusalInWords.firstPart

    private let reception: Reception
    private var room: WaitingRoom
    private var guests: [UInt64: Guest] = [:]
    private var isOpen = true
    /// Somebody waits to be accepted, for whom there is no descriptor.
    private var isShort = false

    init(_ reception: Reception) {
        self.reception = reception
        room = WaitingRoom(reception.limits, firstID: Self.firstGuest)
        for (index, socket) in reception.sockets.enumerated() {
            reception.events.watch(socket.descriptor, .input, as: UInt64(index) + 1)
        }
    }

    var presence: Reception.Presence {
        Reception.Presence(waiting: room.waiting, handshakes: room.handshakes, connections: room.count)
    }

    /// Waits for what happens next and deals with it.
    ///
    /// - Returns: false when it was the last.
    mutating func turn() -> Bool {
        let now = reception.host.clock()
        let wait = isShort ? 100 : room.nextDeadline().map { $0 - now }
        var happened: [(id: UInt64, EventQueue.Interest)] = []
        reception.events.wait(milliseconds: wait) { happened.append(($0, $1)) }
        if isShort { hold(false) }
        for (id, what) in happened {
            switch id {
            case EventQueue.wakeID: break
            case ..<Self.firstGuest: accept(reception.sockets[Int(id) - 1])
            default: hear(id, what)
            }
        }
        for notice in reception.takeNotices() { obey(notice) }
        expire()
        while let id = room.next() { admit(id) }
        return isOpen
    }

    mutating func close() {
        for id in guests.keys { drop(id) }
    }

    private mutating func obey(_ notice: Reception.Notice) {
        switch notice {
        case .settled(let id): room.settle(id)
        case .left(let id): room.remove(id)
        case .secured(let id, let descriptor):
            guard guests[id] != nil else {
                Glibc.close(descriptor)
                return
            }
            guests[id]?.descriptor = descriptor
            guests[id]?.hangUp = nil
            listen(to: id, descriptor)
        case .insecure(let id, let reason):
            guard let guest = guests[id] else { return }
            if guest.farewell == nil { refuse(guest.connection, "tls", "TLS did not come up: \(reason)") }
            drop(id)
        case .stop: isOpen = false
        }
    }

    // MARK: Arrival

    private mutating func accept(_ socket: ListeningSocket) {
        // So many at a time, so that those who are here are heard in between.
        for _ in 0..<64 {
            switch socket.accept() {
            case .connection(let connection): arrive(connection)
            case .none: return
            case .busy:
                guard let evicted = room.evict() else { return hold(true) }
                evict(evicted)
            }
        }
    }

    /// No accepting for a moment, or again.
    private mutating func hold(_ isHeld: Bool) {
        isShort = isHeld
        for (index, socket) in reception.sockets.enumerated() {
            reception.events.watch(socket.descriptor, isHeld ? [] : .input, as: UInt64(index) + 1, again: true)
        }
    }

    private mutating func arrive(_ connection: ListeningSocket.Connection) {
        reception.host.count(.connection)
        let now = reception.host.clock()
        let (arrival, evicted) = room.arrive(
            from: connection.peer, isAllowed: reception.host.allows(connection.peer), now: now)
        if let evicted { evict(evicted) }
        switch arrival {
        case .waits(let id): enter(id, connection, farewell: nil)
        case .refused(let id, let refusal):
            refuse(connection, refusal)
            enter(id, connection, farewell: words(refusal).encoder)
        case .turnedAway(let refusal):
            refuse(connection, refusal)
            Glibc.close(connection.descriptor)
        }
    }

    private mutating func enter(_ id: UInt64, _ connection: ListeningSocket.Connection, farewell: String?) {
        var guest = Guest(connection: connection, descriptor: connection.descriptor, farewell: farewell)
        guest.connection.id = id
        if connection.isSecure, let front = reception.front {
            guest.descriptor = -1
            let reception = reception
            let activity = TLSFront.Activity()
            guest.connection.activity = activity
            guest.hangUp = front.open(connection.descriptor, activity: activity) { event in
                switch event {
                case .secured(let descriptor): reception.tell(.secured(id, descriptor))
                case .failed(let reason): reception.tell(.insecure(id, reason: reason))
                }
            }
            guests[id] = guest
            return
        }
        guests[id] = guest
        // Woken when all of the first part is there, and not before.
        setLowMark(connection.descriptor, Self.firstPart)
        listen(to: id, connection.descriptor)
    }

    private mutating func listen(to id: UInt64, _ descriptor: CInt) {
        reception.events.watch(descriptor, [.input, .peerDone, .onceEach], as: id)
    }

    private func setLowMark(_ descriptor: CInt, _ bytes: Int) {
        var mark = CInt(bytes)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVLOWAT, &mark, socklen_t(MemoryLayout<CInt>.size))
    }

    // MARK: In the room

    private mutating func hear(_ id: UInt64, _ what: EventQueue.Interest) {
        guard let guest = guests[id] else { return }
        if guest.isTold { return drain(id, guest.descriptor) }
        let opening = peek(guest.descriptor)
        guard opening.count == Self.firstPart else {
            // It can send no more, so it will never be enough.
            if !what.isDisjoint(with: [.peerDone, .failed]) { drop(id) }
            return
        }
        guard opening[0] == 3 else {
            refuse(guest.connection, "protocol", "it does not speak RTMP: its first byte is \(opening[0]), not 3")
            drop(id)
            return
        }
        if let farewell = guest.farewell {
            sayFarewell(id, guest.descriptor, opening, farewell)
        } else {
            room.spoke(id, now: reception.host.clock())
        }
    }

    /// What is there of the first part, which stays where it is.
    private func peek(_ descriptor: CInt) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.firstPart) { buffer, count in
            count = max(recv(descriptor, buffer.baseAddress, buffer.count, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT)), 0)
        }
    }

    private mutating func sayFarewell(_ id: UInt64, _ descriptor: CInt, _ opening: [UInt8], _ text: String) {
        let words = RefusalInWords.answer(to: opening, description: text)
        let sent = words.withUnsafeBytes {
            send(descriptor, $0.baseAddress, $0.count, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
        }
        guard sent == words.count else { return drop(id) }
        // To close with its bytes unread would reset the connection, and a reset takes our words away.
        shutdown(descriptor, CInt(SHUT_WR))
        guests[id]?.isTold = true
        setLowMark(descriptor, 1)
        reception.events.watch(descriptor, [.input, .peerDone], as: id, again: true)
        drain(id, descriptor)
    }

    /// Reads away what comes after our last word; at its end the connection is closed.
    private mutating func drain(_ id: UInt64, _ descriptor: CInt) {
        let (count, failure) = withUnsafeTemporaryAllocation(byteCount: 1 << 14, alignment: 8) { buffer in
            (recv(descriptor, buffer.baseAddress, buffer.count, CInt(MSG_DONTWAIT)), errno)
        }
        if count == 0 || (count < 0 && failure != EAGAIN && failure != EINTR) { drop(id) }
    }

    private mutating func admit(_ id: UInt64) {
        guard let guest = guests.removeValue(forKey: id) else { return room.remove(id) }
        reception.events.forget(guest.descriptor)
        setLowMark(guest.descriptor, 1)
        var connection = guest.connection
        connection.descriptor = guest.descriptor
        reception.host.admit(connection)
    }

    // MARK: The end

    private mutating func expire() {
        let now = reception.host.clock()
        reception.budget.flush(now: now)
        for (id, refusal) in room.overdue(now: now) {
            guard let refusal, let guest = guests[id] else {
                drop(id)
                continue
            }
            if refusal == .silence {
                leaveSilently(guest)
                drop(id)
                continue
            }
            refuse(guest.connection, refusal)
            guard room.dismiss(id, now: now) else {
                drop(id)
                continue
            }
            sayFarewell(id, guest.descriptor, peek(guest.descriptor), words(refusal).encoder)
        }
    }

    /// What it did send tells an operator what it is.
    private func leaveSilently(_ guest: Guest) {
        let opening = guest.descriptor >= 0 ? peek(guest.descriptor) : []
        var detail = "\(opening.count) of \(Self.firstPart) bytes of the handshake came"
        if guest.descriptor < 0 { detail = "TLS was not up" }
        if opening.first == 0x16 { detail = "it speaks TLS, which is rtmps.listen's" }
        if let first = opening.first, (0x41...0x5A).contains(first) { detail = "it speaks HTTP or the like" }
        reception.host.count(.refusal("timeout"))
        reception.budget.log(
            .info,
            "encoder left: \(detail) within rtmp.handshakeTimeoutSeconds (\(reception.limits.patience / 1000))",
            metadata: ["peer": "\(guest.connection.peer)"], kind: "silence", now: reception.host.clock())
    }

    private mutating func evict(_ id: UInt64) {
        if let guest = guests[id] {
            refuse(
                guest.connection, "limit",
                "it said nothing while others came: rtmp.maxConnections (\(reception.limits.connections)) are open")
        }
        drop(id)
    }

    /// Forgets and closes it.
    private mutating func drop(_ id: UInt64) {
        room.remove(id)
        guard let guest = guests.removeValue(forKey: id) else { return }
        guest.hangUp?()
        if guest.descriptor >= 0 { Glibc.close(guest.descriptor) }
    }

    private func refuse(_ connection: ListeningSocket.Connection, _ refusal: WaitingRoom.Refusal) {
        let reason = if case .address = refusal { "address" } else { "limit" }
        refuse(connection, reason, words(refusal).log)
    }

    private func refuse(_ connection: ListeningSocket.Connection, _ reason: String, _ text: String) {
        reception.host.count(.refusal(reason))
        reception.budget.log(
            .warning, "refused an encoder: \(text)", metadata: ["peer": "\(connection.peer)"], kind: reason,
            now: reception.host.clock())
    }

    private func words(_ refusal: WaitingRoom.Refusal) -> (log: String, encoder: String) {
        let limits = reception.limits
        switch refusal {
        // Not the encoder's fault, and not to be looked for there.
        case .address where !reception.host.hasChannels():
            return ("no channel is loaded", "the server has no channel now")
        case .address:
            return ("no channel's ingest.allow holds its address", "this address may not publish here")
        case .connections:
            return (
                "rtmp.maxConnections (\(limits.connections)) are open", "the server has no room for more encoders"
            )
        case .connectionsPerAddress:
            return (
                "rtmp.maxConnectionsPerAddress (\(limits.connectionsPerAddress)) are open from its address",
                "too many connections from this address"
            )
        case .handshakes, .silence:
            return (
                "it waited \(limits.patience / 1000) s while rtmp.maxHandshakes (\(limits.handshakes)) were under way",
                "too many encoders are connecting: try again"
            )
        }
    }
}
