import ISOBMFF
package import Media
import MediaMemory

/// Puts the chunks of one publication together to whole segments, and holds the worker to what it announced.
///
/// Pure: chunks in, whole segments out. Bounds: `maximumOpenSegments` segments of `maximumChunks` each and
/// `maximumOpenBytes` under way.
package struct SegmentAssembly: Sendable {
    package struct WholeSegment: Sendable {
        package let number: UInt64
        package let tracks: [TrackSegment]
        /// Of each track; of one that nothing came of, none.
        package let media: [ClearMedia]
    }

    /// The oldest segment that is not whole, where every track has a chunk of it.
    package struct Begun: Sendable {
        package let number: UInt64
        /// As they would be if the segment ended here.
        package let tracks: [TrackSegment]
        /// The chunks of each track.
        package let parts: [[ClearMedia]]
        /// Of each track, whether nothing more comes.
        package let isEnded: [Bool]
        /// Of each track, the decode time of the newest sample.
        package let newestSample: [Int64]
    }

    private struct OpenTrack {
        var parts: [ClearMedia] = []
        var byteCount = 0
        var memoryBytes = 0
        var sampleCount = 0
        var chunks: [ChunkPlace] = []
        var decodeTime: Int64 = 0
        var newestSample: Int64 = 0
        var firstSampleByteCount = 0
        var duration: Int64 = 0
        var isEnded = false

        mutating func add(
            _ more: ClearMedia, from start: Int64, to end: Int64, newest: Int64, first: SampleLocation
        ) {
            if chunks.isEmpty { (decodeTime, firstSampleByteCount) = (start, first.size) }
            chunks.append(
                ChunkPlace(
                    offset: byteCount, byteCount: more.bytes.count, duration: end - start, isIndependent: first.isSync))
            parts.append(more)
            byteCount += more.bytes.count
            memoryBytes += more.memoryBytes
            sampleCount += more.sampleCount
            newestSample = newest
            duration = end - decodeTime
        }

        /// In place of an image that did not come.
        mutating func stand(in media: ClearMedia) {
            byteCount = media.bytes.count
            chunks = [ChunkPlace(offset: 0, byteCount: byteCount, duration: 0, isIndependent: true)]
            parts = [media]
        }

        var segment: TrackSegment {
            TrackSegment(
                decodeTime: decodeTime, duration: duration, byteCount: byteCount, chunks: chunks,
                firstSampleByteCount: firstSampleByteCount)
        }
    }

    static let maximumOpenSegments = 4
    static let maximumChunks = 4096
    private static let mostCues = 512

    private let trackCount: Int
    private let timescales: [UInt32]
    /// Of each track, what its samples are, where it has one image in a segment.
    private let images: [PictureTiles?]
    /// Of each track, whether it has subtitles; all that a segment has of them comes at once.
    private let isText: [Bool]
    /// Of each track of images, the last one that came.
    private var lastImages: [Int: ClearMedia] = [:]
    /// The first track that is none.
    private let leading: Int?
    private let segmentDuration: Ticks
    private let longestSegment: Ticks
    private let maximumOpenBytes: Int
    private let maximumLatenessSeconds: Int64
    private var open: [(number: UInt64, tracks: [OpenTrack])] = []
    private var openBytes = 0
    private var nextDecodeTime: [Int64]
    /// Of each track, the segment that its last chunk was of.
    private var lastNumber: [UInt64]
    /// Numbers below this are taken.
    package private(set) var firstFreeNumber: UInt64

    /// - Parameters:
    ///   - longestSegment: nil: the duration of one.
    ///   - maximumOpenBytes: of segments that are not whole.
    ///   - notBefore: of each track, the earliest decode time that is free: earlier ones were listed, and a
    ///     cenc IV is made of the time. Empty: all are.
    package init(
        tracks: [Track], segmentDuration: Ticks, longestSegment: Ticks? = nil,
        maximumOpenBytes: Int = ChannelTimeline.Limits.leastOpenBytes, firstNumber: UInt64, notBefore: [Int64] = []
    ) {
        trackCount = tracks.count
        timescales = tracks.map(\.timescale)
        images = tracks.map { track in
            if case .jpeg(let tiles) = track.codec { tiles } else { nil }
        }
        isText = tracks.map { $0.kind == .text }
        leading = tracks.firstIndex { $0.kind.isPlayed }
        self.segmentDuration = segmentDuration
        self.maximumOpenBytes = maximumOpenBytes
        // Playlists say what a segment lasts at most, and that must not change (RFC 8216, 4.3.3.1): half a second more
        // rounds to it.
        let longest = (longestSegment ?? segmentDuration).rescaled(to: 1, rounding: .up).value
        self.longestSegment = Ticks(max(longest, 1) * 2 + 1, timescale: 2)
        maximumLatenessSeconds = segmentDuration.rescaled(to: 1, rounding: .up).value * 3 + 2
        nextDecodeTime = tracks.indices.map { $0 < notBefore.count ? notBefore[$0] : .min }
        lastNumber = tracks.map { _ in firstNumber }
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
        guard number >= lastNumber[track] else {
            throw ParseError(
                .invalid, at: 0, "a chunk of segment \(number) after one of segment \(lastNumber[track])")
        }
        let media = try ClearMedia(copying: bytes)
        let fragments = media.table.fragments
        // Whoever says what they are is asked for the keys of them.
        guard fragments.allSatisfy({ $0.systemBoxes.isEmpty && $0.encryption == nil && $0.keyGroup == nil }) else {
            throw ParseError(.invalid, at: 0, "a chunk that is protected")
        }
        guard let firstSample = fragments.first?.samples.first else {
            throw ParseError(.invalid, at: 0, "a chunk without samples")
        }
        var end = firstSample.decodeTime
        guard end >= nextDecodeTime[track] else {
            throw ParseError(.invalid, at: 0, "decode time \(end) lies before \(nextDecodeTime[track])")
        }
        let start = end
        for fragment in fragments {
            guard fragment.baseMediaDecodeTime == end else {
                throw ParseError(.invalid, at: 0, "fragments of a chunk do not follow one another")
            }
            // Two samples at one time would share a cenc IV.
            guard fragment.samples.allSatisfy({ $0.duration > 0 }) else {
                throw ParseError(.invalid, at: 0, "a sample without a duration")
            }
            end += fragment.duration
        }
        if let tiles = images[track] {
            guard endsSegment else { throw ParseError(.invalid, at: 0, "an image that does not end its segment") }
            try Self.requireImage(media, tiles)
            lastImages[track] = media
        }
        if isText[track] {
            guard endsSegment else { throw ParseError(.invalid, at: 0, "subtitles that do not end their segment") }
            try Self.requireText(media)
        }
        let position = try openIndex(of: number)
        // Looked at in place: a copy would make every append copy the whole segment.
        let count = open[position].tracks[track].chunks.count
        guard !open[position].tracks[track].isEnded else {
            throw ParseError(.invalid, at: 0, "a chunk after the end of segment \(number)")
        }
        guard count < Self.maximumChunks else {
            throw ParseError(.tooLarge, at: 0, "segment \(number) has more than \(Self.maximumChunks) chunks")
        }
        if count == 0 { try require(start, toLieIn: number, track) }
        let first = count == 0 ? start : open[position].tracks[track].decodeTime
        guard Ticks(end - first, timescale: timescales[track]) < longestSegment else {
            throw ParseError(
                .tooLarge, at: 0, "segment \(number) is longer than \(longestSegment.milliseconds) ms")
        }
        // As many as are read again of a whole segment. A sample need not take any bytes.
        guard open[position].tracks[track].sampleCount + media.sampleCount <= TrackRun.maximumSampleCount else {
            throw ParseError(
                .tooLarge, at: 0, "segment \(number) has more than \(TrackRun.maximumSampleCount) samples of a track")
        }
        guard open[position].tracks[track].byteCount + media.bytes.count <= SegmentStore.maximumMediaBytes else {
            throw ParseError(
                .tooLarge, at: 0, "segment \(number) has more than \(SegmentStore.maximumMediaBytes) bytes of a track")
        }
        openBytes += media.memoryBytes
        guard openBytes <= maximumOpenBytes else {
            throw ParseError(.tooLarge, at: 0, "more than \(maximumOpenBytes) bytes in unfinished segments")
        }
        open[position].tracks[track].add(
            media, from: start, to: end, newest: fragments.last?.samples.last?.decodeTime ?? start,
            first: firstSample)
        open[position].tracks[track].isEnded = endsSegment
        // Who goes on to the next segment has ended the ones before.
        for earlier in open[..<position].indices where !open[earlier].tracks[track].chunks.isEmpty {
            open[earlier].tracks[track].isEnded = true
        }
        nextDecodeTime[track] = end
        lastNumber[track] = number
        return takeWhole()
    }

    /// What may be shown before it is whole: it becomes whole for certain, if only by `finish`, for who goes on to the
    /// next segment ends this one.
    package var begun: Begun? {
        // Images and subtitles may come later than the first parts.
        guard let first = open.first,
            first.tracks.indices.allSatisfy({ !first.tracks[$0].chunks.isEmpty || isAside($0) })
        else {
            return nil
        }
        return Begun(
            number: first.number, tracks: segments(of: first.tracks), parts: first.tracks.map(\.parts),
            isEnded: first.tracks.map(\.isEnded), newestSample: first.tracks.map(\.newestSample))
    }

    /// Closes what is under way at the end of a publication: a segment in which every track has at least a
    /// chunk becomes a short one, the rest is dropped.
    package mutating func finish() -> [WholeSegment] {
        for position in open.indices {
            for track in open[position].tracks.indices {
                if open[position].tracks[track].chunks.isEmpty {
                    guard isAside(track) else { continue }
                    // None came: the image before stands for it, or nothing at all. What was shown has to become whole.
                    let media = isText[track] ? nothingSaid(track, in: open[position].tracks) : lastImages[track]
                    if let media { open[position].tracks[track].stand(in: media) }
                }
                open[position].tracks[track].isEnded = true
            }
        }
        let whole = takeWhole()
        open = []
        openBytes = 0
        return whole
    }

    /// A segment's number says when it is: keys are bound by the one, IVs made of the other. A little early is the
    /// rounding of a copied source, up to a whole segment a splice (docs/decisions/0029); late by as much as a segment may be long is one without sound at first.
    private func require(_ start: Int64, toLieIn number: UInt64, _ track: Int) throws(ParseError) {
        let timescale = timescales[track]
        let (ticks, overflow) = Int64(clamping: number).multipliedReportingOverflow(by: segmentDuration.value)
        let nominal = Ticks(ticks, timescale: segmentDuration.timescale).rescaled(to: timescale).value
        let offset = Int128(start) - Int128(nominal)
        let early = Int128(segmentDuration.rescaled(to: timescale).value) + Int128(timescale)
        guard !overflow, number < .max, offset >= -early,
            offset <= Int128(maximumLatenessSeconds) * Int128(timescale)
        else { throw ParseError(.invalid, at: 0, "decode time \(start) does not lie in segment \(number)") }
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

    /// Exactly one sample, which is a JPEG image of the size that was announced, and nothing else.
    private static func requireImage(_ media: ClearMedia, _ tiles: PictureTiles) throws(ParseError) {
        let (bytes, fragments) = (media.bytes, media.table.fragments)
        guard fragments.count == 1, fragments[0].samples.count == 1, let sample = fragments[0].samples.first else {
            throw ParseError(.invalid, at: 0, "more than one image")
        }
        let image = try JPEGPicture(parsing: bytes.span.extracting(sample.offset..<sample.offset + sample.size))
        guard image.width == tiles.sheetWidth, image.height == tiles.sheetHeight else {
            throw ParseError(
                .invalid, at: sample.offset,
                "an image of \(image.width)x\(image.height), not \(tiles.sheetWidth)x\(tiles.sheetHeight)")
        }
    }

    private func isAside(_ track: Int) -> Bool { isText[track] || images[track] != nil }

    /// Samples that are one cue each, or none.
    private static func requireText(_ media: ClearMedia) throws(ParseError) {
        let samples = media.table.fragments.flatMap(\.samples)
        guard samples.count <= mostCues else { throw ParseError(.tooLarge, at: 0, "\(samples.count) cues") }
        for sample in samples {
            _ = try WebVTTSample.parse(media.bytes.span.extracting(sample.offset..<sample.offset + sample.size))
        }
    }

    /// A sample in which nothing is shown, for the time of the track that leads.
    private func nothingSaid(_ track: Int, in tracks: [OpenTrack]) -> ClearMedia? {
        guard let leading, tracks[leading].duration > 0 else { return nil }
        func time(_ value: Int64) -> Int64 {
            Ticks(value, timescale: timescales[leading]).rescaled(to: timescales[track]).value
        }
        let start = time(tracks[leading].decodeTime)
        let end = time(tracks[leading].decodeTime &+ tracks[leading].duration)
        let sample = Sample(
            decodeTime: start, compositionOffset: 0, duration: UInt32(clamping: max(end &- start, 1)), isSync: true,
            data: WebVTTSample.serialize(nil))
        // What cannot be read again would be a mistake of ours: then there is nothing.
        return try? ClearMedia(copying: CMAFChunk.serialize(sequenceNumber: 1, samples: [sample]))
    }

    /// Images stand for the time of the track that leads.
    private func segments(of tracks: [OpenTrack]) -> [TrackSegment] {
        var segments = tracks.map(\.segment)
        guard let leading, leading < segments.count else { return segments }
        let share = segments[leading]
        // So do subtitles that did not come.
        for index in segments.indices where images[index] != nil || (isText[index] && segments[index].duration == 0) {
            func time(_ value: Int64) -> Int64 {
                Ticks(value, timescale: timescales[leading]).rescaled(to: timescales[index]).value
            }
            let start = time(share.decodeTime)
            segments[index] = TrackSegment(
                decodeTime: start, duration: time(share.decodeTime &+ share.duration) &- start,
                byteCount: segments[index].byteCount, chunks: segments[index].chunks,
                firstSampleByteCount: segments[index].firstSampleByteCount)
        }
        return segments
    }

    private mutating func takeWhole() -> [WholeSegment] {
        var whole: [WholeSegment] = []
        while let position = open.firstIndex(where: { $0.tracks.allSatisfy(\.isEnded) }) {
            let segment = open[position]
            // An older one that is still open can never be finished in order: it is dropped with this.
            for dropped in open[...position] { openBytes -= dropped.tracks.reduce(0) { $0 + $1.memoryBytes } }
            open.removeSubrange(...position)
            firstFreeNumber = segment.number + 1
            whole.append(
                WholeSegment(
                    number: segment.number, tracks: segments(of: segment.tracks),
                    media: segment.tracks.map { ClearMedia(joining: $0.parts) }))
        }
        return whole
    }
}
