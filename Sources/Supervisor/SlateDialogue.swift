import ChunkStream
import Media

/// What a worker that makes a slate may say, in which order and how much of it: no effects.
struct SlateDialogue {
    enum Action {
        case none
        /// The ladder is to be sent.
        case answer
        case say(IngestEvent)
        case done
    }

    static let mostEvents = 20
    /// Signs of life.
    private static let mostStatistics = 10_000
    /// CMAF chunks of a track: a loop has some in each second.
    private static let mostChunks = 1000

    private let names: [String]
    private let isInspection: Bool
    private let isLoop: Bool
    private(set) var tracks: [TrackDescription] = []
    /// Of each track.
    private(set) var chunks: [[[UInt8]]] = []
    private var isGreeted = false
    /// The last track's last chunk is there.
    private var isTrackWhole = true
    private var bytes = 0
    private var events = 0
    private var statistics = 0

    init(_ ladder: Ladder, _ work: WorkerArguments.Work, _ source: SlateSource) {
        names = ladder.video.map(\.name) + ladder.audio.map(\.name)
        isInspection = work == .inspect || work == .examine
        isLoop = source.isLoop
    }

    /// How long all of it may take. Of a loop a minute is encoded, perhaps beside many channels; a last picture is waited
    /// for, and others wait for this one.
    var mostSeconds: Int64 { isInspection ? 60 : isLoop ? 1200 : 120 }

    private var mostBytes: Int { isLoop ? WorkerLimits.clipBytes : WorkerLimits.slateBytes }

    mutating func received(_ message: WorkerMessage) throws -> Action {
        guard isGreeted else {
            guard case .hello(Frame.version) = message else {
                throw failure("sluice-ingest speaks another version of the chunk stream")
            }
            isGreeted = true
            return .answer
        }
        switch message {
        case .event(let event) where events < Self.mostEvents:
            events += 1
            return .say(event)
        case .statistics where isLoop && statistics < Self.mostStatistics:
            statistics += 1
            return .none
        case .tracks(let found) where tracks.isEmpty && !isInspection:
            tracks = found
            return .none
        case .chunk(let chunk) where Int(chunk.track) == chunks.count - (isTrackWhole ? 0 : 1):
            guard Int(chunk.track) < tracks.count else { break }
            bytes += chunk.bytes.count
            guard bytes <= mostBytes else { throw failure("more than \(mostBytes) bytes") }
            if isTrackWhole { chunks.append([]) }
            chunks[chunks.count - 1].append(chunk.bytes)
            guard chunks[chunks.count - 1].count <= Self.mostChunks else { throw failure("too many chunks") }
            isTrackWhole = chunk.endsSegment
            return .none
        case .end(let reason):
            guard reason.isEmpty else { throw failure(reason.onOneLine) }
            let isWhole = isTrackWhole && chunks.count == tracks.count && tracks.map(\.name) == names
            guard isInspection || isWhole else { throw failure("not the ladder's tracks") }
            return .done
        default: break
        }
        throw failure("a message out of order")
    }

    private func failure(_ reason: String) -> SlateWorker.Failure { SlateWorker.Failure(description: reason) }
}
