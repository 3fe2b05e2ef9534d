import Settings
import Testing

@testable import Supervisor

/// Who waits, who is refused and whose turn it is, without a socket.
@Suite struct WaitingRoomTests {
    private let one: IPAddress
    private let other: IPAddress

    init() throws {
        one = try #require(IPAddress(parsing: "192.0.2.1"))
        other = try #require(IPAddress(parsing: "192.0.2.2"))
    }

    private func room(
        connections: Int = 100, perAddress: Int = 100, handshakes: Int = 4, farewells: Int = 128
    ) -> WaitingRoom {
        WaitingRoom(
            .init(
                connections: connections, connectionsPerAddress: perAddress, handshakes: handshakes, patience: 10_000,
                farewells: farewells))
    }

    @Test func aWorkerIsForThoseWhoSpoke() {
        var room = room()
        #expect(room.arrive(from: one, isAllowed: true, now: 0).0 == .waits(1))
        #expect(room.arrive(from: other, isAllowed: true, now: 0).0 == .waits(2))
        #expect(room.next() == nil)
        room.spoke(2, now: 5)
        #expect(room.next() == 2)
        #expect(room.next() == nil)
        #expect((room.count, room.waiting, room.handshakes) == (2, 1, 1))
        room.settle(2)
        room.settle(2)
        #expect((room.count, room.waiting, room.handshakes) == (2, 1, 0))
        room.remove(2)
        room.remove(1)
        room.remove(1)
        #expect((room.count, room.waiting, room.handshakes) == (0, 0, 0))
    }

    @Test func oneAddressHasHalfOfTheHandshakesAndTheOtherGoesFirst() {
        var room = room(handshakes: 4)
        for id in UInt64(1)...10 {
            #expect(room.arrive(from: one, isAllowed: true, now: 0).0 == .waits(id))
            room.spoke(id, now: 0)
        }
        #expect([room.next(), room.next(), room.next()] == [1, 2, nil])
        _ = room.arrive(from: other, isAllowed: true, now: 0)
        room.spoke(11, now: 0)
        #expect([room.next(), room.next()] == [11, nil])
        room.remove(1)
        #expect(room.next() == 3)
        room.settle(2)
        #expect([room.next(), room.next()] == [4, nil])
    }

    @Test func whoSaidNothingLongestMakesRoom() {
        var room = room(connections: 3)
        for now in Int64(0)..<3 { _ = room.arrive(from: one, isAllowed: true, now: now) }
        room.spoke(1, now: 3)
        let (arrival, evicted) = room.arrive(from: other, isAllowed: true, now: 4)
        #expect(arrival == .waits(4) && evicted == 2)
        #expect(room.count == 3)
        for id in UInt64(3)...4 { room.spoke(id, now: 5) }
        #expect(room.arrive(from: other, isAllowed: true, now: 6).0 == .refused(5, .connections))
        #expect(room.count == 3)
    }

    @Test func countsByAddressAndByIPv6Network() throws {
        var room = room(perAddress: 2)
        #expect(room.arrive(from: one, isAllowed: true, now: 0).0 == .waits(1))
        #expect(room.arrive(from: one, isAllowed: true, now: 0).0 == .waits(2))
        #expect(room.arrive(from: one, isAllowed: true, now: 0).0 == .refused(3, .connectionsPerAddress))
        #expect(room.arrive(from: other, isAllowed: true, now: 0).0 == .waits(4))
        // As an IPv6 socket gives an IPv4 address.
        let mapped = try #require(IPAddress(parsing: "::ffff:192.0.2.1"))
        #expect(room.arrive(from: mapped, isAllowed: true, now: 0).0 == .refused(5, .connectionsPerAddress))
        room.remove(1)
        #expect(room.arrive(from: mapped, isAllowed: true, now: 0).0 == .waits(6))
        for (index, text) in ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:0:0:3"].enumerated() {
            let arrival = room.arrive(from: try #require(IPAddress(parsing: text)), isAllowed: true, now: 0).0
            let id = UInt64(index) + 7
            #expect(arrival == (index < 2 ? .waits(id) : .refused(id, .connectionsPerAddress)))
        }
        let neighbour = try #require(IPAddress(parsing: "2001:db8:0:1::1"))
        #expect(room.arrive(from: neighbour, isAllowed: true, now: 0).0 == .waits(10))
    }

    @Test func onlySoManyAreToldWhyNot() {
        var room = room(farewells: 2)
        #expect(room.arrive(from: one, isAllowed: false, now: 0).0 == .refused(1, .address))
        #expect(room.arrive(from: one, isAllowed: false, now: 1).0 == .refused(2, .address))
        #expect(room.arrive(from: one, isAllowed: false, now: 2).0 == .turnedAway(.address))
        #expect(room.count == 0 && room.leavingCount == 2)
        #expect(room.nextDeadline() == 2000)
        #expect(room.overdue(now: 2000).map(\.id) == [1])
        #expect(room.arrive(from: one, isAllowed: false, now: 2000).0 == .refused(3, .address))
    }

    @Test func nobodyWaitsForEver() {
        var room = room(handshakes: 2)
        for _ in 0..<3 { _ = room.arrive(from: one, isAllowed: true, now: 0) }
        _ = room.arrive(from: one, isAllowed: true, now: 4000)
        room.spoke(2, now: 100)
        room.spoke(3, now: 200)
        #expect(room.next() == 2)
        #expect(room.nextDeadline() == 10_000)
        #expect(room.overdue(now: 9_999).isEmpty)
        #expect(room.overdue(now: 10_000).map(\.id) == [1])
        room.remove(1)
        #expect(room.nextDeadline() == 10_200)
        let late = room.overdue(now: 10_200)
        #expect(late.map(\.id) == [3] && late.first?.refusal == .handshakes)
        let stays = room.dismiss(3, now: 10_200)
        #expect(stays)
        #expect(room.count == 2 && room.leavingCount == 1)
        #expect(room.nextDeadline() == 12_200)
        #expect(room.overdue(now: 12_200).map(\.id) == [3])
        #expect(room.leavingCount == 0)
        #expect(room.nextDeadline() == 14_000)
    }
}
