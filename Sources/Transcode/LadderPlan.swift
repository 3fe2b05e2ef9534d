import FFmpeg
import Media

/// A ladder found possible, with what follows from it.
struct LadderPlan {
    let ladder: Ladder
    let segments: SegmentGrid
    /// The encoded video rungs, by their place in the ladder.
    let encodedVideo: [EncodedRung]
    /// The rungs that copy video, each of a track of its own, by their place in the ladder. Where there are any,
    /// everything else cuts where the first one has an IDR.
    let copiedVideo: [Int]
    /// The publisher's video track that times are taken from: that which is encoded, or the first that is copied.
    let leadingVideoTrack: UInt8

    struct EncodedRung {
        let index: Int
        let rung: VideoRung
        let grid: FrameGrid
        let framesPerSegment: Int64
    }

    /// The slowest grid: where it has a frame, so has every other whose rate is a multiple.
    var coarsestGrid: FrameGrid? {
        encodedVideo.map(\.grid).min { left, right in
            UInt64(left.rate.numerator) * UInt64(right.rate.denominator)
                < UInt64(right.rate.numerator) * UInt64(left.rate.denominator)
        }
    }

    /// Where the pictures of the publisher's track that leads lie.
    var leadingGrid: FrameGrid? {
        coarsestGrid ?? copiedVideo.first.flatMap { ladder.video[$0].frameRate }.map { FrameGrid(rate: $0) }
    }

    var followsSource: Bool { !copiedVideo.isEmpty }

    func usesVideo(track: UInt8) -> Bool { ladder.video.contains { $0.trackID == track } }

    init(_ ladder: Ladder) throws(TranscodeError) {
        guard !ladder.video.isEmpty || !ladder.audio.isEmpty else { throw .invalidLadder("it has no rungs") }
        guard (1...60).contains(ladder.segmentDurationSeconds) else {
            throw .invalidLadder("segments of \(ladder.segmentDurationSeconds) s")
        }
        var copies = ladder.video.indices.filter { ladder.video[$0].codec == .copy }
        guard Set(copies.map { ladder.video[$0].trackID }).count == copies.count else {
            throw .invalidLadder("more than one video rung copies the same track")
        }
        if copies.count < ladder.video.count {
            guard ladder.video.allSatisfy({ $0.codec == .copy || $0.trackID == 0 }),
                copies.isEmpty || copies.contains(where: { ladder.video[$0].trackID == 0 })
            else { throw .invalidLadder("rungs are encoded from track 0; beside them, it is the first to be copied") }
        }
        // Encoded rungs follow the picture that they are made of.
        if let own = copies.firstIndex(where: { ladder.video[$0].trackID == 0 }) { copies.swapAt(0, own) }
        self.ladder = ladder
        copiedVideo = copies
        leadingVideoTrack = copies.first.map { ladder.video[$0].trackID } ?? 0
        segments = SegmentGrid(
            segmentSeconds: ladder.segmentDurationSeconds, frameRate: ladder.video.lazy.compactMap(\.frameRate).first)

        var encoded: [EncodedRung] = []
        for (index, rung) in ladder.video.enumerated() {
            if let rate = rung.frameRate {
                let own = SegmentGrid(segmentSeconds: ladder.segmentDurationSeconds, frameRate: rate)
                guard
                    Int128(own.numerator) * Int128(segments.denominator)
                        == Int128(segments.numerator) * Int128(own.denominator)
                else { throw .invalidLadder("\(rung.name): at \(rate) frames a second its segments differ in length") }
            }
            if rung.codec == .h264 {
                encoded.append(try Self.planned(rung, index, seconds: ladder.segmentDurationSeconds))
            }
        }
        encodedVideo = encoded
        if let tiles = ladder.thumbnails?.tiles {
            guard !encoded.isEmpty, tiles.isPossible else {
                throw .invalidLadder("thumbnails of \(tiles.width)x\(tiles.height), made of an encoded rung")
            }
        }
        for rung in ladder.audio where rung.codec == .aac { try Self.validate(rung) }
    }

    private static func planned(
        _ rung: VideoRung, _ index: Int, seconds: UInt32
    ) throws(TranscodeError) -> EncodedRung {
        guard let rate = rung.frameRate else { throw .invalidLadder("\(rung.name): no frame rate") }
        guard rate.numerator <= 1_000_000, rate.denominator <= 10_000,
            UInt64(rate.numerator) <= 240 * UInt64(rate.denominator), rate.numerator >= rate.denominator
        else { throw .invalidLadder("\(rung.name): \(rate) frames a second") }
        guard rung.width >= 16, rung.height >= 16, rung.width % 2 == 0, rung.height % 2 == 0,
            Int64(rung.width) * Int64(rung.height) <= Decoder.maximumPixels
        else { throw .invalidLadder("\(rung.name): \(rung.width)x\(rung.height) (even, at least 16x16)") }
        guard (10_000...200_000_000).contains(rung.bitrate) else {
            throw .invalidLadder("\(rung.name): \(rung.bitrate) bits a second")
        }
        let grid = FrameGrid(rate: rate)
        let frames = grid.frames(inSeconds: seconds)
        guard rung.gopSize > 0, frames % Int64(rung.gopSize) == 0 else {
            throw .invalidLadder(
                "\(rung.name): a GOP of \(rung.gopSize) frames does not divide a segment of \(frames) frames")
        }
        guard rung.bFrames <= 16 else { throw .invalidLadder("\(rung.name): \(rung.bFrames) B-frames") }
        return EncodedRung(index: index, rung: rung, grid: grid, framesPerSegment: frames)
    }

    private static func validate(_ rung: AudioRung) throws(TranscodeError) {
        guard
            [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350]
                .contains(rung.sampleRate)
        else { throw .invalidLadder("\(rung.name): AAC knows no sample rate of \(rung.sampleRate) Hz") }
        guard (1...6).contains(rung.channels) || rung.channels == 8 else {
            throw .invalidLadder("\(rung.name): \(rung.channels) channels")
        }
        guard (8000...1_000_000).contains(rung.bitrate) else {
            throw .invalidLadder("\(rung.name): \(rung.bitrate) bits a second")
        }
    }
}
