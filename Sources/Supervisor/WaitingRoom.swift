import Settings

/// Who is connected, who waits, and whose turn it is to get a worker: the rules alone, without a socket or a clock.
///
/// A connection costs a process only once it has sent the whole first part of RTMP's handshake, and so many at a time.
/// Times are milliseconds of a clock that only runs forward.
struct WaitingRoom: Sendable {
    struct Limits: Sendable {
        var connections: Int
        var connectionsPerAddress: Int
        var handshakes: Int
        /// How long to wait for the handshake's first part, and again for a worker.
        var patience: Int64
        /// Connections at a time that are only told why not; more are just closed.
        var farewells = 128
        var farewellTime: Int64 = 2000
    }

    enum Refusal: String, Sendable, Equatable {
        /// No channel lets its address in.
        case address
        case connections, connectionsPerAddress
        /// The first part of the handshake did not come in time.
        case silence
        /// It did, and no worker became free in time.
        case handshakes
    }

    enum Arrival: Sendable, Equatable {
        /// It may wait for its turn.
        case waits(UInt64)
        /// It may stay to be told why not.
        case refused(UInt64, Refusal)
        /// Not even that.
        case turnedAway(Refusal)
    }

    private enum Phase { case silent, ready, handshaking, settled, leaving }

    private struct Guest {
        let origin: IPAddress
        var phase: Phase
        var deadline: Int64
    }

    private let limits: Limits
    private var guests: [UInt64: Guest] = [:]
    private var lastID: UInt64
    /// By order of arrival; who is in another phase by now is passed over.
    private var silent = Line()
    private var ready = Line()
    private var leaving = Line()
    private var countByOrigin: [IPAddress: Int] = [:]
    private var handshakesByOrigin: [IPAddress: Int] = [:]
    private(set) var handshakes = 0
    private(set) var leavingCount = 0

    /// - Parameter firstID: below it, numbers are the caller's.
    init(_ limits: Limits, firstID: UInt64 = 1) {
        self.limits = limits
        lastID = firstID - 1
    }

    /// Connections but for those that are only told why not.
    var count: Int { guests.count - leavingCount }
    /// Of them those without a worker.
    private(set) var waiting = 0

    /// - Returns: what becomes of it, and who has to go for it: of those that said nothing, the oldest.
    mutating func arrive(from address: IPAddress, isAllowed: Bool, now: Int64) -> (Arrival, evicted: UInt64?) {
        let origin = Self.origin(of: address)
        guard isAllowed else { return (refuse(origin, .address, now), nil) }
        guard countByOrigin[origin, default: 0] < limits.connectionsPerAddress else {
            return (refuse(origin, .connectionsPerAddress, now), nil)
        }
        var evicted: UInt64?
        if count >= limits.connections {
            evicted = evict()
            guard evicted != nil else { return (refuse(origin, .connections, now), nil) }
        }
        let id = add(Guest(origin: origin, phase: .silent, deadline: now + limits.patience))
        countByOrigin[origin, default: 0] += 1
        waiting += 1
        silent.append(id)
        return (.waits(id), evicted)
    }

    /// Takes out, of those that said nothing, the oldest.
    mutating func evict() -> UInt64? {
        guard let oldest = Self.first(of: &silent, in: .silent, guests) else { return nil }
        remove(oldest)
        return oldest
    }

    /// The first part of its handshake is there.
    mutating func spoke(_ id: UInt64, now: Int64) {
        guard guests[id]?.phase == .silent else { return }
        guests[id]?.phase = .ready
        guests[id]?.deadline = now + limits.patience
        ready.append(id)
    }

    /// Who gets a worker now: of those that spoke, the first from an address that has the fewest handshakes under way.
    /// One address never has more than half of them.
    mutating func next() -> UInt64? {
        guard handshakes < limits.handshakes else { return nil }
        let share = max(limits.handshakes / 2, 1)
        var best: (id: UInt64, origin: IPAddress, count: Int)?
        _ = Self.first(of: &ready, in: .ready, guests)
        for id in ready.ids {
            guard let guest = guests[id], guest.phase == .ready else { continue }
            let count = handshakesByOrigin[guest.origin, default: 0]
            guard count < share, count < best?.count ?? .max else { continue }
            best = (id, guest.origin, count)
            if count == 0 { break }
        }
        guard let best else { return nil }
        guests[best.id]?.phase = .handshaking
        handshakes += 1
        waiting -= 1
        handshakesByOrigin[best.origin, default: 0] += 1
        return best.id
    }

    /// Its worker has brought the handshake to its end: it has a right to publish.
    mutating func settle(_ id: UInt64) {
        guard let guest = guests[id], guest.phase == .handshaking else { return }
        endHandshake(guest.origin)
        guests[id]?.phase = .settled
    }

    /// It stays only to be told why not.
    ///
    /// - Returns: false where too many are being told already: it is removed.
    mutating func dismiss(_ id: UInt64, now: Int64) -> Bool {
        guard let guest = guests[id] else { return false }
        remove(id)
        guard leavingCount < limits.farewells else { return false }
        guests[id] = Guest(origin: guest.origin, phase: .leaving, deadline: now + limits.farewellTime)
        leavingCount += 1
        leaving.append(id)
        return true
    }

    mutating func remove(_ id: UInt64) {
        guard let guest = guests.removeValue(forKey: id) else { return }
        switch guest.phase {
        case .leaving:
            leavingCount -= 1
            return
        case .silent, .ready: waiting -= 1
        case .handshaking: endHandshake(guest.origin)
        case .settled: break
        }
        Self.decrease(&countByOrigin, guest.origin)
    }

    /// Whose time is over: `silence` and `handshakes`, still in the room; nil: it was told, and is removed.
    mutating func overdue(now: Int64) -> [(id: UInt64, refusal: Refusal?)] {
        var found: [(UInt64, Refusal?)] = []
        while let id = Self.first(of: &leaving, in: .leaving, guests), guests[id].map({ $0.deadline <= now }) ?? true {
            remove(id)
            found.append((id, nil))
        }
        for id in silent.ids {
            guard let guest = guests[id], guest.phase == .silent else { continue }
            guard guest.deadline <= now else { break }
            found.append((id, .silence))
        }
        for id in ready.ids {
            if let guest = guests[id], guest.phase == .ready, guest.deadline <= now { found.append((id, .handshakes)) }
        }
        return found
    }

    /// When `overdue` has something to say; nil while nobody waits.
    mutating func nextDeadline() -> Int64? {
        let first = [
            Self.first(of: &silent, in: .silent, guests), Self.first(of: &ready, in: .ready, guests),
            Self.first(of: &leaving, in: .leaving, guests),
        ]
        return first.compactMap { $0.flatMap { guests[$0]?.deadline } }.min()
    }

    private mutating func refuse(_ origin: IPAddress, _ refusal: Refusal, _ now: Int64) -> Arrival {
        guard leavingCount < limits.farewells else { return .turnedAway(refusal) }
        let id = add(Guest(origin: origin, phase: .leaving, deadline: now + limits.farewellTime))
        leavingCount += 1
        leaving.append(id)
        return .refused(id, refusal)
    }

    private mutating func add(_ guest: Guest) -> UInt64 {
        lastID += 1
        guests[lastID] = guest
        return lastID
    }

    private mutating func endHandshake(_ origin: IPAddress) {
        handshakes -= 1
        Self.decrease(&handshakesByOrigin, origin)
    }

    private static func first(of line: inout Line, in phase: Phase, _ guests: [UInt64: Guest]) -> UInt64? {
        line.discard { guests[$0]?.phase != phase }
        return line.ids.first
    }

    private static func decrease(_ counts: inout [IPAddress: Int], _ origin: IPAddress) {
        let count = counts[origin, default: 0] - 1
        counts[origin] = count > 0 ? count : nil
    }

    /// What limits count: an IPv4 address, or the network of 64 bits that an IPv6 host has to itself.
    private static func origin(of address: IPAddress) -> IPAddress {
        guard address.isIPv6 else { return address }
        return IPAddress(bytes: Array(address.bytes[..<8]) + [UInt8](repeating: 0, count: 8)) ?? address
    }
}

/// Ids in order of arrival, of which the first are taken away when they no longer count.
private struct Line: Sendable {
    private var all: [UInt64] = []
    private var start = 0

    var ids: ArraySlice<UInt64> { all[start...] }

    mutating func append(_ id: UInt64) { all.append(id) }

    /// Passes over those at the beginning.
    mutating func discard(while isOver: (UInt64) -> Bool) {
        while start < all.count, isOver(all[start]) { start += 1 }
        guard start > 1024, start > all.count / 2 else { return }
        all.removeFirst(start)
        start = 0
    }
}
