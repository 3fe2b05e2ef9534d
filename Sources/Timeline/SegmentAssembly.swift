package import Media
import ISOBMFF

/// Puts the chunks of one publication together to whole segments, and holds the worker to what it announced.
///
/// Pure: chunks in, whole segments out. Bounds: `maximumOpenSegments` segments and `maximumOpenBytes` under way.
package struct SegmentAssembly: Sendable {
    package struct WholeSegment: Sendable {
        package let number: UInt64
        package let tracks: [TrackSegment]
        /// The clear CMAF bytes of each track.
        package let bytes: [[UInt8]]
    }

    private struct OpenTrack {
        var bytes: [UInt8] = []
        var chunks: [ChunkPlace] = []
        var decodeTime: Int64 = 0
        var duration: Int64 = 0
        var isEnded = false
    }

    static let maximumOpenSegments = 4
    static let maximumOpenBytes = 96 << 20

    private let trackCount: Int
    private let timescales: [UInt32]
    private let maximumSegmentSeconds: Int64
    private var open: [(number: UInt64, tracks: [OpenTrack])] = []
    private var openBytes = 0
    private var nextDecodeTime: [Int64]
    /// Numbers below this are taken.
    package private(set) var firstFreeNumber: UInt64

    package init(tracks: [Track], segmentDuration: Ticks, firstNumber: UInt64) {
        trackCount = tracks.count
        timescales = tracks.map(\.timescale)
        // An encoder's own GOP can stretch a copied segment; three times the nominal is broken.
        maximumSegmentSeconds = segmentDuration.rescaled(to: 1, rounding: .up).value * 3 + 2
        nextDecodeTime = Array(repeating: Int64.min, count: tracks.count)
        firstFreeNumber = firstNumber
    }

    /// Takes one chunk; returns the segments that became whole by it (usually none, at most a few).
    package mutating func append(
        track: Int, segment number: UInt64, endsSegment: Bool, bytes: [UInt8]
    ) throws(ParseError) -> [WholeSegment] {
        guard track < trackCount else { throw ParseError(.invalid, at: 0, "chunk of track \(track) of \(trackCount)") }
        guard number >= firstFreeNumber else {
            throw ParseError(.invalid, at: 0, "segment \(number) when \(firstFreeNumber) is the first free one")
        }
        let fragments = try MovieFragmentTable(parsing: bytes.span).fragments
        guard let first = fragments.first, let firstSample = first.samples.first else {
            throw ParseError(.invalid, at: 0, "a chunk without samples")
        }
        var end = Int64(clamping: first.baseMediaDecodeTime)
        guard end >= nextDecodeTime[track] else {
            throw ParseError(.invalid, at: 0, "decode time \(end) lies before \(nextDecodeTime[track])")
        }
        let start = end
        for fragment in fragments {
            guard Int64(clamping: fragment.baseMediaDecodeTime) == end else {
                throw ParseError(.invalid, at: 0, "fragments of a chunk do not follow one another")
            }
            end += Int64(clamping: fragment.duration)
        }
        let position = try openIndex(of: number)
        var partial = open[position].tracks[track]
        guard !partial.isEnded else { throw ParseError(.invalid, at: 0, "a chunk after the end of segment \(number)") }
        if partial.chunks.isEmpty { partial.decodeTime = start }
        guard end - partial.decodeTime <= maximumSegmentSeconds * Int64(timescales[track]) else {
            throw ParseError(.tooLarge, at: 0, "segment \(number) is longer than \(maximumSegmentSeconds) s")
        }
        openBytes += bytes.count
        guard openBytes <= Self.maximumOpenBytes else {
            throw ParseError(.tooLarge, at: 0, "more than \(Self.maximumOpenBytes) bytes in unfinished segments")
        }
        partial.chunks.append(
            ChunkPlace(
                offset: partial.bytes.count, byteCount: bytes.count, duration: end - start,
                isIndependent: firstSample.isSync))
        partial.bytes += bytes
        partial.duration = end - partial.decodeTime
        partial.isEnded = endsSegment
        nextDecodeTime[track] = end
        open[position].tracks[track] = partial
        return takeWhole()
    }

    /// Closes what is under way at the end of a publication: a segment in which every track has at least a
    /// chunk becomes a short one, the rest is dropped.
    package mutating func finish() -> [WholeSegment] {
        for position in open.indices {
            for track in open[position].tracks.indices where !open[position].tracks[track].chunks.isEmpty {
                open[position].tracks[track].isEnded = true
            }
        }
        let whole = takeWhole()
        open = []
        openBytes = 0
        return whole
    }

    private mutating func openIndex(of number: UInt64) throws(ParseError) -> Int {
        if let found = open.firstIndex(where: { $0.number == number }) { return found }
        guard open.count < Self.maximumOpenSegments else {
            throw ParseError(.tooLarge, at: 0, "more than \(Self.maximumOpenSegments) unfinished segments")
        }
        let place = open.firstIndex { $0.number > number } ?? open.endIndex
        open.insert((number, Array(repeating: OpenTrack(), count: trackCount)), at: place)
        return place
    }

    private mutating func takeWhole() -> [WholeSegment] {
        var whole: [WholeSegment] = []
        while let position = open.firstIndex(where: { $0.tracks.allSatisfy(\.isEnded) }) {
            let segment = open[position]
            // An older one that is still open can never be finished in order: it is dropped with this.
            for dropped in open[...position] { openBytes -= dropped.tracks.reduce(0) { $0 + $1.bytes.count } }
            open.removeSubrange(...position)
            firstFreeNumber = segment.number + 1
            let tracks = segment.tracks.map {
                TrackSegment(
                    decodeTime: $0.decodeTime, duration: $0.duration, byteCount: $0.bytes.count, chunks: $0.chunks)
            }
            whole.append(WholeSegment(number: segment.number, tracks: tracks, bytes: segment.tracks.map(\.bytes)))
        }
        return whole
    }
}
