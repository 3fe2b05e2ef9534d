import Dispatch
import Files
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct DiskQueueTests {
    private let done = Done()

    private final class Done: Sendable {
        private let list = Mutex<[Int]>([])
        func add(_ number: Int) { list.withLock { $0.append(number) } }
        var all: [Int] { list.withLock { $0 } }
    }

    @Test func whoAsksGetsTheResultInOrder() {
        let queue = DiskQueue(patienceMilliseconds: 60_000)
        queue.post { [done] in done.add(0) }
        for number in 1...50 {
            let outcome = queue.perform { [done] in
                done.add(number)
                return number
            }
            guard case .done(number) = outcome else { return #expect(Bool(false), "\(outcome)") }
        }
        #expect(done.all == Array(0...50))
        #expect(!queue.isStuck)
    }

    @Test func whatIsLateIsDoneInItsTurnAndNobodyWaitsTwice() {
        let queue = DiskQueue(patienceMilliseconds: 20)
        let gate = DispatchSemaphore(value: 0)
        queue.post { gate.wait() }
        for number in 1...100 {
            guard case .late = queue.perform({ [done] in done.add(number) }) else {
                return #expect(Bool(false), "not late")
            }
        }
        #expect(queue.isStuck && done.all.isEmpty)
        gate.signal()
        queue.finish()
        #expect(done.all == Array(1...100) && !queue.isStuck)
    }

    @Test func someHaveMorePatience() {
        let queue = DiskQueue(patienceMilliseconds: 0)
        let gate = DispatchSemaphore(value: 0)
        queue.post { gate.wait() }
        queue.post { [done] in done.add(1) }
        DispatchQueue.global().async { gate.signal() }
        guard case .done = queue.perform(atLeast: 50_000, { [done] in done.add(2) }) else {
            return #expect(Bool(false), "no patience")
        }
        #expect(done.all == [1, 2])
    }

    @Test func whatWaitsIsBounded() {
        let queue = DiskQueue(patienceMilliseconds: 0)
        let gate = DispatchSemaphore(value: 0)
        queue.post { gate.wait() }
        let taken = (1...DiskQueue.limit).filter { number in queue.post { [done] in done.add(number) } }
        #expect(taken == Array(1..<DiskQueue.limit))
        guard case .refused = queue.perform({ [done] in done.add(-1) }) else { return #expect(Bool(false), "taken") }
        gate.signal()
        queue.finish()
        #expect(done.all == Array(1..<DiskQueue.limit))
    }
}
