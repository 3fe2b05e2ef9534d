import Testing

@testable import Supervisor

/// What is played next, of a folder that changes.
@Suite struct FilePlanTests {
    private static func entry(_ name: String, inode: UInt64 = 1, size: Int64 = 100, age: Int64 = 60_000)
        -> FilePlan.Entry
    {
        FilePlan.Entry(name: name, identity: .init(inode: inode, size: size, changedAt: 7), age: age)
    }

    private static func plan(loops: Bool = false) -> FilePlan {
        FilePlan(.init(loops: loops, settledMilliseconds: 3000))
    }

    /// Plays what comes next to its end.
    private func playOne(_ plan: inout FilePlan, now: Int64 = 0) -> String? {
        guard let choice = plan.next(beginsAt: 0, now: now) else { return nil }
        #expect(plan.ended(choice.id, because: nil) == .played(choice.name))
        return choice.name
    }

    @Test func namesAreInTheOrderOfTheirBytesAndEachOnce() {
        var plan = Self.plan()
        plan.looked(["b", "a10", "Z", "a2"].map { Self.entry($0) }, arrived: [], now: 0)
        #expect((0..<5).map { _ in playOne(&plan) } == ["Z", "a10", "a2", "b", nil])
        #expect(!plan.hasNext && plan.playing == nil)
    }

    @Test func whatIsBeingWrittenIsWaitedFor() {
        var plan = Self.plan()
        plan.looked([Self.entry("a"), Self.entry("b", age: 1000)], arrived: [], now: 10_000)
        #expect(plan.deadline == 12_000)
        #expect(playOne(&plan) == "a" && playOne(&plan) == nil)
        plan.looked([Self.entry("a"), Self.entry("b", size: 200, age: 0)], arrived: [], now: 12_000)
        #expect(plan.deadline == 15_000 && !plan.hasNext)
        plan.looked([Self.entry("a"), Self.entry("b", size: 200)], arrived: [], now: 15_000)
        #expect(plan.deadline == nil)
        #expect(playOne(&plan) == "b")
    }

    /// A copy may bring an old time along: only at the start is it believed.
    @Test func whatComesLaterIsWholeWhenItWasRenamedInOrHasSettled() {
        var plan = Self.plan()
        plan.looked([], arrived: [], now: 0)
        plan.looked([Self.entry("copied"), Self.entry("renamed")], arrived: ["renamed"], now: 1000)
        #expect(playOne(&plan) == "renamed" && playOne(&plan) == nil)
        plan.looked([Self.entry("copied"), Self.entry("renamed")], arrived: [], now: 4000)
        #expect(playOne(&plan) == "copied")
    }

    @Test func anotherFileUnderAPlayedNameIsPlayed() {
        var plan = Self.plan()
        plan.looked([Self.entry("a")], arrived: [], now: 0)
        #expect(playOne(&plan) == "a")
        plan.looked([Self.entry("a", inode: 2)], arrived: ["a"], now: 10)
        #expect(playOne(&plan) == "a" && playOne(&plan) == nil)
    }

    @Test func aLoopGoesOnBehindTheLastName() {
        var plan = Self.plan(loops: true)
        plan.looked(["b", "d"].map { Self.entry($0) }, arrived: [], now: 0)
        #expect(playOne(&plan) == "b")
        plan.looked(["a", "b", "c", "d"].map { Self.entry($0) }, arrived: ["a", "c"], now: 10)
        #expect((0..<6).map { _ in playOne(&plan) } == ["c", "d", "a", "b", "c", "d"])
        plan.looked([Self.entry("b")], arrived: [], now: 20)
        #expect(playOne(&plan) == "b")
        // Said once, not with each round.
        #expect(plan.next(beginsAt: 0, now: 0)?.isNew == false)
    }

    @Test func whatCannotBePlayedIsLeftOutUntilItChanges() {
        var plan = Self.plan(loops: true)
        plan.looked(["a", "junk"].map { Self.entry($0) }, arrived: [], now: 0)
        #expect(playOne(&plan) == "a")
        let junk = plan.next(beginsAt: 0, now: 0)
        #expect(junk?.name == "junk")
        #expect(plan.ended(junk?.id ?? 0, because: "no media file") == .refused("junk", "no media file"))
        #expect((0..<3).map { _ in playOne(&plan) } == ["a", "a", "a"])
        plan.looked([Self.entry("a"), Self.entry("junk", size: 1)], arrived: ["junk"], now: 10)
        #expect(playOne(&plan) == "junk")
        #expect(plan.ended(99, because: nil) == nil)
    }

    @Test func aWorkerThatDiesGoesOnWhereItWas() {
        var plan = Self.plan()
        plan.looked(["a", "b"].map { Self.entry($0) }, arrived: [], now: 0)
        #expect(playOne(&plan) == "a")
        _ = plan.next(beginsAt: 60_000, now: 60_000)
        #expect(plan.playing == "b")
        #expect(plan.interrupted(media: 100_000, now: 100_000) == .interrupted("b", atMilliseconds: 40_000))
        let again = plan.next(beginsAt: 0, now: 100_500)
        #expect(again?.name == "b" && again?.startMilliseconds == 40_000)
        // Of the new publication, whose media begins anew.
        #expect(plan.interrupted(media: 30_000, now: 130_500) == .interrupted("b", atMilliseconds: 70_000))
        #expect(plan.interrupted(media: 30_000, now: 130_500) == nil)
        // Another file under its name begins at its beginning.
        plan.looked([Self.entry("a"), Self.entry("b", inode: 2)], arrived: ["b"], now: 131_000)
        #expect(plan.next(beginsAt: 0, now: 131_000)?.startMilliseconds == 0)
    }

    @Test func aFileThatWorkersDieOfIsLeftOut() {
        var plan = Self.plan()
        plan.looked(["bad", "good"].map { Self.entry($0) }, arrived: [], now: 0)
        #expect(plan.next(beginsAt: 0, now: 0)?.name == "bad")
        #expect(plan.interrupted(media: 500, now: 1000) == .interrupted("bad", atMilliseconds: 500))
        #expect(plan.next(beginsAt: 0, now: 2000)?.name == "bad")
        #expect(plan.interrupted(media: 0, now: 3000) == .refused("bad", "workers end while they play it"))
        #expect(playOne(&plan) == "good" && playOne(&plan) == nil)
    }

    @Test func aFileIsNotToBlameForReloads() {
        var plan = Self.plan()
        plan.looked(["a"].map { Self.entry($0) }, arrived: [], now: 0)
        for reload in UInt64(1)...5 {
            #expect(plan.next(beginsAt: 0, now: Int64(reload) * 100)?.startMilliseconds == (reload - 1) * 50)
            let outcome = plan.interrupted(media: 50, now: Int64(reload) * 100 + 50, isOurDoing: true)
            #expect(outcome == .interrupted("a", atMilliseconds: reload * 50))
        }
        #expect(plan.next(beginsAt: 0, now: 1000)?.startMilliseconds == 250)
    }
}
