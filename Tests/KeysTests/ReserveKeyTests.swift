import CPIX
import Foundation
import Keys
import Media
import Testing

/// The key for what is shown while the provider is away: when it is fetched, and which segments go under it.
/// Segments of 6 s, keys of 60 s: segments 100 to 109 belong to period 10, whose end is at 660 s. Grace 30 s.
@Suite struct ReserveKeyTests {
    private let contract = KeyContract(
        contentID: "a", scheme: .cbcs, rotationIntervalSeconds: 60, systems: [.widevine])
    private let reserve = KeyPeriod.reserve()
    private var binding = KeyBinding()

    private mutating func bind(
        _ segment: UInt64, holding held: Set<KeyPeriod>, slate: Bool = true, grace: UInt32 = 30
    ) -> KeyBinding.Decision {
        binding.bind(
            segment: segment, start: Ticks(Int64(segment) * 540_000, timescale: 90_000), contract: contract,
            graceSeconds: grace, hasSlate: { _ in slate }, isHeld: held.contains)
    }

    private func period(_ segment: UInt64) -> KeyPeriod {
        binding.period(of: segment, start: Ticks(Int64(segment) * 540_000, timescale: 90_000), contract: contract)
    }

    @Test mutating func pastTheGraceSegmentsGoUnderTheReserve() {
        #expect(bind(109, holding: [10, reserve]) == .own(10))
        for segment in 110...114 as ClosedRange<UInt64> {
            #expect(bind(segment, holding: [10, reserve]) == .exception(10))
        }
        #expect(bind(115, holding: [10, reserve]) == .slate(reserve, first: 115))
        #expect(bind(116, holding: [10, reserve]) == .slate(reserve, first: 116))
        #expect(bind(117, holding: [10, 11, reserve]) == .own(11))
        // For ever, whatever is held now.
        #expect(bind(115, holding: [10, 11, reserve]) == .slate(reserve, first: 115))
        #expect((109...117).map { period($0) } == [10, 10, 10, 10, 10, 10, reserve, reserve, 11])
        #expect(binding.exceptions.count == 2)
    }

    @Test mutating func withoutGraceTheSlateBeginsAtTheBoundary() {
        #expect(bind(109, holding: [10, reserve], grace: 0) == .own(10))
        #expect(bind(110, holding: [10, reserve], grace: 0) == .slate(reserve, first: 110))
    }

    @Test mutating func withoutAReserveOrASlateSegmentsWait() {
        _ = bind(109, holding: [10])
        #expect(bind(115, holding: [10]) == .waiting(11))
        #expect(bind(116, holding: [10, reserve], slate: false) == .waiting(11))
    }

    @Test mutating func whoShowsNoSlateNeedsNoReserve() {
        var asked: Set<KeyPeriod> = []
        let decision = binding.bind(
            segment: 110, start: Ticks(660, timescale: 1), contract: contract, graceSeconds: 0,
            hasSlate: { _ in false },
            isHeld: { period in
                asked.insert(period)
                return false
            })
        #expect(decision == .waiting(11) && asked == [11])
    }

    /// The reserve is no key that time could end: it never goes on "within the grace".
    @Test mutating func theReserveHasNoGrace() {
        _ = bind(109, holding: [10, reserve], grace: 0)
        _ = bind(110, holding: [10, reserve], grace: 0)
        #expect(bind(111, holding: [10, reserve], slate: false, grace: 0) == .waiting(11))
        #expect(bind(112, holding: [10, 11, reserve], slate: false, grace: 0) == .own(11))
    }

    @Test mutating func whatWaitedTurnsIntoSlateWithIt() {
        #expect(bind(110, holding: [reserve], slate: false) == .waiting(11))
        #expect(bind(119, holding: [reserve], slate: false) == .waiting(11))
        #expect(bind(120, holding: [reserve], slate: false) == .waiting(12))
        #expect(bind(121, holding: [reserve]) == .slate(reserve, first: 110))
        #expect((110...121).map { period($0) }.allSatisfy { $0 == reserve })
        #expect(binding.exceptions.count == 1)
    }

    /// Its key came, so it may have been listed: it stays what it was.
    @Test mutating func whatWaitedAndGotItsKeyStays() {
        #expect(bind(110, holding: [reserve], slate: false) == .waiting(11))
        #expect(bind(120, holding: [11, reserve], slate: false, grace: 0) == .waiting(12))
        #expect(bind(121, holding: [11, reserve], grace: 0) == .slate(reserve, first: 120))
        #expect(period(110) == 11 && period(119) == 11 && period(120) == reserve)
    }

    /// What waited before a restart may have been listed in between.
    @Test mutating func aRestartForgetsWhatWaited() throws {
        #expect(bind(110, holding: [reserve], slate: false) == .waiting(11))
        binding = try JSONDecoder().decode(KeyBinding.self, from: JSONEncoder().encode(binding))
        #expect(bind(111, holding: [reserve]) == .slate(reserve, first: 111))
        #expect(period(110) == 11)
    }

    @Test mutating func anEmergencyRotationReplacesTheReserve() {
        _ = bind(109, holding: [10, reserve], grace: 0)
        _ = bind(110, holding: [10, reserve], grace: 0)
        #expect(binding.startEdition(at: 111, start: Ticks(111 * 6, timescale: 1)) == 1)
        #expect(bind(111, holding: [10, reserve], grace: 0) == .waiting(KeyPeriod(11, edition: 1)))
        let second = KeyPeriod.reserve(edition: 1)
        #expect(bind(112, holding: [10, second], grace: 0) == .slate(second, first: 111))
        #expect(period(110) == reserve)
    }

    // MARK: What is fetched

    private static func plan(keepsReserve: Bool = true) -> KeyPlan {
        KeyPlan(
            .init(
                rotationIntervalSeconds: 60, prefetchSeconds: 20, retentionSeconds: 100, keepsReserve: keepsReserve))
    }

    @Test func theReserveIsFetchedAtTheStartAndNeverDropped() {
        var plan = Self.plan()
        #expect(plan.advance(now: 60_000_000).contains(.fetch(reserve)))
        plan.fetched(reserve)
        for now in stride(from: Int64(60_000_000), to: 4_000_000_000_000, by: 100_000_000_000) {
            let actions = plan.advance(now: now)
            #expect(!actions.contains(.drop(reserve)) && !actions.contains(.fetch(reserve)))
        }
    }

    @Test func nobodyElseHasAReserve() {
        var plan = Self.plan(keepsReserve: false)
        #expect(!plan.advance(now: 60_000_000).contains(.fetch(reserve)))
        // The window may hold segments from when the profile said so.
        let isNew = plan.need(reserve, now: 60_000_000)
        #expect(isNew)
        #expect(plan.advance(now: 60_000_000).contains(.fetch(reserve)))
    }

    @Test func anEditionHasAReserveOfItsOwnAndTheWindowKeepsTheOld() {
        var plan = Self.plan()
        _ = plan.advance(now: 60_000_000)
        for period in [KeyPeriod(1000), KeyPeriod(1001), reserve] { plan.fetched(period) }
        plan.startEdition(1, now: 60_010_000)
        let actions = plan.advance(now: 60_010_000)
        #expect(actions.contains(.fetch(.reserve(edition: 1))) && !actions.contains(.drop(reserve)))
        #expect(plan.advance(now: 60_110_000).contains(.drop(reserve)))
    }

    @Test func withoutRotationThereIsAReserveToo() {
        var plan = KeyPlan(
            .init(rotationIntervalSeconds: 0, prefetchSeconds: 20, retentionSeconds: 100, keepsReserve: true))
        #expect(plan.advance(now: 60_000_000) == [.fetch(0), .fetch(reserve), .wait(until: nil)])
    }

    @Test func theRequestHasAnIndexAndNoTimes() throws {
        let request = SPEKERequest(contract, period: reserve, version: .v21)
        let text = String(decoding: request.document.xml, as: UTF8.self)
        #expect(text.contains("index=\"2147483647\""))
        #expect(!text.contains("start=") && !text.contains("end="))
        let own = SPEKERequest(contract, period: 10)
        #expect(contract.entries.allSatisfy { request.keyID(of: $0) != own.keyID(of: $0) })
    }
}
