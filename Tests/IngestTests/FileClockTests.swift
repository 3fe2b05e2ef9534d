import Testing

@testable import Ingest

/// Files one behind the other; milliseconds here, nanoseconds there.
@Suite struct FileClockTests {
    private static func times(_ decode: Int64, _ presentation: Int64? = nil, _ duration: Int64 = 40) -> FileClock.Times
    {
        FileClock.Times(
            decode: decode * 1_000_000, presentation: (presentation ?? decode) * 1_000_000,
            duration: duration * 1_000_000)
    }

    private static func placed(_ decode: Int64, _ presentation: Int64? = nil, begins: Bool = false) -> FileClock.Verdict
    {
        .placed(
            decode: decode * 1_000_000, presentation: (presentation ?? decode) * 1_000_000, begins: begins)
    }

    private func picture(
        _ clock: inout FileClock, _ decode: Int64, _ presentation: Int64? = nil, isKey: Bool = false,
        duration: Int64 = 40
    ) -> FileClock.Verdict {
        clock.place(Self.times(decode, presentation, duration), leads: true, isKey: isKey)
    }

    private func sound(_ clock: inout FileClock, _ time: Int64) -> FileClock.Verdict {
        clock.place(Self.times(time, nil, 20), leads: false, isKey: true)
    }

    @Test func theNextFileBeginsWhereThePictureEnded() {
        var clock = FileClock(at: 1_000_000_000)
        // Decoded ahead, as B-frames have it.
        #expect(picture(&clock, 5000, 5080, isKey: true) == Self.placed(920, 1000, begins: true))
        #expect(picture(&clock, 5040, 5160) == Self.placed(960, 1080))
        #expect(picture(&clock, 5080, 5120) == Self.placed(1000, 1040))
        #expect(sound(&clock, 5200) == Self.placed(1120))
        #expect(clock.end == 1_120_000_000)
        clock.begin()
        #expect(picture(&clock, 0, isKey: true) == Self.placed(1120, begins: true))
        #expect(sound(&clock, 0) == Self.placed(1120))
    }

    @Test func whatCannotBeDecodedIsLeftOut() {
        var clock = FileClock(at: 0)
        #expect(picture(&clock, 0) == .dropped && sound(&clock, 0) == .early)
        #expect(picture(&clock, 80, 120, isKey: true) == Self.placed(-40, 0, begins: true))
        // Shown before the key frame, and made of what was before it.
        #expect(picture(&clock, 120, 100) == .dropped)
        // Of sound, one block from before the beginning: a decoder needs it.
        #expect(sound(&clock, 60) == .dropped && sound(&clock, 100) == Self.placed(-20))
    }

    @Test func aLeapIsAJoin() {
        var clock = FileClock(at: 0)
        #expect(picture(&clock, 0, isKey: true) == Self.placed(0, begins: true))
        #expect(picture(&clock, 40) == Self.placed(40))
        // The sound leaps first.
        #expect(sound(&clock, 3_600_000) == .dropped)
        #expect(picture(&clock, 3_600_000) == .dropped)
        #expect(picture(&clock, 3_600_040, isKey: true) == Self.placed(80, begins: true))
        #expect(sound(&clock, 3_600_060) == Self.placed(100))
        #expect(picture(&clock, 1000, isKey: true) == Self.placed(120, begins: true))
        // A hole is none.
        #expect(picture(&clock, 9000) == Self.placed(8120))
        #expect(sound(&clock, 13_000) == .dropped)
    }

    @Test func aFrameWithoutADurationIsAsLongAsTheOneBefore() {
        var clock = FileClock(at: 0)
        _ = picture(&clock, 0, isKey: true, duration: 0)
        #expect(clock.end == 40_000_000)
        _ = picture(&clock, 50, duration: 0)
        #expect(clock.end == 100_000_000)
        // No frame lasts for a minute.
        _ = picture(&clock, 100, duration: 60_000)
        #expect(clock.end == 150_000_000)
        clock.begin(at: 90_000_000)
        #expect(picture(&clock, 7, isKey: true) == Self.placed(90, begins: true))
    }
}
