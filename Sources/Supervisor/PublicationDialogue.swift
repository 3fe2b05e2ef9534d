import ChunkStream

/// What to do with each message of a worker: the order it must keep, and no effects.
struct PublicationDialogue: Sendable {
    enum Action: Sendable, Equatable {
        /// Answer `accept` or `reject`, then tell the outcome by `accepted` or `rejected`.
        case authorise(PublishRequest)
        case setTracks([TrackDescription])
        case append(ClearChunk)
        case mark(SpliceMarker)
        case record(IngestStatistics)
        case log(IngestEvent)
        /// The next file is wanted.
        case feed(FileEnd)
        case end(reason: String)
        /// The worker does not keep to the format: it is ended.
        case violation(String)
        case none
    }

    private enum Phase: Equatable { case greeting, asking, waiting, accepted, running, over }

    /// Whether its worker may ask for files.
    private let playsFiles: Bool
    private var phase = Phase.greeting

    init(playsFiles: Bool = false) { self.playsFiles = playsFiles }

    /// Nothing was published yet: the handshake time-out applies.
    var isHandshaking: Bool { phase == .greeting || phase == .asking || phase == .waiting }

    mutating func accepted() { if phase == .waiting { phase = .accepted } }
    mutating func rejected() { phase = .over }

    mutating func received(_ message: WorkerMessage) -> Action {
        switch (phase, message) {
        case (.greeting, .hello(let version)):
            guard version == Frame.version else {
                return violation("sluice-ingest speaks version \(version) of the chunk stream, not \(Frame.version)")
            }
            phase = .asking
            return .none
        case (.asking, .publish(let request)):
            phase = .waiting
            return .authorise(request)
        case (.accepted, .tracks(let tracks)), (.running, .tracks(let tracks)):
            phase = .running
            return .setTracks(tracks)
        case (.running, .chunk(let chunk)):
            return .append(chunk)
        case (.accepted, .marker(let marker)), (.running, .marker(let marker)):
            return .mark(marker)
        case (.accepted, .statistics(let statistics)), (.running, .statistics(let statistics)):
            return .record(statistics)
        case (.accepted, .nextFile(let end)) where playsFiles, (.running, .nextFile(let end)) where playsFiles:
            return .feed(end)
        case (.over, .end), (.over, .event):
            return .none
        case (_, .end(let reason)) where phase != .greeting:
            phase = .over
            return .end(reason: reason)
        case (_, .event(let event)) where phase != .greeting:
            return .log(event)
        default:
            return violation("message out of order in phase \(phase)")
        }
    }

    private mutating func violation(_ reason: String) -> Action {
        phase = .over
        return .violation(reason)
    }
}
