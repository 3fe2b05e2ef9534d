import Foundation
import Keys
import Media
import Testing

/// Segments of 6 s, keys of 60 s: segments 100 to 109 belong to period 10, whose end is at 660 s. Grace 30 s.
@Suite struct KeyBindingTests {
    private let contract = KeyContract(
        contentID: "a", scheme: .cbcs, rotationIntervalSeconds: 60, systems: [.widevine])
    private var binding = KeyBinding()

    private mutating func bind(_ segment: UInt64, holding held: Set<KeyPeriod>) -> KeyBinding.Decision {
        binding.bind(
            segment: segment, start: Ticks(Int64(segment) * 540_000, timescale: 90_000), contract: contract,
            graceSeconds: 30, isHeld: held.contains)
    }

    private func period(_ segment: UInt64) -> KeyPeriod {
        binding.period(of: segment, start: Ticks(Int64(segment) * 540_000, timescale: 90_000), contract: contract)
    }

    @Test mutating func theOwnPeriodWhereItsKeyIsHeld() {
        #expect(bind(109, holding: [10, 11]) == .own(10))
        #expect(bind(110, holding: [10, 11]) == .own(11))
        #expect(binding.exceptions.isEmpty)
        #expect((105...115).map { period($0) } == [10, 10, 10, 10, 10, 11, 11, 11, 11, 11, 11])
    }

    @Test mutating func theOldKeyGoesOnForTheGraceAndNoLonger() {
        #expect(bind(109, holding: [10]) == .own(10))
        // 660, 666 ... 684 s: within 30 s of the end of period 10.
        for segment in 110...114 as ClosedRange<UInt64> { #expect(bind(segment, holding: [10]) == .exception(10)) }
        #expect(bind(115, holding: [10]) == .waiting(11))
        #expect(bind(116, holding: [10, 11]) == .own(11))
        #expect(binding.exceptions.map(\.first) == [110] && binding.exceptions.map(\.last) == [114])
        #expect((109...117).map { period($0) } == [10, 10, 10, 10, 10, 10, 11, 11, 11])
    }

    @Test mutating func aBindingNeverChanges() {
        _ = bind(109, holding: [10])
        _ = bind(110, holding: [10])
        _ = bind(111, holding: [10, 11])
        // Its own key has come since, or the old one has gone.
        #expect(bind(110, holding: [10, 11]) == .exception(10))
        #expect(bind(110, holding: [11]) == .exception(10))
        #expect(bind(109, holding: [10, 11]) == .own(10))
        #expect(bind(111, holding: []) == .waiting(11))
        #expect(period(110) == 10)
    }

    @Test mutating func aSegmentThatWaitedTakesItsOwnKeyEvenWithinTheGrace() {
        // The first segment after a start: nothing goes before it.
        #expect(bind(110, holding: []) == .waiting(11))
        #expect(bind(110, holding: [10, 11]) == .own(11))
    }

    @Test mutating func theGraceIsNotChainedOverBoundaries() {
        // 1 s keys and a grace of 30 s: the key of period 659 may go on until 690 s, whatever comes between.
        let contract = KeyContract(contentID: "a", scheme: .cbcs, rotationIntervalSeconds: 1, systems: [])
        var binding = KeyBinding()
        func start(_ second: Int64) -> Ticks { Ticks(second, timescale: 1) }
        _ = binding.bind(
            segment: 659, start: start(659), contract: contract, graceSeconds: 30, isHeld: { $0 == 659 })
        for second in 660..<690 as Range<UInt64> {
            let decision = binding.bind(
                segment: second, start: start(Int64(second)), contract: contract, graceSeconds: 30,
                isHeld: { $0 == 659 })
            #expect(decision == .exception(659))
        }
        for second in 690..<700 as Range<UInt64> {
            let decision = binding.bind(
                segment: second, start: start(Int64(second)), contract: contract, graceSeconds: 30,
                isHeld: { $0 == 659 })
            #expect(decision == .waiting(KeyPeriod(second)))
        }
    }

    /// An emergency rotation: other keys from the next segment on, in the middle of a period and after it.
    @Test mutating func anEditionBeginsAtTheNextSegment() {
        #expect(bind(103, holding: [10]) == .own(10))
        #expect(binding.startEdition(at: 104, start: Ticks(624, timescale: 1)) == 1)
        let replaced = KeyPeriod(10, edition: 1)
        #expect(bind(103, holding: [10]) == .own(10), "what is bound stays")
        #expect(bind(104, holding: [10, replaced]) == .own(replaced))
        #expect(bind(110, holding: [10, 11, replaced, KeyPeriod(11, edition: 1)]) == .own(KeyPeriod(11, edition: 1)))
        #expect(period(103) == 10 && period(109) == replaced)
        #expect(binding.currentEdition == 1)
    }

    /// The provider is away while keys are to be replaced: the old one goes on for the grace from that moment, no longer.
    @Test mutating func theGraceOfAnEditionCountsFromItsStart() {
        #expect(bind(103, holding: [10]) == .own(10))
        _ = binding.startEdition(at: 104, start: Ticks(624, timescale: 1))
        // 624 ... 648 s, and 654 s is 30 s after.
        for segment in 104...108 as ClosedRange<UInt64> { #expect(bind(segment, holding: [10]) == .exception(10)) }
        #expect(bind(109, holding: [10]) == .waiting(KeyPeriod(10, edition: 1)))
    }

    @Test mutating func editionsSurviveAndAreForgottenWithTheWindow() throws {
        _ = bind(103, holding: [10])
        _ = binding.startEdition(at: 104, start: Ticks(624, timescale: 1))
        _ = bind(104, holding: [KeyPeriod(10, edition: 1)])
        _ = binding.startEdition(at: 105, start: Ticks(630, timescale: 1))
        binding = try JSONDecoder().decode(KeyBinding.self, from: JSONEncoder().encode(binding))
        #expect(
            period(103) == 10 && period(104) == KeyPeriod(10, edition: 1) && period(105) == KeyPeriod(10, edition: 2))
        binding.forget(before: 106)
        #expect(binding.editions.map(\.edition) == [2])
        #expect(period(106) == KeyPeriod(10, edition: 2) && binding.currentEdition == 2)
    }

    @Test mutating func aGoneOldKeyIsNoGrace() {
        _ = bind(109, holding: [10])
        #expect(bind(110, holding: []) == .waiting(11))
    }

    @Test mutating func aLongHoleIsNoGrace() {
        _ = bind(109, holding: [10])
        #expect(bind(300, holding: [10]) == .waiting(30))
    }

    @Test mutating func aRestartGivesTheSamePeriods() throws {
        for segment in 105...112 as ClosedRange<UInt64> { _ = bind(segment, holding: [10]) }
        let stored = try JSONEncoder().encode(binding)
        let before = (105...112).map { period($0) }
        binding = try JSONDecoder().decode(KeyBinding.self, from: stored)
        #expect((105...112).map { period($0) } == before)
        // Segments 113 was made with its own key, and the crash came before anybody stored that.
        binding.recover(through: 113, start: Ticks(678, timescale: 1), contract: contract)
        #expect(bind(113, holding: [10]) == .waiting(11))
        #expect(period(113) == 11)
        #expect(bind(114, holding: [10]) == .waiting(11))
    }

    @Test mutating func exceptionsAreForgottenWithTheirSegments() {
        for segment in 109...112 as ClosedRange<UInt64> { _ = bind(segment, holding: [10]) }
        binding.forget(before: 112)
        #expect(binding.exceptions.count == 1)
        #expect(period(112) == 10)
        binding.forget(before: 113)
        #expect(binding.exceptions.isEmpty)
    }

    @Test mutating func withoutRotationThereIsOnlyPeriodZero() {
        let contract = KeyContract(contentID: "a", scheme: .cenc, rotationIntervalSeconds: 0, systems: [])
        let start = Ticks(1 << 60, timescale: 90_000)
        #expect(
            binding.bind(segment: 5, start: start, contract: contract, graceSeconds: 30, isHeld: { $0 == 0 }) == .own(0)
        )
        #expect(
            binding.bind(segment: 6, start: start, contract: contract, graceSeconds: 30, isHeld: { _ in false })
                == .waiting(0))
    }

    @Test func periodsOfTimes() {
        #expect(contract.index(at: Ticks(-1, timescale: 1)) == 0)
        #expect(contract.index(at: Ticks(59_999, timescale: 1000)) == 0)
        #expect(contract.index(at: Ticks(60_000, timescale: 1000)) == 1)
        #expect(contract.index(at: Ticks(.max, timescale: 1)) == UInt64(Int64.max / 60))
        #expect(contract.startSeconds(of: 11) == 660)
        #expect(contract.startSeconds(of: .max) == .max)
    }
}
