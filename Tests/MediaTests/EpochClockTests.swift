import Media
import Testing

@Suite struct EpochClockTests {
    private static let wall: Int64 = 1_600_000_000_000

    @Test(arguments: [-3_600_000, -5000, 5000, 86_400_000] as [Int64])
    func aLeapOfTheWallIsFollowedSlowly(_ leap: Int64) {
        var clock = EpochClock(wall: Self.wall, steady: 1000)
        var last = Self.wall
        for elapsed in stride(from: Int64(7), to: 60_000, by: 7) {
            let wall = Self.wall + elapsed + (elapsed > 10_000 ? leap : 0)
            let time = clock.time(wall: wall, steady: 1000 + elapsed)
            #expect(time >= last && time - last <= 8)
            last = time
        }
        // 50 s of it, at one part in 2000.
        #expect(abs(last - Self.wall - 60_000 - (leap > 0 ? 25 : -25)) <= 8)
        #expect(abs(clock.error - leap) <= 26)
    }

    @Test func whatIsSmallIsCaughtUpWithToTheEnd() {
        var clock = EpochClock(wall: Self.wall, steady: 0)
        for elapsed in stride(from: Int64(0), to: 600_000, by: 1000) {
            _ = clock.time(wall: Self.wall + elapsed + 128, steady: elapsed)
        }
        #expect(clock.time(wall: Self.wall + 600_128, steady: 600_000) >= Self.wall + 600_108)
        #expect(clock.error <= 20)
    }

    /// As long as nothing was to be followed, nothing is saved up to be followed at once.
    @Test func timeThatWasRightSavesNothingUp() {
        var clock = EpochClock(wall: Self.wall, steady: 0)
        #expect(clock.time(wall: Self.wall + 86_400_000, steady: 86_400_000) == Self.wall + 86_400_000)
        #expect(clock.time(wall: Self.wall, steady: 86_401_000) == Self.wall + 86_401_000)
    }

    @Test func twoOfOneLeadAreInStep() {
        var first = EpochClock(wall: Self.wall, steady: 0)
        _ = first.time(wall: Self.wall - 1_000_000, steady: 4000)
        var second = EpochClock(lead: first.lead, steady: 4000)
        for steady in stride(from: Int64(5000), to: 100_000, by: 1000) {
            let wall = Self.wall - 1_000_000 + steady
            #expect(abs(first.time(wall: wall, steady: steady) - second.time(wall: wall, steady: steady)) <= 1)
        }
    }

    @Test func whatWasUsedIsNotUsedAgain() {
        var clock = EpochClock(wall: Self.wall, steady: 0)
        clock.goOn(from: Self.wall + 3_600_000, steady: 500)
        #expect(clock.time(wall: Self.wall + 500, steady: 500) == Self.wall + 3_600_000)
        clock.goOn(from: Self.wall, steady: 600)
        #expect(clock.time(wall: Self.wall + 600, steady: 600) == Self.wall + 3_600_100)
        clock.catchUp(wall: Self.wall + 7_200_000, steady: 700)
        #expect(clock.time(wall: Self.wall + 7_200_000, steady: 700) == Self.wall + 7_200_000)
    }
}
