import ChunkStream
import Testing

@testable import Supervisor

/// The order of a worker's messages: which are taken in which phase.
@Suite struct PublicationDialogueTests {
    private static let request = PublishRequest(app: "news", streamKey: "secret", encoder: "test")
    private static let messages: [(name: String, message: WorkerMessage)] = [
        ("hello", .hello(version: Frame.version)), ("publish", .publish(request)), ("tracks", .tracks([])),
        ("chunk", .chunk(ClearChunk(track: 0, segment: 1, endsSegment: true, bytes: []))),
        ("marker", .marker(SpliceMarker(time: 1, section: [0xFC]))),
        ("statistics", .statistics(IngestStatistics())), ("event", .event(IngestEvent(level: .info, text: "e"))),
        ("end", .end(reason: "r")),
    ]

    private static func dialogue(_ phase: String) -> PublicationDialogue {
        var dialogue = PublicationDialogue()
        if phase == "greeting" { return dialogue }
        _ = dialogue.received(.hello(version: Frame.version))
        if phase == "asking" { return dialogue }
        _ = dialogue.received(.publish(request))
        if phase == "waiting" { return dialogue }
        if phase == "rejected" {
            dialogue.rejected()
            return dialogue
        }
        dialogue.accepted()
        if phase == "accepted" { return dialogue }
        _ = dialogue.received(.tracks([]))
        if phase == "running" { return dialogue }
        _ = dialogue.received(.end(reason: "over"))
        return dialogue
    }

    private func name(_ action: PublicationDialogue.Action) -> String {
        switch action {
        case .authorise: "authorise"
        case .setTracks: "setTracks"
        case .append: "append"
        case .mark: "mark"
        case .record: "record"
        case .log: "log"
        case .feed: "feed"
        case .end: "end"
        case .violation: "violation"
        case .none: "-"
        }
    }

    /// One row for each phase: what hello, publish, tracks, chunk, marker, statistics, event and end lead to.
    @Test(arguments: [
        ("greeting", "- violation violation violation violation violation violation violation"),
        ("asking", "violation authorise violation violation violation violation log end"),
        ("waiting", "violation violation violation violation violation violation log end"),
        ("accepted", "violation violation setTracks violation mark record log end"),
        ("running", "violation violation setTracks append mark record log end"),
        ("rejected", "violation violation violation violation violation violation - -"),
        ("over", "violation violation violation violation violation violation - -"),
    ]) func theTable(_ phase: String, _ expected: String) {
        let actions = Self.messages.map { message in
            var dialogue = Self.dialogue(phase)
            return name(dialogue.received(message.message))
        }
        #expect(actions.joined(separator: " ") == expected)
    }

    @Test func theHandshakeLastsUntilTheAnswer() {
        let phases = ["greeting", "asking", "waiting", "accepted", "running", "rejected", "over"]
        #expect(phases.map { Self.dialogue($0).isHandshaking } == [true, true, true, false, false, false, false])
    }

    @Test func nothingFollowsAViolation() {
        for phase in ["greeting", "asking", "accepted", "running"] {
            var dialogue = Self.dialogue(phase)
            _ = dialogue.received(phase == "greeting" ? .tracks([]) : .hello(version: Frame.version))
            for (name, message) in Self.messages where name != "end" && name != "event" {
                guard case .violation = dialogue.received(message) else {
                    Issue.record("\(name) was taken after a violation in \(phase)")
                    continue
                }
            }
        }
    }

    @Test(arguments: [0, Frame.version - 1, Frame.version + 1, .max] as [UInt16]) func anotherVersionIsNamed(
        _ version: UInt16
    ) {
        var dialogue = PublicationDialogue()
        #expect(
            dialogue.received(.hello(version: version))
                == .violation("sluice-ingest speaks version \(version) of the chunk stream, not \(Frame.version)"))
    }

    @Test func onlyWhoPlaysFilesAsksForThem() {
        let wanted = FileEnd(file: 1, reason: "", at: 5)
        for playsFiles in [false, true] {
            var dialogue = PublicationDialogue(playsFiles: playsFiles)
            _ = dialogue.received(.hello(version: Frame.version))
            _ = dialogue.received(.publish(Self.request))
            dialogue.accepted()
            let action = dialogue.received(.nextFile(wanted))
            #expect(playsFiles ? action == .feed(wanted) : name(action) == "violation")
        }
    }

    @Test func anAnswerOutOfPlaceChangesNothing() {
        var dialogue = PublicationDialogue()
        dialogue.accepted()
        #expect(dialogue.isHandshaking)
        #expect(name(dialogue.received(.tracks([]))) == "violation")
    }
}
