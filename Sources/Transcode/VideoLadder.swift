import FFmpeg
import Media

/// All encoded video rungs: one decoder, a lane for each picture size.
final class VideoLadder {
    private let plan: LadderPlan
    private let limits: TranscodeLimits
    private let firstAllowedSegment: UInt64
    private let decoderThreads: Int
    private var format: VideoFormat?
    private var decoder: Decoder?
    private var lanes: [VideoLane] = []
    /// Cuts of the source from before the first picture was decoded.
    private var earlyCuts: [SourceCut] = []
    /// Where the output begins, in 90 kHz ticks; following the source, its first cut.
    private(set) var start: Int64?
    /// Of the newest picture that the rungs have.
    private(set) var latest: Int64?
    private(set) var decodedFrames: UInt64 = 0
    private(set) var brokenSamples: UInt64 = 0
    private var blackness = Absence()
    private var looksAt: Int64 = .min

    /// Between two looks at whether the picture is black, in 90 kHz ticks.
    private static let lookInterval: Int64 = 18_000

    init(plan: LadderPlan, limits: TranscodeLimits, firstAllowedSegment: UInt64, decoderThreads: Int) {
        self.plan = plan
        self.limits = limits
        self.firstAllowedSegment = firstAllowedSegment
        self.decoderThreads = decoderThreads
    }

    var counts: (repeated: UInt64, dropped: UInt64) {
        lanes.reduce((0, 0)) { sum, lane in
            let counts = lane.counts
            return (sum.0 + counts.repeated, sum.1 + counts.dropped)
        }
    }

    /// For how long the picture has been black.
    var blackMilliseconds: Int64 { blackness.milliseconds }

    /// Pictures decoded under the old configuration go out first.
    func configure(_ format: VideoFormat, mapping: TimeMapping) throws(TranscodeError) {
        guard format != self.format else { return }
        try drain(mapping)
        decoder = try translating { () throws(FFmpegError) in try Decoder(format, threads: decoderThreads) }
        self.format = format
    }

    func cut(_ cut: SourceCut) {
        start = start ?? cut.time
        if lanes.isEmpty { earlyCuts.append(cut) }
        for lane in lanes { lane.cut(cut) }
    }

    /// Before the first picture there is nothing to splice.
    func splice(at time: Int64, _ moves: [SegmentBoundaries.Move]) {
        for lane in lanes { lane.splice(at: time, moves) }
    }

    func push(_ sample: InputSample, mapping: TimeMapping) throws(TranscodeError) {
        guard decoder != nil else { return }
        do throws(FFmpegError) {
            try decoder?.send(sample.data, presentationTime: sample.presentationMilliseconds)
        } catch {
            try tolerate(error)
        }
        while let frame = try nextFrame() { try distribute(frame, mapping) }
    }

    func collect(into outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        for lane in lanes { try lane.collect(into: &outputs) }
    }

    func finish(mapping: TimeMapping, into outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        try drain(mapping)
        for lane in lanes { try lane.finish(into: &outputs) }
    }

    private func drain(_ mapping: TimeMapping) throws(TranscodeError) {
        guard decoder != nil else { return }
        do throws(FFmpegError) { try decoder?.sendEnd() } catch { try tolerate(error) }
        while let frame = try nextFrame() { try distribute(frame, mapping) }
        decoder = nil
    }

    private func distribute(_ frame: Frame, _ mapping: TimeMapping) throws(TranscodeError) {
        guard let milliseconds = frame.presentationTime, let grid = plan.coarsestGrid else { return }
        decodedFrames += 1
        let time = try mapping.time(ofMilliseconds: milliseconds)
        if time >= looksAt || time < looksAt - Self.lookInterval {
            looksAt = time + Self.lookInterval
            blackness.note(isAbsent: frame.isBlack, at: time)
        }
        if lanes.isEmpty {
            let place = grid.time(of: grid.nearest(to: time))
            if plan.followsSource {
                guard let start, time >= start - grid.time(of: 1) / 2 else { return }
            } else {
                // Half a frame more: the grid's times are rounded down.
                let number = plan.segments.number(
                    at: place + grid.time(of: 1) / 2, timescale: TimeMapping.timescale)
                guard number >= firstAllowedSegment else { return }
                start = place
            }
            try open(start: place, sourceHeight: frame.height)
        }
        for lane in lanes { lane.add(frame, at: time) }
        latest = max(latest ?? time, time)
    }

    private func open(start: Int64, sourceHeight: Int) throws(TranscodeError) {
        var sizes: [(width: UInt16, height: UInt16)] = []
        for planned in plan.encodedVideo {
            let (width, height) = (planned.rung.width, planned.rung.height)
            if !sizes.contains(where: { $0 == (width, height) }) { sizes.append((width, height)) }
        }
        var lanes: [VideoLane] = []
        let smallest = sizes.min { Int($0.width) * Int($0.height) < Int($1.width) * Int($1.height) }
        for size in sizes {
            let rungs = plan.encodedVideo.filter { ($0.rung.width, $0.rung.height) == size }.map {
                VideoRungEncoder(
                    $0, segments: plan.segments, followsSource: plan.followsSource,
                    isLowLatency: plan.ladder.isLowLatency, start: start, sourceHeight: sourceHeight)
            }
            lanes.append(
                try VideoLane(
                    rungs,
                    thumbnails: smallest.map { $0 == size } == true
                        ? try thumbnails(of: size, start: start, sourceHeight: sourceHeight) : nil,
                    width: Int(size.width), height: Int(size.height), framesInFlight: limits.framesInFlight))
        }
        self.lanes = lanes
        for cut in earlyCuts { for lane in lanes { lane.cut(cut) } }
        earlyCuts = []
    }

    private func thumbnails(
        of size: (width: UInt16, height: UInt16), start: Int64, sourceHeight: Int
    ) throws(TranscodeError) -> ThumbnailEncoder? {
        guard let thumbnails = plan.ladder.thumbnails,
            let rung = plan.encodedVideo.first(where: { ($0.rung.width, $0.rung.height) == size })
        else { return nil }
        return try ThumbnailEncoder(
            thumbnails, index: plan.ladder.video.count + plan.ladder.audio.count, of: rung, segments: plan.segments,
            followsSource: plan.followsSource, start: start, sourceHeight: sourceHeight)
    }

    /// Past what was broken, to the next frame; nil when the decoder wants more.
    private func nextFrame() throws(TranscodeError) -> Frame? {
        while true {
            do throws(FFmpegError) {
                return try decoder?.receive() ?? nil
            } catch {
                try tolerate(error)
            }
        }
    }

    /// Broken input costs its own sample only.
    private func tolerate(_ error: FFmpegError) throws(TranscodeError) {
        guard error.isBadInput else { throw .codec(error) }
        brokenSamples += 1
    }
}
