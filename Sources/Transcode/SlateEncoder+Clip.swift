import FFmpeg
import Media

extension SlateEncoder {
    /// What becomes of a clip.
    package struct ClipPlan: Sendable, Equatable {
        /// Of the loop, in milliseconds: what the clip has beyond it is cut.
        package let milliseconds: Int64
        /// Of 1000: how much of their bitrate the rungs have, so that all of the loop is not too large.
        package let rate: Int
    }

    /// - Parameter bytes: what all rungs may take together.
    /// - Throws: `Unfit` where no loop of the ladder's can be made of it.
    package func plan(_ clip: SlateClip, within bytes: Int) throws(SlateClip.Unfit) -> ClipPlan {
        let loop = try loop(of: clip)
        let bits =
            plan.encodedVideo.reduce(0) { $0 + Int128($1.rung.bitrate) }
            + plan.ladder.audio.reduce(0) { $0 + Int128($1.bitrate) }
        // What the encoders may be over their rate.
        let room = Int128(bytes) * 8 * 85 / 100
        let wanted = max(bits * loop.numerator / loop.denominator, 1)
        return ClipPlan(
            milliseconds: Int64(clamping: loop.numerator * 1000 / loop.denominator),
            rate: Int(clamping: min(room * 1000 / wanted, 1000)))
    }

    private func loop(of clip: SlateClip) throws(SlateClip.Unfit) -> SlateLoop {
        guard let loop = SlateLoop(plan, duration: clip.duration) else {
            throw SlateClip.Unfit(description: "it is shorter than a part of a segment, which a loop is made of")
        }
        return loop
    }

    /// All rungs, as the ladder lists them: the loop of the clip's picture and sound.
    ///
    /// - Parameters:
    ///   - clip: whose picture moves.
    ///   - rate: of 1000, of the rungs' bitrates.
    ///   - progress: told after each of the clip's pictures.
    /// - Throws: also what `progress` throws.
    package func encode(
        _ clip: SlateClip, rate: Int, progress: () throws -> Void
    ) throws -> [Coded] {
        let loop = try loop(of: clip)
        let start = clip.measure.video?.start ?? 0
        var coded = try pictures(of: clip, loop, start, rate: rate, progress: progress)
        for rung in plan.ladder.audio {
            guard clip.hasSound else {
                coded.append(try silence(rung))
                continue
            }
            let (count, isWhole) = loop.samples(
                sampleRate: Int(rung.sampleRate), frameSize: AudioEncoder.frameSize)
            let sound = try clip.sound(
                from: start, count: count, sampleRate: Int(rung.sampleRate), channels: Int(rung.channels))
            coded.append(try encode(rung, sound, count: count, isWholeFrames: isWhole))
            try progress()
        }
        return coded
    }

    private func pictures(
        of clip: SlateClip, _ loop: SlateLoop, _ start: Int64, rate: Int, progress: () throws -> Void
    ) throws -> [Coded] {
        var reader = try MediaFileReader(clip.file, .video)
        var rungs: [ClipRung] = []
        var shown: Frame?
        while let (frame, time) = try reader.next() {
            if rungs.isEmpty {
                for planned in plan.encodedVideo {
                    let encoder = try encoder(
                        planned, gop: loop.gop(of: planned),
                        bitrate: max(Int(planned.rung.bitrate) * rate / 1000, 10_000),
                        colour: frame.colour.resolved(sourceHeight: frame.height))
                    rungs.append(
                        ClipRung(
                            planned, count: loop.frames(of: planned), gop: loop.gop(of: planned),
                            track: try track(planned, of: encoder), encoder: encoder))
                }
            }
            if let shown, let time { for rung in rungs { try rung.show(shown, until: time - start) } }
            // Without a time of its own it comes right behind the one before, in whose place it then stands.
            shown = frame
            if rungs.allSatisfy(\.isWhole) { break }
            try progress()
        }
        guard let shown else { throw SlateClip.Unfit(description: "its picture cannot be decoded") }
        return try rungs.map { rung in
            let packets = try rung.finish(shown)
            return Coded(track: rung.track, samples: samples(packets, rung.grid))
        }
    }
}

/// A rung's place in the loop of a clip.
private final class ClipRung {
    let track: Track
    let grid: FrameGrid
    private let count: Int64
    private let gop: Int64
    private var encoder: VideoEncoder
    private var fit: PictureFit
    private var next: Int64 = 0
    private var packets: [EncodedPacket] = []

    init(
        _ planned: LadderPlan.EncodedRung, count: Int64, gop: Int64, track: Track, encoder: consuming VideoEncoder
    ) {
        self.track = track
        self.count = count
        self.gop = gop
        grid = planned.grid
        self.encoder = encoder
        fit = PictureFit(width: Int(planned.rung.width), height: Int(planned.rung.height))
    }

    var isWhole: Bool { next >= count }

    /// - Parameter time: in ticks of 90 kHz from the loop's beginning; at each of its places the rung shows the picture
    ///   that is nearest.
    func show(_ frame: Frame, until time: Int64) throws(FFmpegError) {
        let half = grid.time(of: 1) / 2
        try show(frame) { grid.time(of: $0) + half < time }
    }

    /// The last picture stays to the end.
    func finish(_ frame: Frame) throws(FFmpegError) -> [EncodedPacket] {
        try show(frame) { _ in true }
        try encoder.sendEnd()
        try drain()
        return packets
    }

    private func show(_ frame: Frame, while isShown: (Int64) -> Bool) throws(FFmpegError) {
        guard next < count, isShown(next) else { return }
        let picture = try fit.fit(frame)
        while next < count, isShown(next) {
            try encoder.send(picture, at: next, forceIDR: next % gop == 0)
            next += 1
            try drain()
        }
    }

    private func drain() throws(FFmpegError) {
        while let packet = try encoder.receive() { packets.append(packet) }
    }
}
