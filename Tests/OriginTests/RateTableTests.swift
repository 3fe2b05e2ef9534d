import Settings
import Testing

@testable import Origin

/// Token buckets by address: exact, and in a number of bytes that does not grow.
@Suite struct RateTableTests {
    private static let second: Int64 = 1_000_000_000
    private static let start: Int64 = 1_600_000_000 * second

    private static func table(_ perSecond: UInt32, _ burst: UInt32, places: Int = 8) -> RateTable {
        RateTable(AddressRate(perSecond: perSecond, burst: burst), maximumBytes: places * RateTable.placeBytes)
    }

    /// How many of so many at once are let in.
    private static func taken(_ table: inout RateTable, _ key: UInt64, _ count: Int, at now: Int64) -> Int {
        var taken = 0
        for _ in 0..<count where table.take(key, hash: 0, at: now) == nil { taken += 1 }
        return taken
    }

    @Test func afterARestAsManyAsTheBurstThenTheRate() {
        var table = Self.table(10, 25)
        #expect(Self.taken(&table, 1, 100, at: Self.start) == 25)
        // A tenth of a second for each, and none is lost for asking too early.
        #expect(table.take(1, hash: 0, at: Self.start) == Self.second / 10)
        #expect(table.take(1, hash: 0, at: Self.start + Self.second / 10 - 1) == 1)
        #expect(table.take(1, hash: 0, at: Self.start + Self.second / 10) == nil)
        #expect(Self.taken(&table, 1, 100, at: Self.start + Self.second) == 9)
        // Never more than the burst, however long the rest.
        #expect(Self.taken(&table, 1, 100, at: Self.start + 3600 * Self.second) == 25)
    }

    @Test func inAMinuteNobodyHasMoreThanTheRateAndABurst() {
        var table = Self.table(7, 3)
        var taken = 0
        for millisecond in 0..<60_000 {
            taken += Self.taken(&table, 1, 1, at: Self.start + Int64(millisecond) * 1_000_000)
        }
        #expect((7 * 60...7 * 60 + 3).contains(taken))
    }

    @Test func eachHasABucketOfItsOwn() {
        var table = Self.table(1, 2)
        for key in 1...8 as ClosedRange<UInt64> { #expect(Self.taken(&table, key, 5, at: Self.start) == 2) }
        #expect(table.forgotten == 0)
    }

    /// Eight places, and many strangers: whoever is over the rate is still known.
    @Test func whoHasMostLeftIsForgottenFirst() {
        var table = Self.table(1, 10)
        #expect(Self.taken(&table, 1, 100, at: Self.start) == 10)
        for key in 2...10_000 as ClosedRange<UInt64> { #expect(table.take(key, hash: 0, at: Self.start) == nil) }
        #expect(Self.taken(&table, 1, 100, at: Self.start) == 0)
        #expect(table.forgotten == 10_000 - 8)
    }

    @Test func fullBucketsNeedNoPlace() {
        var table = Self.table(1, 1)
        for key in 1...1000 as ClosedRange<UInt64> {
            #expect(table.take(key, hash: 0, at: Self.start + Int64(key) * Self.second) == nil)
        }
        #expect(table.forgotten == 0)
    }

    /// Who was let in a minute ahead of a clock that went back waits as if it had just used all.
    @Test func aClockThatGoesBackLocksNobodyOut() {
        var table = Self.table(10, 5)
        #expect(Self.taken(&table, 1, 9, at: Self.start + 60 * Self.second) == 5)
        #expect(table.take(1, hash: 0, at: Self.start) == Self.second / 10)
    }

    @Test func shardsAgreeWithOneTable() {
        let limiter = RateLimiter(AddressRate(perSecond: 2, burst: 3))
        for key in 0..<500 as Range<UInt64> {
            #expect((0..<5).map { _ in limiter.take(key << 33, now: 1_600_000_000_000) } == [nil, nil, nil, 1, 1])
        }
        #expect(limiter.take(0, now: 1_600_000_000_500) == nil)
    }

    /// 16 bytes an address: as many as are said to fit in a megabyte are not forgotten for each other, but for few that
    /// share places.
    @Test func aMegabyteHoldsTensOfThousands() {
        var table = RateTable(AddressRate(perSecond: 1, burst: 2), maximumBytes: RateLimiter.maximumBytes)
        #expect(RateTable.placeBytes == 16)
        for key in 1...30_000 as ClosedRange<UInt64> {
            #expect(table.take(key, hash: UInt(key.hashValue.magnitude), at: Self.start) == nil)
        }
        #expect(table.forgotten < 3000)
    }
}
