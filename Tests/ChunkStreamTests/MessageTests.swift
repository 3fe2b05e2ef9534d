import ChunkStream
import Media
import Testing

@Suite struct MessageTests {
    static let messages: [WorkerMessage] = [
        .hello(version: 1),
        .publish(PublishRequest(app: "news", streamKey: "geheim", encoder: "FMLE/3.0")),
        .tracks([
            TrackDescription(name: "720p", reorderDelay: 6000, frameRate: FrameRate(30000, 1001), header: [1, 2, 3]),
            TrackDescription(name: "stereo", reorderDelay: 0, frameRate: nil, header: []),
        ]),
        .chunk(ClearChunk(track: 3, segment: 293_947_281, endsSegment: true, bytes: [9, 8, 7])),
        .marker(SpliceMarker(time: 144_000_000_000_000, section: [0xFC, 0x30, 0x11])),
        .event(IngestEvent(level: .warning, text: "Zeitsprung: −3 s")),
        .statistics(statistics),
        .nextFile(FileEnd(file: 7, reason: "ist zu Ende", at: 180_000)),
        .end(reason: "the encoder closed the connection"),
    ]

    private static let statistics: IngestStatistics = {
        var statistics = IngestStatistics()
        statistics.bytesReceived = 1
        statistics.busyMilliseconds = 2
        statistics.blackMilliseconds = 3
        statistics.silentMilliseconds = 4
        statistics.heldSegment = .max
        return statistics
    }()

    @Test(arguments: messages) func roundTrip(_ message: WorkerMessage) throws {
        var reader = FrameReader()
        let bytes = message.serialize()
        var seen: [WorkerMessage] = []
        for byte in bytes {
            withUnsafeBytes(of: byte) { reader.append($0) }
            if let frame = try reader.next() { seen.append(try WorkerMessage(type: frame.type, body: frame.body)) }
        }
        #expect(seen == [message])
    }

    /// What an encoder says of itself may be long in bytes where it is short in letters.
    @Test(arguments: ["e\u{301}\u{323}", "\u{1F600}", "\u{20AC}", "ab"]) func longTextsAreCutBetweenScalars(
        _ letter: String
    ) throws {
        let text = String(repeating: letter, count: 700)
        let messages: [WorkerMessage] = [
            .publish(PublishRequest(app: text, streamKey: text, encoder: text)),
            .event(IngestEvent(level: .error, text: text)), .end(reason: text),
        ]
        for message in messages {
            var reader = FrameReader()
            message.serialize().withUnsafeBytes { reader.append($0) }
            let frame = try #require(try reader.next())
            let cut =
                switch try WorkerMessage(type: frame.type, body: frame.body) {
                case .publish(let request): request.encoder
                case .event(let event): event.text
                case .end(let reason): reason
                default: ""
                }
            #expect(text.unicodeScalars.starts(with: cut.unicodeScalars))
            #expect((WorkerLimits.textBytes - 3...WorkerLimits.textBytes).contains(cut.utf8.count))
        }
    }

    @Test func daemonMessagesRoundTrip() throws {
        let ladder = Ladder(
            video: [VideoRung(name: "source", codec: .copy)], audio: [AudioRung(name: "a", codec: .copy)],
            segmentDurationSeconds: 6, partDurationMilliseconds: 1000)
        let messages = [
            DaemonMessage.accept(ladder, firstSegment: 77), .reject(reason: "unknown channel"),
            .stop(reason: "taken over"), .begin(firstSegment: .max), .wait,
            .accept(ladder, firstSegment: 0, clockLead: -5, waits: true),
            .splice(SpliceMarker(time: 144_000_000_000_000, section: [0xFC, 0x30])),
        ]
        for message in messages {
            var reader = FrameReader()
            try message.serialize().withUnsafeBytes { reader.append($0) }
            let frame = try #require(try reader.next())
            #expect(try DaemonMessage(type: frame.type, body: frame.body) == message)
        }
    }

    /// A reason is a stranger's text as well: what is longer than a text may be is cut.
    @Test func aFilesEndKeepsToTheBounds() throws {
        let bytes = WorkerMessage.nextFile(FileEnd(file: 1, reason: String(repeating: "\u{1F4FC}", count: 4000)))
            .serialize()
        guard case .nextFile(let end) = try WorkerMessage(type: bytes[4], body: Array(bytes[5...])) else {
            Issue.record("another message")
            return
        }
        #expect(end.reason.utf8.count == WorkerLimits.textBytes)
        let offer = FileOffer(file: 3, startMilliseconds: 40_000)
        #expect(try FileOffer(parsing: offer.bytes) == offer && offer.bytes.count == FileOffer.size)
        #expect(throws: ParseError.self) { try FileOffer(parsing: offer.bytes + [0]) }
    }

    @Test(arguments: messages) func truncatedBodiesAreRefused(_ message: WorkerMessage) throws {
        let body = Array(message.serialize().dropFirst(5))
        if case .chunk = message { return }  // its media is checked as CMAF by whoever takes it
        for length in 0..<body.count {
            #expect(throws: ParseError.self) {
                try WorkerMessage(type: message.serialize()[4], body: Array(body.prefix(length)))
            }
        }
    }

    @Test func hugeLengthsAreRefusedBeforeAnythingIsAllocated() {
        var reader = FrameReader()
        [UInt8]([0xFF, 0xFF, 0xFF, 0xFF, 1]).withUnsafeBytes { reader.append($0) }
        #expect(throws: ParseError.self) { try reader.next() }
    }

    @Test func aStreamKeyNeverPrints() {
        let request = PublishRequest(app: "news", streamKey: "geheim", encoder: "x")
        #expect(!"\(request)\(String(reflecting: request))\(dumped(request))".contains("geheim"))
    }

    private func dumped(_ value: some Any) -> String {
        var text = ""
        dump(value, to: &text)
        return text
    }
}
