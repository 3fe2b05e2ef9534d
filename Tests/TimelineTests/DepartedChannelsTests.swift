import Dispatch
import Files
import Foundation
import Media
import Synchronization
import TestSupport
import Testing
import Timeline

/// What channels without a profile leave on the disk.
@Suite final class DepartedChannelsTests: Sendable {
    private let directory: TemporaryDirectory
    private let budget = StorageBudget(maximumBytes: 10_000)
    private let events = Mutex<[DepartedChannels.Event]>([])
    /// When the files were written, in seconds from the epoch.
    static let written: Int64 = 1_700_000_000

    init() throws {
        directory = try TemporaryDirectory()
        for channel in ["gone", "here"] {
            try PlainFile.makeDirectory("\(directory.path)/\(channel)/720p")
            try directory.write("{}", to: "\(channel)/window.jsonl")
            try directory.write("{}", to: "\(channel)/bindings-0.json")
            for name in ["1.m4s", "2.sealed"] {
                try directory.write(String(repeating: "x", count: 1000), to: "\(channel)/720p/\(name)")
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSince1970: TimeInterval(Self.written))],
                    ofItemAtPath: "\(directory.path)/\(channel)/720p/\(name)")
            }
        }
        // Nothing of ours.
        try PlainFile.makeDirectory("\(directory.path)/photos/2023")
        try directory.write("x", to: "photos/2023/1.m4s")
    }

    private func departed() -> DepartedChannels {
        DepartedChannels(directory: directory.path, budget: budget) { [self] event in
            events.withLock { $0.append(event) }
        }
    }

    @Test func itIsCountedAndKeptForADay() throws {
        let departed = departed()
        for now in [Self.written, Self.written + 86_399] {
            departed.update(present: ["here"], now: now)
            #expect(budget.usedBytes == 2000)
            #expect(events.withLock { $0 } == [.found(channel: "gone", bytes: 2000)])
        }
        departed.update(present: ["here"], now: Self.written + 86_400)
        departed.finish()
        #expect(budget.usedBytes == 0)
        #expect(events.withLock { $0 }.last == .removed(channel: "gone", bytes: 2000))
        #expect(try directory.names(in: "gone") == ["720p", "bindings-0.json", "window.jsonl"])
        #expect(try directory.names(in: "gone/720p").isEmpty)
        #expect(try directory.names(in: "here/720p").count == 2)
        #expect(try directory.names(in: "photos/2023") == ["1.m4s"])
    }

    @Test func itGivesWayToWhoIsOnAir() throws {
        let departed = departed()
        departed.update(present: ["here"], now: Self.written)
        let live = budget.open()
        live.add(8001)
        live.settle()
        #expect(budget.usedBytes == 8001)
        departed.finish()
        #expect(try directory.names(in: "gone/720p").isEmpty)
        #expect(events.withLock { $0 }.last == .removed(channel: "gone", bytes: 2000))
    }

    @Test func whoComesBackFindsItsWindow() throws {
        let departed = departed()
        departed.update(present: ["here"], now: Self.written)
        departed.admit(["here", "gone"])
        #expect(budget.usedBytes == 0, "its own window counts it now")
        let live = budget.open()
        live.add(20_000)
        live.settle()
        #expect(try directory.names(in: "gone/720p").count == 2)
        departed.update(present: ["here"], now: Self.written)
        departed.finish()
        #expect(try directory.names(in: "gone/720p").isEmpty, "over the cap it goes at once")
    }

    /// Those who need room at the same time come for it once, and who comes back while it goes keeps what is left for good.
    @Test func manyWantItsRoomAndItComesBack() throws {
        let departed = departed()
        departed.update(present: ["here"], now: Self.written)
        let live = budget.open()
        live.add(20_000)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in live.settle() }
        departed.admit(["gone"])
        // Of the one that is on air now nothing is removed.
        for name in ["3.m4s", "4.m4s"] { try directory.write("new", to: "gone/720p/\(name)") }
        live.settle()
        departed.finish()
        #expect(try Set(directory.names(in: "gone/720p")).isSuperset(of: ["3.m4s", "4.m4s"]))
        #expect(events.withLock { $0.filter { if case .removed = $0 { true } else { false } }.count } <= 1)
    }

    @Test func anEmptyOrMissingFolderIsFine() {
        DepartedChannels(directory: directory.path + "/none", budget: budget) { _ in }
            .update(present: [], now: 0)
        #expect(budget.usedBytes == 0)
    }
}
