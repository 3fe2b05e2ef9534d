import ChunkStream
import Settings
import TestSupport
import Testing

@testable import Supervisor

@Suite final class RedundancyTests {
    private let redundancy = Rig(RedundancySettings(failBackSeconds: 30, silenceMilliseconds: 800))

    /// The decisions, in a place where expectations may change them.
    private final class Rig {
        private var value: Redundancy
        init(_ settings: RedundancySettings) { value = Redundancy(settings, partMilliseconds: 1000) }
        var active: EncoderRole? { value.active }
        func join(_ role: EncoderRole, now: Int64) -> Bool { value.join(role, now: now) }
        func leave(_ role: EncoderRole, now: Int64) -> Redundancy.Switch? { value.leave(role, now: now) }
        func reported(
            _ role: EncoderRole, faults: UInt64 = 0, black: UInt64 = 0, soundless: UInt64 = 0, now: Int64
        ) {
            value.reported(role, .init(faults: faults, black: black, soundless: soundless), now: now)
        }
        func progressed(
            _ role: EncoderRole, now: Int64, idle: Int64?, ownIdle: Int64? = nil, isSeamless: Bool = true
        ) -> Redundancy.Switch? {
            value.progressed(role, now: now, idle: idle, ownIdle: ownIdle, isSeamless: isSeamless)
        }
        func looked(_ role: EncoderRole, now: Int64, idle: Int64?, ownIdle: Int64? = nil) -> Redundancy.Switch? {
            value.looked(role, now: now, idle: idle, ownIdle: ownIdle)
        }
        func nextLook(now: Int64, idle: Int64?) -> Int64? { value.nextLook(now: now, idle: idle) }
    }

    /// Both there, and a chunk of each.
    private func both(at now: Int64) {
        #expect(redundancy.join(.primary, now: now))
        #expect(!redundancy.join(.backup, now: now))
        #expect(redundancy.progressed(.primary, now: now, idle: nil) == nil)
        #expect(redundancy.progressed(.backup, now: now, idle: 10) == nil)
    }

    @Test func whoComesFirstIsOnAir() {
        #expect(redundancy.join(.backup, now: 0))
        #expect(!redundancy.join(.primary, now: 10))
        #expect(redundancy.active == .backup)
    }

    @Test func theOtherGoesOnWhenOneLeaves() {
        both(at: 0)
        #expect(redundancy.leave(.primary, now: 100) == .init(to: .backup, cause: .left))
        #expect(redundancy.leave(.backup, now: 200) == nil)
        #expect(redundancy.active == nil)
    }

    @Test func whoSentNothingYetCannotGoOn() {
        #expect(redundancy.join(.primary, now: 0))
        #expect(!redundancy.join(.backup, now: 0))
        #expect(redundancy.leave(.primary, now: 100) == nil)
        // But as soon as it sends.
        #expect(redundancy.progressed(.backup, now: 200, idle: nil) == .init(to: .backup, cause: .left))
    }

    @Test func chunksThatDoNotComeAreSilenceToo() {
        both(at: 0)
        for now in [1000, 2000, 3000] as [Int64] {
            #expect(redundancy.progressed(.backup, now: now, idle: 700) == nil)
        }
        #expect(
            redundancy.progressed(.backup, now: 4000, idle: 700)
                == .init(to: .backup, cause: .silent(milliseconds: 4000)))
    }

    @Test func aConnectionThatIsIdleIsGivenUp() {
        both(at: 0)
        for now in stride(from: Int64(100), to: 6000, by: 100) {
            #expect(redundancy.progressed(.primary, now: now, idle: nil) == nil)
            #expect(redundancy.progressed(.backup, now: now, idle: 100) == nil)
        }
        #expect(
            redundancy.progressed(.backup, now: 6000, idle: 801)
                == .init(to: .backup, cause: .silent(milliseconds: 801)))
        // Not back at once, whatever it does.
        #expect(redundancy.progressed(.primary, now: 6100, idle: 900) == nil)
    }

    @Test func thePrimaryComesBackWhenItHasBeenWellForAWhile() {
        both(at: 0)
        #expect(redundancy.leave(.primary, now: 1000)?.to == .backup)
        #expect(!redundancy.join(.primary, now: 10_000))
        for now in stride(from: Int64(10_000), to: 40_000, by: 500) {
            #expect(redundancy.progressed(.backup, now: now, idle: nil) == nil)
            #expect(redundancy.progressed(.primary, now: now, idle: 20) == nil)
        }
        #expect(
            redundancy.progressed(.primary, now: 40_000, idle: 20)
                == .init(to: .primary, cause: .failBack(healthySeconds: 30)))
    }

    @Test func faultsCountAgainstThePrimaryBeforeItComesBack() {
        both(at: 0)
        #expect(redundancy.leave(.primary, now: 1000)?.to == .backup)
        #expect(!redundancy.join(.primary, now: 10_000))
        for now in stride(from: Int64(10_000), to: 60_000, by: 1000) {
            #expect(redundancy.progressed(.backup, now: now, idle: nil) == nil)
            if now < 30_000 { redundancy.reported(.primary, faults: 5, now: now) }
            #expect((redundancy.progressed(.primary, now: now, idle: 20) != nil) == (now == 59_000))
        }
    }

    @Test func manyFaultsOnAirMakeTheOtherTakeOver() {
        both(at: 0)
        for now in stride(from: Int64(1000), to: 12_000, by: 1000) {
            #expect(redundancy.progressed(.primary, now: now, idle: nil) == nil)
            redundancy.reported(.primary, faults: 6, now: now)
            redundancy.reported(.backup, faults: 0, now: now)
            let change = redundancy.progressed(.backup, now: now, idle: 20)
            if let change {
                #expect(change == .init(to: .backup, cause: .worse(faults: 36, others: 0)))
                #expect(now == 6000)
                return
            }
        }
        Issue.record("never")
    }

    /// Between two chunks of its own it sees that nothing comes from the other.
    @Test func aReportIsTimeToLookToo() {
        #expect(redundancy.join(.primary, now: 0))
        #expect(!redundancy.join(.backup, now: 0))
        #expect(redundancy.looked(.backup, now: 100, idle: 5000) == nil, "it has nothing yet")
        #expect(redundancy.progressed(.primary, now: 200, idle: nil) == nil)
        #expect(redundancy.progressed(.backup, now: 200, idle: 10) == nil)
        #expect(redundancy.looked(.primary, now: 300, idle: nil) == nil)
        #expect(redundancy.looked(.backup, now: 900, idle: 700) == nil)
        #expect(
            redundancy.looked(.backup, now: 1150, idle: 950) == .init(to: .backup, cause: .silent(milliseconds: 950)))
    }

    /// Right after a change too, unlike what can wait.
    @Test func anEncoderThatHangsRightAfterItCameBackIsGivenUpInTime() {
        both(at: 0)
        #expect(redundancy.leave(.primary, now: 1000)?.to == .backup)
        #expect(redundancy.progressed(.backup, now: 10_000, idle: nil) == nil)
        #expect(!redundancy.join(.primary, now: 10_000))
        for now in stride(from: Int64(10_000), to: 40_000, by: 250) {
            #expect(redundancy.progressed(.primary, now: now, idle: 20) == nil)
            #expect(redundancy.progressed(.backup, now: now, idle: nil) == nil)
        }
        #expect(redundancy.progressed(.primary, now: 40_000, idle: 20)?.to == .primary)
        #expect(redundancy.progressed(.backup, now: 40_010, idle: 0) == nil)
        #expect(redundancy.looked(.backup, now: 40_700, idle: 690, ownIdle: 10) == nil)
        #expect(redundancy.nextLook(now: 40_700, idle: 690) == 40_810)
        #expect(
            redundancy.looked(.backup, now: 40_810, idle: 800, ownIdle: 10)
                == .init(to: .backup, cause: .silent(milliseconds: 800)))
    }

    @Test func whereNeitherIsHeardNothingChanges() {
        both(at: 0)
        for now in stride(from: Int64(20), to: 1900, by: 20) {
            #expect(redundancy.looked(.backup, now: now, idle: now, ownIdle: now - 10) == nil)
            #expect((redundancy.nextLook(now: now, idle: now) ?? 0) - now >= 20)
        }
        // Heard again, as the other one may be in a moment.
        for now in stride(from: Int64(1900), to: 2100, by: 20) {
            #expect(redundancy.looked(.backup, now: now, idle: now, ownIdle: (now - 1900) % 40) == nil)
        }
        #expect(redundancy.looked(.backup, now: 2100, idle: 2100, ownIdle: 0)?.to == .backup)
    }

    /// A machine that stood still, or a network that both share, lets one of them through a moment before the other.
    @Test func afterAPauseOfBothNeitherIsGivenUp() {
        both(at: 0)
        #expect(redundancy.looked(.backup, now: 990, idle: 10, ownIdle: 10) == nil)
        #expect(redundancy.looked(.backup, now: 2000, idle: 1020, ownIdle: 0) == nil)
        #expect(redundancy.looked(.backup, now: 2020, idle: 1040, ownIdle: 5) == nil)
        #expect(redundancy.progressed(.primary, now: 2040, idle: nil) == nil)
        #expect(redundancy.looked(.backup, now: 2040, idle: 0, ownIdle: 5) == nil)
        #expect(redundancy.nextLook(now: 2040, idle: 0) == 2200, "it may have been given a moment for its chunks")
        #expect(redundancy.nextLook(now: 2220, idle: 0) == 3020)
        #expect(redundancy.looked(.backup, now: 2440, idle: 400, ownIdle: 5) == nil)
        #expect(redundancy.looked(.backup, now: 2840, idle: 800, ownIdle: 5)?.to == .backup)
    }

    /// An encoder as its packets come, and all that the daemon looks at in time.
    private struct Arrivals {
        var random: SplitMix
        /// Milliseconds between two bursts, and what the network adds to some of them.
        let burst: Int64
        let jitter: Int64
        /// One burst in so many is lost and comes again, after this; 0: none.
        let lossOneIn: Int64
        var retransmission: Int64 = 0

        /// When something came, up to a time, in order.
        mutating func times(until end: Int64) -> [Int64] {
            var times: [Int64] = []
            var last: Int64 = 0
            for sent in stride(from: Int64(0), to: end, by: Int(burst)) {
                let isLost = lossOneIn > 0 && Int64.random(in: 0..<lossOneIn, using: &random) == 0
                // What comes after what was lost waits for it.
                last = max(last, sent + Int64.random(in: 0...jitter, using: &random) + (isLost ? retransmission : 0))
                times.append(last)
            }
            return times
        }
    }

    /// Runs both encoders' packets past the decisions, with a report of the waiting one four times a second.
    /// - Parameter hang: when nothing more comes of the primary.
    /// - Returns: the changes and their times.
    private func changes(
        primary: [Int64], backup: [Int64], hang: Int64 = .max, until end: Int64
    ) -> [(at: Int64, change: Redundancy.Switch)] {
        let redundancy = Rig(RedundancySettings(failBack: .manual))
        _ = (redundancy.join(.primary, now: 0), redundancy.join(.backup, now: 0))
        var last: [EncoderRole: Int64] = [.primary: 0, .backup: 0]
        var places: [EncoderRole: Int] = [.primary: 0, .backup: 0]
        var nextLook: Int64?
        var changes: [(at: Int64, change: Redundancy.Switch)] = []
        for now in 0..<end {
            for (role, times) in [(EncoderRole.primary, primary), (.backup, backup)] {
                while let place = places[role], place < times.count, times[place] <= now {
                    if role == .backup || times[place] < hang { last[role] = times[place] }
                    places[role] = place + 1
                }
            }
            let isReport = now % 250 == 0
            guard isReport || nextLook == now, let active = redundancy.active else { continue }
            let (idle, ownIdle) = (now - last[active, default: 0], now - last[active.other, default: 0])
            let change =
                isReport
                ? redundancy.progressed(active, now: now, idle: nil)
                    ?? redundancy.progressed(active.other, now: now, idle: idle, ownIdle: ownIdle)
                : redundancy.looked(active.other, now: now, idle: idle, ownIdle: ownIdle)
            if let change { changes.append((now, change)) }
            nextLook = redundancy.nextLook(now: now, idle: change == nil ? idle : 0)
        }
        return changes
    }

    /// Frame by frame with jitter; frame by frame where every hundredth packet is lost; bursts of a quarter second over a
    /// bad network.
    private static let networks: [(burst: Int64, jitter: Int64, lossOneIn: Int64, retransmission: Int64)] = [
        (33, 150, 0, 0), (33, 40, 100, 400), (250, 80, 20, 250), (250, 330, 0, 0), (500, 60, 0, 0),
    ]

    @Test(arguments: 0..<5) func burstsAndJitterAreNoSilence(_ kind: Int) {
        let network = Self.networks[kind]
        for seed in UInt64(0)..<2 {
            var arrivals = (0..<2).map {
                Arrivals(
                    random: SplitMix(seed: seed * 2 + UInt64($0)), burst: network.burst, jitter: network.jitter,
                    lossOneIn: network.lossOneIn, retransmission: network.retransmission)
            }
            let (primary, backup) = (arrivals[0].times(until: 120_000), arrivals[1].times(until: 120_000))
            #expect(changes(primary: primary, backup: backup, until: 119_000).isEmpty)
            for _ in 0..<10 {
                // Wherever it hangs, the other one is on air within two thirds of a second, or when it is next heard.
                let hang = Int64.random(in: 5000..<9000, using: &arrivals[0].random)
                let found = changes(primary: primary, backup: backup, hang: hang, until: 12_000)
                #expect(found.map(\.change.to) == [.backup])
                let limit = hang + 640 + max(network.burst + network.jitter + network.retransmission - 300, 0)
                #expect(found.allSatisfy { (hang...limit).contains($0.at) }, "\(found) \(hang)")
            }
        }
    }

    /// One that sends a second at a time is misjudged once, and is given more time then.
    @Test func whoSendsInLongBurstsIsGivenUpOnce() {
        let bursts = Array(stride(from: Int64(0), to: 120_000, by: 1000))
        let frames = Array(stride(from: Int64(0), to: 120_000, by: 33))
        #expect(changes(primary: bursts, backup: frames, until: 119_000).map(\.change.to) == [.backup])
        let both = changes(primary: bursts, backup: bursts.map { $0 + 500 }, until: 119_000)
        #expect(both.count <= 2, "\(both)")
    }

    @Test(arguments: [true, false]) func aBlackPictureOrNoSoundIsLeftForOneThatIsWell(_ isPicture: Bool) {
        let redundancy = Rig(RedundancySettings(failBackSeconds: 10, videoBlackSeconds: 3, audioSilenceSeconds: 3))
        #expect(redundancy.join(.primary, now: 0) && !redundancy.join(.backup, now: 0))
        func report(_ role: EncoderRole, _ milliseconds: UInt64, now: Int64) -> Redundancy.Switch? {
            redundancy.reported(
                role, black: isPicture ? milliseconds : 0, soundless: isPicture ? 0 : milliseconds, now: now)
            return redundancy.progressed(role, now: now, idle: 10)
        }
        // Both: it is the programme.
        #expect(report(.backup, 4000, now: 0) == nil && report(.primary, 4000, now: 1000) == nil)
        #expect(report(.backup, 4800, now: 1800) == nil)
        // Not long enough.
        #expect(report(.primary, 2900, now: 2000) == nil && report(.backup, 0, now: 2800) == nil)
        // Long enough, but not without losing frames.
        #expect(report(.primary, 3900, now: 3000) == nil)
        #expect(redundancy.progressed(.backup, now: 3100, idle: 10, isSeamless: false) == nil)
        let cause: Redundancy.Cause = isPicture ? .black(milliseconds: 3900) : .soundless(milliseconds: 3900)
        #expect(report(.backup, 0, now: 3800) == .init(to: .backup, cause: cause))
        // Back when it has been well for long enough.
        for now in stride(from: Int64(4000), to: 30_000, by: 1000) {
            #expect(report(.backup, 0, now: now) == nil)
            let isBack = report(.primary, now < 15_000 ? UInt64(now) : 0, now: now) != nil
            #expect(isBack == (now == 24_000))
            if isBack { return }
        }
    }

    @Test func thresholdsThatAreNotSetAreNotKept() {
        both(at: 0)
        redundancy.reported(.primary, black: 1_000_000, soundless: 1_000_000, now: 1000)
        #expect(redundancy.progressed(.backup, now: 1000, idle: 10) == nil)
    }

    /// Nobody knows how the picture is of one that is not decoded.
    @Test func aColdOneIsNotCompared() {
        let redundancy = Rig(RedundancySettings(standby: .cold, videoBlackSeconds: 1))
        #expect(redundancy.join(.primary, now: 0) && !redundancy.join(.backup, now: 0))
        for now in stride(from: Int64(0), to: 10_000, by: 1000) {
            redundancy.reported(.primary, faults: 100, black: 9000, now: now)
            #expect(redundancy.progressed(.primary, now: now, idle: nil) == nil)
            #expect(redundancy.progressed(.backup, now: now, idle: 10) == nil)
        }
        #expect(redundancy.leave(.primary, now: 10_000) == .init(to: .backup, cause: .left))
    }

    @Test func theBufferHoldsWholeSegments() {
        var buffer = StandbyBuffer(
            tracks: ["high", "stereo"].map {
                TrackDescription(name: $0, reorderDelay: 0, frameRate: nil, header: [])
            }, maximumBytes: 96 << 20)
        func add(_ track: UInt8, _ segment: UInt64, ends: Bool, size: Int = 10) {
            buffer.append(
                ClearChunk(track: track, segment: segment, endsSegment: ends, bytes: Array(repeating: 1, count: size)))
        }
        // Nothing, and what is of no track.
        add(0, 4, ends: false, size: 0)
        add(2, 4, ends: false)
        #expect(buffer.chunks.isEmpty && buffer.firstWhole == nil)
        // It came in the middle of 5; its sound, in 6.
        add(0, 5, ends: true)
        add(1, 6, ends: false)
        #expect(buffer.firstWhole == 7)
        for segment in UInt64(6)...12 {
            add(0, segment, ends: true)
            add(1, segment, ends: true)
        }
        #expect(buffer.chunks.map(\.segment).min() == 10)
        #expect(buffer.firstWhole == 10)
        // The bound in bytes goes before.
        for _ in 0..<4 { add(0, 13, ends: false, size: 40 << 20) }
        #expect(buffer.chunks.reduce(0) { $0 + $1.bytes.count } <= 96 << 20)
        #expect(buffer.firstWhole ?? 0 >= 13)
    }
}
