import ChunkStream

/// The last segments of an encoder that is not on air, as its worker gave them.
///
/// Bounded in segments and in bytes; at the bound the oldest segment goes, and with it, where that is the one under way,
/// the chance to take over without a break.
struct StandbyBuffer: Sendable {
    private(set) var tracks: [TrackDescription]
    private(set) var chunks: [ClearChunk] = []
    private var bytes = 0
    /// From this segment on everything is here.
    private(set) var firstWhole: UInt64?
    /// The newest segment of each track.
    private var newest: [UInt8: UInt64] = [:]

    let maximumBytes: Int
    /// What a chunk takes beside its bytes.
    private static let overhead = 128
    /// The one under way, and those that the encoder on air may be behind by.
    private static let segments: UInt64 = 3

    /// - Parameter tracks: of what comes; empty where they are not known yet.
    init(tracks: [TrackDescription] = [], maximumBytes: Int) {
        self.tracks = tracks
        self.maximumBytes = maximumBytes
    }

    /// Another one with nothing in it.
    /// - Parameter tracks: nil: the same.
    func emptied(tracks: [TrackDescription]? = nil) -> StandbyBuffer {
        StandbyBuffer(tracks: tracks ?? self.tracks, maximumBytes: maximumBytes)
    }

    /// `firstWhole`, once every track has begun it, or a later one.
    var firstReady: UInt64? {
        guard let firstWhole, newest.count == tracks.count, newest.values.allSatisfy({ $0 >= firstWhole }) else {
            return nil
        }
        return firstWhole
    }

    /// - Parameter chunk: not looked into yet; what belongs to no track, or has nothing in it, is left out.
    mutating func append(_ chunk: ClearChunk) {
        guard chunk.track < tracks.count, !chunk.bytes.isEmpty else { return }
        if newest[chunk.track] == nil {
            // What an encoder begins with may be the rest of a segment.
            firstWhole = max(firstWhole ?? 0, chunk.segment &+ 1)
        }
        newest[chunk.track] = chunk.segment
        chunks.append(chunk)
        bytes += chunk.bytes.count + Self.overhead
        let oldest = newest.values.min() ?? 0
        if chunk.endsSegment, oldest > Self.segments, chunks.contains(where: { $0.segment <= oldest - Self.segments }) {
            drop(below: oldest - Self.segments + 1)
        }
        while bytes > maximumBytes, let first = chunks.map(\.segment).min() { drop(below: first + 1) }
    }

    private mutating func drop(below segment: UInt64) {
        chunks.removeAll { $0.segment < segment }
        bytes = chunks.reduce(0) { $0 + $1.bytes.count + Self.overhead }
        firstWhole = firstWhole.map { max($0, segment) }
    }
}
