import Captions
import FFmpeg
package import Media

/// Makes the ladder of one publication: coded samples in, coded samples of every rung out, all on the epoch's clock.
///
/// Used from one thread at a time; it encodes on threads of its own, and `push` blocks while they are behind.
/// What comes out of `push` and `finish` is in order within each track; tracks run apart by what encoders hold back.
package final class TranscodeSession {
    private let plan: LadderPlan
    private let anchor: TimeAnchor
    private let limits: TranscodeLimits
    private var mapping: TimeMapping
    private let video: VideoLadder?
    /// One for each of the publisher's audio tracks that a rung takes.
    private let audio: [AudioLadder]
    /// In the plan's order; the first leads.
    private var copies: [VideoCopy]
    private var captions: CaptionLadder
    private var boundaries: SegmentBoundaries
    private var isVideoConfigured = false
    /// Decoding can begin at a key frame only.
    private var waitsForSync = true
    /// The anchor has been moved so that the first picture lies exactly on the frame grid.
    private var isOnGrid = false
    private var hasStarted = false
    private var lastVideo: Int64?
    private var lastAudio: [UInt8: Int64] = [:]
    private var firstAudio: Int64?
    private var counts = TranscodeStatistics()

    /// Composition offsets beyond this are not believed: 10 s.
    private static let mostCompositionMilliseconds: Int32 = 10_000
    /// Sound for this long without any picture means that there is none: 10 s.
    private static let videoWaitMilliseconds: Int64 = 10_000

    /// - Throws: `invalidLadder`, `invalidTime`.
    package init(ladder: Ladder, anchor: TimeAnchor, limits: TranscodeLimits = .init()) throws(TranscodeError) {
        plan = try LadderPlan(ladder)
        boundaries = SegmentBoundaries(plan.segments)
        captions = CaptionLadder(plan)
        mapping = try TimeMapping(anchor)
        self.anchor = anchor
        self.limits = limits
        video =
            plan.encodedVideo.isEmpty
            ? nil
            : VideoLadder(
                plan: plan, limits: limits, firstAllowedSegment: anchor.firstAllowedSegment,
                // Each thread but one delays the output by a frame.
                decoderThreads: ladder.isLowLatency ? 1 : min(4, processorCount() + 1))
        var audio: [AudioLadder] = []
        for rung in ladder.audio where !audio.contains(where: { $0.trackID == rung.trackID }) {
            audio.append(AudioLadder(plan: plan, limits: limits, trackID: rung.trackID))
        }
        self.audio = audio
        let plan = plan
        copies = plan.copiedVideo.map {
            VideoCopy(ladder.video[$0], index: $0, plan: plan, firstAllowedSegment: anchor.firstAllowedSegment)
        }
    }

    /// Where this ladder's segments begin.
    package var segments: SegmentGrid { plan.segments }

    package var statistics: TranscodeStatistics {
        var statistics = counts
        statistics.decodedFrames = video?.decodedFrames ?? 0
        statistics.brokenSamples += audio.reduce(video?.brokenSamples ?? 0) { $0 + $1.brokenSamples }
        (statistics.repeatedFrames, statistics.droppedFrames) = video?.counts ?? (0, 0)
        statistics.silentSamples = audio.reduce(0) { $0 + $1.silentSamples }
        statistics.blackMilliseconds = video?.blackMilliseconds ?? 0
        statistics.silentMilliseconds = audio.compactMap(\.silentMilliseconds).min() ?? 0
        return statistics
    }

    /// Says how the video samples of a track that follow are coded; repeating the same changes nothing. Whatever NAL
    /// unit length size it names, samples come with 4 bytes. Tracks that no rung takes may be named.
    ///
    /// - Throws: `sourceChanged` where a rung copies and has begun; `cannotCopy`.
    package func configure(video format: VideoFormat, track: UInt8 = 0) throws(TranscodeError) {
        // Samples come with 4-byte lengths, whatever the publisher used.
        let format = format.withFourByteLengths
        for (place, index) in plan.copiedVideo.enumerated() where plan.ladder.video[index].trackID == track {
            try copies[place].configure(format)
        }
        guard track == plan.leadingVideoTrack else { return }
        captions.configure(format)
        try video?.configure(format, mapping: mapping)
        isVideoConfigured = true
    }

    /// Says how the audio samples of a track that follow are coded; repeating the same changes nothing. Tracks that no
    /// rung takes may be named.
    ///
    /// - Throws: `sourceChanged` where a rung copies and has begun; `cannotCopy`.
    package func configure(audio format: AudioFormat, track: UInt8 = 0) throws(TranscodeError) {
        for ladder in audio where ladder.trackID == track { try ladder.configure(format) }
    }

    /// Moves everything that follows by a little, in 90 kHz ticks: the publisher's clock drifts.
    package func shift(by ticks: Int64) { mapping.shift(by: ticks) }

    /// Takes one picture. Before the configuration, and until the first key frame, it is dropped.
    ///
    /// - Throws: `inputJump` before taking it; `sourceGOPTooLong`; errors of the encoders.
    package func push(video sample: InputSample, track: UInt8 = 0) throws(TranscodeError) -> [TranscodeOutput] {
        // Before anything is collected, which a throw would lose.
        if track == plan.leadingVideoTrack, !plan.ladder.video.isEmpty { try refuseJump(of: sample) }
        var outputs: [TranscodeOutput] = []
        try video?.collect(into: &outputs)
        guard plan.usesVideo(track: track) else { return outputs }
        guard track == plan.leadingVideoTrack else {
            try pass(sample, ofOther: track, to: &outputs)
            return outputs
        }
        lastVideo = sample.decodeMilliseconds
        counts.videoSamples += 1
        let most = Self.mostCompositionMilliseconds
        guard !sample.data.isEmpty, (-most...most).contains(sample.compositionMilliseconds) else {
            counts.brokenSamples += 1
            return outputs
        }
        guard isVideoConfigured, sample.isSync || !waitsForSync else { return outputs }
        waitsForSync = false
        if !isOnGrid { try moveOntoGrid(sample) }

        let decodeTime = try mapping.time(of: sample)
        if let cut = try pass(sample, toCopy: 0, decodeTime: decodeTime, to: &outputs) {
            video?.cut(cut)
            if !hasStarted { try begin(at: cut.time, to: &outputs) }
            for ladder in audio { ladder.cut(cut) }
            captions.cut(cut)
        }
        try video?.push(sample, mapping: mapping)
        if !hasStarted, let start = video?.start { try begin(at: start, to: &outputs) }
        for ladder in audio { try ladder.videoAdvanced(to: decodeTime, outputs: &outputs) }
        if !captions.isEmpty {
            captions.push(
                sample.data, presentationTime: try mapping.presentationTime(of: sample), decodeTime: decodeTime,
                to: &outputs)
        }
        try video?.collect(into: &outputs)
        return outputs
    }

    /// Takes one block of sound. Before the configuration it is dropped.
    ///
    /// - Throws: `inputJump` before taking it; `noVideo`; errors of the encoders.
    package func push(audio sample: InputSample, track: UInt8 = 0) throws(TranscodeError) -> [TranscodeOutput] {
        let time = sample.decodeMilliseconds
        let ladder = audio.first { $0.trackID == track }
        // Before anything is collected, which a throw would lose.
        if ladder != nil, let last = lastAudio[track], isJump(from: last, to: time),
            lastVideo.map({ isJump(from: $0, to: time) }) ?? true
        {
            throw .inputJump(from: last, to: time)
        }
        var outputs: [TranscodeOutput] = []
        try video?.collect(into: &outputs)
        guard let ladder else { return outputs }
        lastAudio[track] = time
        counts.audioSamples += 1
        guard !sample.data.isEmpty else {
            counts.brokenSamples += 1
            return outputs
        }
        if plan.ladder.video.isEmpty {
            if !hasStarted { try beginWithAudio(sample, to: &outputs) }
        } else if lastVideo == nil {
            firstAudio = firstAudio ?? time
            if let firstAudio, time - firstAudio > Self.videoWaitMilliseconds { throw .noVideo }
        }
        try ladder.push(sample, mapping: mapping, to: &outputs)
        return outputs
    }

    /// What follows is another recording: its sound is put in its place exactly, whatever jitter and drift were before.
    package func join() { for ladder in audio { ladder.join() } }

    /// Nothing more comes: everything held back goes out. To be called once.
    package func finish() throws(TranscodeError) -> [TranscodeOutput] {
        var outputs: [TranscodeOutput] = []
        try video?.finish(mapping: mapping, into: &outputs)
        for index in copies.indices { outputs += copies[index].finish() }
        for ladder in audio { try ladder.finish(to: &outputs) }
        captions.finish(to: &outputs)
        return outputs
    }

    /// A splice is to be at a time of the publisher's clock: every encoded rung has an IDR there, and where the ladder
    /// cuts at splices and nothing stands against it, a segment begins in every track. What is copied is cut at the
    /// source's next IDR.
    ///
    /// - Returns: when it is, in 90 kHz ticks since the epoch, on the frame grid.
    package func splice(
        atMilliseconds milliseconds: Int64
    ) throws(TranscodeError) -> (time: Int64, outputs: [TranscodeOutput]) {
        try splice(at: try mapping.time(ofMilliseconds: milliseconds))
    }

    /// Where a time of the publisher's clock lies, in 90 kHz ticks since the epoch; nil where it lies nowhere.
    package func time(ofMilliseconds milliseconds: Int64) -> Int64? {
        try? mapping.time(ofMilliseconds: milliseconds)
    }

    /// - Parameter time: in 90 kHz ticks since the epoch.
    package func splice(at time: Int64) throws(TranscodeError) -> (time: Int64, outputs: [TranscodeOutput]) {
        let time = plan.leadingGrid.map { $0.time(of: $0.nearest(to: time)) } ?? time
        let edge = try lastVideo.map { value throws(TranscodeError) in try mapping.time(ofMilliseconds: value) } ?? 0
        // What is said again within a break asks for nothing.
        guard time >= edge - 90_000 else { return (time, []) }
        var moves: [SegmentBoundaries.Move] = []
        if plan.ladder.cutsAtSplices, !plan.ladder.video.isEmpty {
            moves = boundaries.moves(to: time, notBefore: max(edge, video?.latest ?? 0), on: plan.leadingGrid)
        }
        video?.splice(at: time, moves)
        for move in moves {
            boundaries.apply(move)
            for index in copies.indices { copies[index].apply(move) }
            for ladder in audio { ladder.apply(move) }
            captions.apply(move)
        }
        return (time, moves.map { .move($0) })
    }

    private func refuseJump(of sample: InputSample) throws(TranscodeError) {
        guard let lastVideo, isJump(from: lastVideo, to: sample.decodeMilliseconds) else { return }
        throw .inputJump(from: lastVideo, to: sample.decodeMilliseconds)
    }

    private func isJump(from last: Int64, to next: Int64) -> Bool {
        let (step, overflow) = next.subtractingReportingOverflow(last)
        return overflow || step > limits.holeMilliseconds || step < -limits.backstepMilliseconds
    }

    /// Moves the anchor by up to half a frame: pictures then lie near the middle of their places, where jitter of a
    /// few milliseconds neither doubles nor loses one.
    private func moveOntoGrid(_ sample: InputSample) throws(TranscodeError) {
        isOnGrid = true
        guard let grid = plan.leadingGrid else { return }
        let time = try mapping.presentationTime(of: sample)
        mapping.shift(by: grid.time(of: grid.nearest(to: time)) - time)
    }

    /// Gives the sample to a rung that copies, where there is one; returns where that begins a segment.
    private func pass(
        _ sample: InputSample, toCopy place: Int, decodeTime: Int64, to outputs: inout [TranscodeOutput]
    ) throws(TranscodeError) -> SourceCut? {
        guard place < copies.count else { return nil }
        let presentationTime = try mapping.presentationTime(of: sample)
        guard
            let result = try copies[place].push(sample, presentationTime: presentationTime, decodeTime: decodeTime)
        else {
            counts.brokenSamples += 1
            return nil
        }
        outputs += result.outputs
        return result.cut
    }

    /// Gives the sample of a track that does not lead to the rung that copies it. One that is far from the leading
    /// track's time is dropped: that track's clock is the input's.
    private func pass(
        _ sample: InputSample, ofOther track: UInt8, to outputs: inout [TranscodeOutput]
    ) throws(TranscodeError) {
        guard let place = plan.copiedVideo.firstIndex(where: { plan.ladder.video[$0].trackID == track }) else { return }
        counts.videoSamples += 1
        let most = Self.mostCompositionMilliseconds
        guard !sample.data.isEmpty, (-most...most).contains(sample.compositionMilliseconds),
            lastVideo.map({ !isJump(from: $0, to: sample.decodeMilliseconds) }) ?? true
        else {
            counts.brokenSamples += 1
            return
        }
        // At the same moment it may come first.
        lastVideo = lastVideo ?? sample.decodeMilliseconds
        _ = try pass(sample, toCopy: place, decodeTime: try mapping.time(of: sample), to: &outputs)
    }

    private func begin(at time: Int64, to outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        hasStarted = true
        for ladder in audio { try ladder.start(at: time, mapping: mapping, to: &outputs) }
        captions.start(at: time, to: &outputs)
    }

    /// Without video the sound itself says where the output begins.
    private func beginWithAudio(
        _ sample: InputSample, to outputs: inout [TranscodeOutput]
    ) throws(TranscodeError) {
        let allowed = plan.segments.start(of: anchor.firstAllowedSegment, timescale: TimeMapping.timescale)
        try begin(at: max(allowed, try mapping.time(ofMilliseconds: sample.decodeMilliseconds)), to: &outputs)
    }
}

extension TimeMapping {
    fileprivate func time(of sample: InputSample) throws(TranscodeError) -> Int64 {
        try time(ofMilliseconds: sample.decodeMilliseconds, nanoseconds: sample.nanoseconds)
    }

    fileprivate func presentationTime(of sample: InputSample) throws(TranscodeError) -> Int64 {
        try time(ofMilliseconds: sample.presentationMilliseconds, nanoseconds: sample.nanoseconds)
    }
}
