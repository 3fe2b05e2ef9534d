import Foundation
import TestSupport
import Testing
import ViewerTokens

@testable import Access

@Suite struct RevocationTests {
    private let folder: TemporaryDirectory
    private let path: String
    private let desk = AccessDesk { _ in }

    init() throws {
        folder = try TemporaryDirectory()
        path = "\(folder.path)/revocations.list"
    }

    @Test func theyOutliveTheProcess() throws {
        let store = RevocationStore(path: path, desk: desk)
        try store.reload(now: 0)
        #expect(store.entries.isEmpty)
        try store.revoke(.init(kind: .session, id: "s1"), now: 0)
        try store.revoke(.init(kind: .subject, id: "é/u=1", until: 500), now: 0)
        try store.revoke(.init(kind: .session, id: "s1"), now: 0)
        let again = AccessDesk { _ in }
        let other = RevocationStore(path: path, desk: again)
        try other.reload(now: 499)
        #expect(other.entries == [.init(kind: .session, id: "s1"), .init(kind: .subject, id: "é/u=1", until: 500)])
        try other.reload(now: 500)
        #expect(other.entries == [.init(kind: .session, id: "s1")])
        #expect(try other.restore(.session, "s1", now: 0) && other.entries.isEmpty)
        #expect(try other.restore(.session, "s1", now: 0) == false)
        try other.reload(now: 0)
        #expect(other.entries == [.init(kind: .subject, id: "é/u=1", until: 500)])
    }

    @Test func handsMayEditTheFile() throws {
        let store = RevocationStore(path: path, desk: desk)
        try "# stolen\n\n  token t1 9  # until 9\nsession s1".write(toFile: path, atomically: true, encoding: .utf8)
        try store.revoke(.init(kind: .session, id: "s2"), now: 0)
        try store.reload(now: 0)
        #expect(store.entries.map(\.id) == ["s1", "s2", "t1"])
        for text in ["session", "session a b", "viewer a", "session a 1 2", "session a 99999999999999999999"] {
            try "session s9\n\(text)\n".write(toFile: path, atomically: true, encoding: .utf8)
            #expect(throws: RevocationStore.Failure.self, "\(text)") { try store.reload(now: 0) }
            #expect(store.entries.map(\.id) == ["s1", "s2", "t1"])
        }
    }

    /// Written by others' editors, torn by a full disk, and years old.
    @Test func linesThatAreNotAsWeWriteThem() throws {
        let store = RevocationStore(path: path, desk: desk)
        var text = "session a\r\ntoken \u{301}b\r\nsubject old 5\n"
        text += String(repeating: "session gone 5\n", count: RevocationList.maximumCount + 1)
        for torn in ["sess", "session", "token t 99999999999999999999"] {
            try (text + torn).write(toFile: path, atomically: true, encoding: .utf8)
            try store.reload(now: 5)
            #expect(store.entries == [.init(kind: .session, id: "a"), .init(kind: .token, id: "\u{301}b")], "\(torn)")
        }
    }

    /// A torn line may end a list, not stand in it: what is revoked after a restart must not make the file unreadable.
    @Test(arguments: ["", "sess", "session", "token t 99999999999999999999", "session b"])
    func whatIsRevokedBehindATornLine(_ torn: String) throws {
        try "session a\n\(torn)".write(toFile: path, atomically: true, encoding: .utf8)
        let store = RevocationStore(path: path, desk: desk)
        try store.reload(now: 0)
        try store.revoke(.init(kind: .session, id: "c"), now: 0)
        try store.revoke(.init(kind: .session, id: "d"), now: 0)
        let other = RevocationStore(path: path, desk: AccessDesk { _ in })
        try other.reload(now: 0)
        #expect(other.entries.map(\.id) == (torn == "session b" ? ["a", "b", "c", "d"] : ["a", "c", "d"]))
    }

    @Test func whatTheDiskDoesNotTakeIsInEffect() throws {
        let store = RevocationStore(path: "\(folder.path)/none/revocations.list", desk: desk)
        #expect(throws: RevocationStore.Failure.self) { try store.revoke(.init(kind: .session, id: "s1"), now: 0) }
        try store.reload(now: 0)
        #expect(store.entries.map(\.id) == ["s1"])
        try FileManager.default.createDirectory(atPath: "\(folder.path)/none", withIntermediateDirectories: true)
        try store.revoke(.init(kind: .session, id: "s2"), now: 0)
        let other = RevocationStore(
            path: "\(folder.path)/none/revocations.list", desk: AccessDesk { _ in })
        try other.reload(now: 0)
        #expect(other.entries.map(\.id) == ["s1", "s2"])
    }

    @Test func theListIsBounded() {
        var list = RevocationList()
        for number in 0..<RevocationList.maximumCount {
            guard list.add(.init(kind: .session, id: "\(number)", until: 10)) else { break }
        }
        #expect(list.count == RevocationList.maximumCount)
        let one = RevocationList.Entry(kind: .token, id: "t")
        #expect(!list.add(one) && list.add(.init(kind: .session, id: "7", until: 20)))
        list.prune(now: 10)
        #expect(list.entries == [.init(kind: .session, id: "7", until: 20)] && list.add(one))
    }

    @Test func theLongerOneHolds() {
        var list = RevocationList()
        #expect(list.add(.init(kind: .session, id: "s")) && list.add(.init(kind: .session, id: "s", until: 5)))
        list.prune(now: 100)
        #expect(list.count == 1)
    }

    @Test(arguments: [
        ("", false), ("a b", false), ("a\nb", false), ("a", true), ("\u{7f}", false), ("é", true), ("a#1", false),
    ])
    func names(_ id: String, _ isValid: Bool) {
        #expect(RevocationList.Entry(kind: .session, id: id).isValid == isValid)
        #expect(!RevocationList.Entry(kind: .session, id: String(repeating: "a", count: 129)).isValid)
    }
}
