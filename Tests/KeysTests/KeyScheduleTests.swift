import CommonEncryption
import Keys
import Media
import Synchronization
import TestSupport
import Testing

/// Keys that differ from period to period.
private func testKeys(_ period: KeyPeriod) throws(KeyError) -> PeriodKeys {
    func key(_ kind: UInt8) throws(KeyError) -> TrackKey {
        var bytes = [UInt8](repeating: kind, count: 15) + [UInt8(truncatingIfNeeded: period.index)]
        guard let id = KeyID(bytes: bytes), let key = ContentKey(moving: &bytes) else {
            throw KeyError(.invalidAnswer, "test")
        }
        return TrackKey(keyID: id, key: key, constantIV: [UInt8](repeating: kind, count: 16))
    }
    return PeriodKeys(
        period, [(ContractEntry.video(preset: 1)[0], try key(1)), (ContractEntry.audio(preset: 1)[0], try key(2))])
}

@Suite(.timeLimit(.minutes(5))) struct KeyScheduleTests {
    /// What surrounds a running schedule: one key every 60 s, now at the start of period 1000.
    private final class Rig: Sendable {
        let clock = ManualClock(60_000_000)
        let calls = Mutex<[UInt64]>([])
        let failing = Mutex<KeyError?>(nil)
        let isHanging = Mutex(false)
    }

    private func withSchedule(
        interval: UInt32 = 60,
        _ body: (KeySchedule, Rig, inout AsyncStream<KeySchedule.Event>.AsyncIterator) async throws -> Void
    ) async throws {
        let rig = Rig()
        let (events, reporter) = AsyncStream<KeySchedule.Event>.makeStream()
        let schedule = KeySchedule(
            KeyPlan.Settings(rotationIntervalSeconds: interval, prefetchSeconds: 20, retentionSeconds: 100),
            clock: rig.clock.keyClock, random: { 0 }, report: { reporter.yield($0) }
        ) { (period: KeyPeriod) async throws(KeyError) -> PeriodKeys in
            rig.calls.withLock { $0.append(period.index) }
            if rig.isHanging.withLock({ $0 }) {
                do { try await rig.clock.keyClock.sleep(.max) } catch {
                    throw KeyError(.unavailable, "cancelled")
                }
            }
            if let error = rig.failing.withLock({ $0 }) { throw error }
            return try testKeys(period)
        }
        let running = Task { await schedule.run() }
        var iterator = events.makeAsyncIterator()
        try await body(schedule, rig, &iterator)
        running.cancel()
        await running.value
        #expect(schedule.keys(for: 1000) == nil, "every key is forgotten when the schedule ends")
    }

    private func next(
        _ count: Int, _ events: inout AsyncStream<KeySchedule.Event>.AsyncIterator
    ) async -> [String] {
        var texts: [String] = []
        for _ in 0..<count {
            switch await events.next(isolation: #isolation) {
            case .fetched(let period, let attempts): texts.append("fetched \(period) in \(attempts)")
            case .failed(let period, let error, let time): texts.append("failed \(period) \(error.code) \(time)")
            case .dropped(let period): texts.append("dropped \(period)")
            case .restored, .vaultFailed: texts.append("vault")
            case nil: texts.append("end")
            }
        }
        return texts.sorted()
    }

    @Test func keysAreThereBeforeTheirPeriodAndGoAfterTheWindow() async throws {
        try await withSchedule { schedule, rig, events in
            #expect(await next(2, &events) == ["fetched 1000 in 1", "fetched 1001 in 1"])
            let keys = try #require(schedule.keys(for: 1000))
            #expect(keys.index == 1000)
            #expect(keys.video.keyID != keys.audio.keyID)
            #expect(schedule.keys(for: 1001)?.index == 1001)
            #expect(schedule.isHeld(1001) && !schedule.isHeld(1002))
            rig.clock.advance(milliseconds: 60_000)
            #expect(await next(1, &events) == ["fetched 1002 in 1"])
            rig.clock.advance(milliseconds: 60_000)
            #expect(await next(1, &events) == ["fetched 1003 in 1"])
            #expect(schedule.keys(for: 1000) != nil)
            rig.clock.advance(milliseconds: 60_000)
            #expect(await next(2, &events) == ["dropped 1000", "fetched 1004 in 1"])
            #expect(schedule.keys(for: 1000) == nil)
            #expect(schedule.keys(for: 1001) != nil)
        }
    }

    @Test func anOlderPeriodComesOnDemandByOneCall() async throws {
        try await withSchedule { schedule, rig, events in
            _ = await next(2, &events)
            for _ in 0..<10 { #expect(schedule.keys(for: 999)?.index ?? 999 == 999) }
            async let first = schedule.keys(for: 999, until: .max)
            async let second = schedule.keys(for: 999, until: .max)
            #expect(await first?.index == 999)
            #expect(await second?.index == 999)
            #expect(await next(1, &events) == ["fetched 999 in 1"])
            #expect(rig.calls.withLock { $0.count { $0 == 999 } } == 1)
            #expect(await schedule.keys(for: 5, until: rig.clock.now) == nil)
        }
    }

    @Test func failuresAreRetriedAndShown() async throws {
        try await withSchedule(interval: 0) { schedule, rig, events in
            #expect(await next(1, &events) == ["fetched 0 in 1"])
            #expect(
                schedule.status
                    == KeyScheduleStatus(
                        calls: 1, failures: 0, lastError: nil, lastErrorTime: nil, currentPeriod: 0,
                        isCurrentHeld: true, isNextHeld: nil, secondsToNextPeriod: nil, heldPeriods: 1))
        }
        try await withSchedule { schedule, rig, events in
            _ = await next(2, &events)
            let error = KeyError(.unavailable, "down")
            rig.failing.withLock { $0 = error }
            rig.clock.advance(milliseconds: 60_000)
            #expect(await next(1, &events) == ["failed 1002 unavailable 60060500"])
            #expect(schedule.keys(for: 1002) == nil)
            #expect(
                schedule.status
                    == KeyScheduleStatus(
                        calls: 3, failures: 1, lastError: error, lastErrorTime: 60_060_000, currentPeriod: 1001,
                        isCurrentHeld: true, isNextHeld: false, secondsToNextPeriod: 60, heldPeriods: 2))
            rig.clock.advance(milliseconds: 500)
            #expect(await next(1, &events) == ["failed 1002 unavailable 60061500"])
            rig.failing.withLock { $0 = nil }
            rig.clock.advance(milliseconds: 1000)
            #expect(await next(1, &events) == ["fetched 1002 in 3"])
        }
    }

    @Test func aWaitEndsAtItsDeadlineAndByCancellation() async throws {
        try await withSchedule { schedule, rig, events in
            _ = await next(2, &events)
            rig.isHanging.withLock { $0 = true }
            let deadline = rig.clock.now + 5000
            async let waited = schedule.keys(for: 999, until: deadline)
            rig.clock.advance(milliseconds: 5000)
            #expect(await waited == nil)
            let task = Task { await schedule.keys(for: 999, until: .max) }
            task.cancel()
            #expect(await task.value == nil)
        }
    }

    @Test func keysOfAnotherPeriodAreRefused() async throws {
        let (events, reporter) = AsyncStream<KeySchedule.Event>.makeStream()
        let schedule = KeySchedule(
            KeyPlan.Settings(rotationIntervalSeconds: 0, prefetchSeconds: 20, retentionSeconds: 100),
            clock: ManualClock(0).keyClock, random: { 0 }, report: { reporter.yield($0) }
        ) { (_: KeyPeriod) async throws(KeyError) -> PeriodKeys in try testKeys(7) }
        let running = Task { await schedule.run() }
        var iterator = events.makeAsyncIterator()
        #expect(await next(1, &iterator) == ["failed 0 invalidAnswer 500"])
        #expect(schedule.keys(for: 0) == nil)
        running.cancel()
        await running.value
    }

    @Test func keysNeverPrint() async throws {
        let keys = try testKeys(77)
        var dumped = ""
        dump(keys.video.key, to: &dumped)
        dump(keys, to: &dumped)
        for text in ["\(keys)", String(reflecting: keys), dumped] {
            #expect(text.contains("redacted"))
        }
    }
}
