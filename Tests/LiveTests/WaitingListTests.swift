import Packager
import Synchronization
import Testing

@testable import Live

/// Who waits for parts, and how many may.
@Suite struct WaitingListTests {
    private static func goal(_ segment: UInt64) -> PartGoal {
        PartGoal(endpoint: "ll", track: "720p", position: MediaPosition(segment: segment, part: 0))
    }

    @Test func nobodyMoreIsTakenAtTheBound() {
        var list = WaitingList()
        var tokens: [WaitingList.Token] = []
        for number in 0..<UInt64(WaitingList.maximumCount) {
            if let token = list.add(Self.goal(number), {}) { tokens.append(token) }
        }
        #expect(tokens.count == WaitingList.maximumCount)
        #expect(list.add(Self.goal(0), {}) == nil)
        list.remove(tokens[7])
        #expect(list.add(Self.goal(0), {}) != nil)
        #expect(list.add(Self.goal(0), {}) == nil)
        #expect(list.takeAll().count == WaitingList.maximumCount)
        #expect(list.takeAll().isEmpty)
    }

    @Test func whoLeavesIsNotCalledAndAnEndpointThatIsGoneIsNoReasonToWait() {
        let calls = Mutex<[UInt64]>([])
        var list = WaitingList()
        let tokens = (0..<3 as Range<UInt64>).map { number in
            list.add(Self.goal(number)) { calls.withLock { $0.append(number) } }
        }
        if let token = tokens[1] { list.remove(token) }
        for call in list.takeReached([:]) { call() }
        #expect(calls.withLock { $0.sorted() } == [0, 2])
        #expect(list.takeReached([:]).isEmpty, "each is called once")
    }
}
