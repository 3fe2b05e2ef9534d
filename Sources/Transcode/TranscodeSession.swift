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
    private let audio: AudioLadder?
    private var copy: VideoCopy?
    private var isVideoConfigured = false
    /// Decoding can begin at a key frame only.
    private var waitsForSync = true
    /// The anchor has been moved so that the first picture lies exactly on the frame grid.
    private var isOnGrid = false
    private var hasStarted = false
    private var lastVideo: Int64?
    private var lastAudio: Int64?
    private var firstAudio: Int64?
    private var counts = TranscodeStatistics()

    /// Composition offsets beyond this are not believed: 10 s.
    private static let mostCompositionMilliseconds: Int32 = 10_000
    /// Sound for this long without any picture means that there is none: 10 s.
    private static let videoWaitMilliseconds: Int64 = 10_000

    /// - Throws: `invalidLadder`, `invalidTime`.
    package init(ladder: Ladder, anchor: TimeAnchor, limits: TranscodeLimits = .init()) throws(TranscodeError) {
        plan = try LadderPlan(ladder)
        mapping = try TimeMapping(anchor)
        self.anchor = anchor
        self.limits = limits
        video =
            plan.encodedVideo.isEmpty
            ? nil
            : VideoLadder(
                plan: plan, limits: limits, firstAllowedSegment: anchor.firstAllowedSegment,
                decoderThreads: min(4, processorCount() + 1))
        audio = ladder.audio.isEmpty ? nil : AudioLadder(plan: plan, limits: limits)
        copy = plan.copiedVideo.map {
            VideoCopy(ladder.video[$0], index: $0, plan: plan, firstAllowedSegment: anchor.firstAllowedSegment)
        }
    }

    /// Where this ladder's segments begin.
    package var segments: SegmentGrid { plan.segments }

    package var statistics: TranscodeStatistics {
        var statistics = counts
        statistics.decodedFrames = video?.decodedFrames ?? 0
        statistics.brokenSamples += (video?.brokenSamples ?? 0) + (audio?.brokenSamples ?? 0)
        (statistics.repeatedFrames, statistics.droppedFrames) = video?.counts ?? (0, 0)
        statistics.silentSamples = audio?.silentSamples ?? 0
        return statistics
    }

    /// Says how the video samples that follow are coded; repeating the same changes nothing. Whatever NAL unit length
    /// size it names, samples come with 4 bytes.
    ///
    /// - Throws: `sourceChanged` where a rung copies and has begun.
    package func configure(video configuration: AVCDecoderConfigurationRecord) throws(TranscodeError) {
        // Samples come with 4-byte lengths, whatever the publisher used.
        let configuration = configuration.withFourByteLengths
        try copy?.configure(configuration)
        try video?.configure(configuration, mapping: mapping)
        isVideoConfigured = true
    }

    /// Says how the audio samples that follow are coded; repeating the same changes nothing.
    ///
    /// - Throws: `sourceChanged` where a rung copies and has begun.
    package func configure(audio configuration: AudioSpecificConfig) throws(TranscodeError) {
        try audio?.configure(configuration)
    }

    /// Takes one picture. Before the configuration, and until the first key frame, it is dropped.
    ///
    /// - Throws: `inputJump` before taking it; `sourceGOPTooLong`; errors of the encoders.
    package func push(video sample: InputSample) throws(TranscodeError) -> [TranscodeOutput] {
        // Before anything is collected, which a throw would lose.
        if !plan.ladder.video.isEmpty { try refuseJump(of: sample) }
        var outputs: [TranscodeOutput] = []
        try video?.collect(into: &outputs)
        guard !plan.ladder.video.isEmpty else { return outputs }
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

        let decodeTime = try mapping.time(ofMilliseconds: sample.decodeMilliseconds)
        try pass(sample, decodeTime: decodeTime, to: &outputs)
        try video?.push(sample, mapping: mapping)
        if !hasStarted, let start = video?.start { try begin(at: start, to: &outputs) }
        try audio?.videoAdvanced(to: decodeTime, outputs: &outputs)
        try video?.collect(into: &outputs)
        return outputs
    }

    /// Takes one block of sound. Before the configuration it is dropped.
    ///
    /// - Throws: `inputJump` before taking it; `noVideo`; errors of the encoders.
    package func push(audio sample: InputSample) throws(TranscodeError) -> [TranscodeOutput] {
        let time = sample.decodeMilliseconds
        // Before anything is collected, which a throw would lose.
        if audio != nil, let lastAudio, isJump(from: lastAudio, to: time),
            lastVideo.map({ isJump(from: $0, to: time) }) ?? true
        {
            throw .inputJump(from: lastAudio, to: time)
        }
        var outputs: [TranscodeOutput] = []
        try video?.collect(into: &outputs)
        guard let audio else { return outputs }
        lastAudio = time
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
        try audio.push(sample, mapping: mapping, to: &outputs)
        return outputs
    }

    /// Nothing more comes: everything held back goes out. To be called once.
    package func finish() throws(TranscodeError) -> [TranscodeOutput] {
        var outputs: [TranscodeOutput] = []
        try video?.finish(mapping: mapping, into: &outputs)
        outputs += copy?.finish() ?? []
        try audio?.finish(to: &outputs)
        return outputs
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
        let copied = plan.copiedVideo.flatMap { plan.ladder.video[$0].frameRate }.map { FrameGrid(rate: $0) }
        guard let grid = plan.coarsestGrid ?? copied else { return }
        let time = try mapping.time(ofMilliseconds: sample.presentationMilliseconds)
        mapping.shift(by: grid.time(of: grid.nearest(to: time)) - time)
    }

    /// Gives the sample to the rung that copies.
    private func pass(
        _ sample: InputSample, decodeTime: Int64, to outputs: inout [TranscodeOutput]
    ) throws(TranscodeError) {
        guard copy != nil else { return }
        let presentationTime = try mapping.time(ofMilliseconds: sample.presentationMilliseconds)
        guard let result = try copy?.push(sample, presentationTime: presentationTime, decodeTime: decodeTime) else {
            counts.brokenSamples += 1
            return
        }
        outputs += result.outputs
        guard let cut = result.cut else { return }
        video?.cut(cut)
        if !hasStarted { try begin(at: cut.time, to: &outputs) }
        audio?.cut(cut)
    }

    private func begin(at time: Int64, to outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        hasStarted = true
        try audio?.start(at: time, mapping: mapping, to: &outputs)
    }

    /// Without video the sound itself says where the output begins.
    private func beginWithAudio(
        _ sample: InputSample, to outputs: inout [TranscodeOutput]
    ) throws(TranscodeError) {
        let allowed = plan.segments.start(of: anchor.firstAllowedSegment, timescale: TimeMapping.timescale)
        try begin(at: max(allowed, try mapping.time(ofMilliseconds: sample.decodeMilliseconds)), to: &outputs)
    }
}

extension AVCDecoderConfigurationRecord {
    /// The same parameter sets for samples whose NAL units lie behind 4-byte lengths.
    fileprivate var withFourByteLengths: AVCDecoderConfigurationRecord {
        guard nalUnitLengthSize != 4 else { return self }
        var bytes = self.bytes
        bytes[4] |= 3
        do throws(ParseError) { return try AVCDecoderConfigurationRecord(parsing: bytes) } catch { return self }
    }
}
