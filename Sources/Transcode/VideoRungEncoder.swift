import FFmpeg
import Media

/// A place in time where a segment begins because the source has an IDR there.
struct SourceCut: Sendable, Equatable {
    /// In 90 kHz ticks.
    let time: Int64
    let number: UInt64
}

/// One encoded rung: pictures of its size in, samples on its grid out. Used by one thread.
final class VideoRungEncoder {
    private let plan: LadderPlan.EncodedRung
    private let isLowLatency: Bool
    private var cadence: FrameCadence<Frame>
    private var encoder: VideoEncoder?
    private let firstIndex: Int64
    /// Samples given out: in decode order they take the grid's places one by one.
    private var samplesOut: Int64 = 0
    /// Cuts whose IDR is inside the encoder.
    private var pendingCuts: [(index: Int64, number: UInt64)] = []
    /// Places of splices that no frame has reached yet.
    private var splices: [Int64] = []
    private var segments: FrameSegments
    /// Where GOPs are counted from when following the source.
    private var lastCutIndex: Int64
    private var segmentNumber: UInt64 = 0
    private let sourceHeight: Int

    private static let mostSplices = 64

    var repeated: UInt64 { cadence.repeated }
    var dropped: UInt64 { cadence.dropped }

    /// - Parameters:
    ///   - start: in 90 kHz ticks; the first frame lies on the first place of the grid from there on.
    ///   - sourceHeight: of the pictures before scaling, for guessing unspecified colours.
    init(
        _ plan: LadderPlan.EncodedRung, segments: SegmentGrid, followsSource: Bool, isLowLatency: Bool, start: Int64,
        sourceHeight: Int
    ) {
        self.plan = plan
        self.isLowLatency = isLowLatency
        self.sourceHeight = sourceHeight
        firstIndex = plan.grid.first(atOrAfter: start)
        self.segments = FrameSegments(
            grid: plan.grid, first: firstIndex, segments: segments, followsSource: followsSource)
        lastCutIndex = firstIndex
        cadence = FrameCadence(grid: plan.grid, first: firstIndex)
    }

    func cut(_ cut: SourceCut) { segments.cut(cut) }

    /// The frame at a time, or the first one that comes after, is an IDR.
    func splice(at time: Int64, _ moves: [SegmentBoundaries.Move]) {
        // Bounded; who splices so often has an IDR nearby.
        if splices.count < Self.mostSplices { splices.append(max(firstIndex, plan.grid.nearest(to: time))) }
        segments.apply(moves)
    }

    func add(_ picture: Frame, at time: Int64, to outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        for emission in cadence.add(picture, at: time) { try encode(emission, to: &outputs) }
    }

    func finish(_ outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        for emission in cadence.finish() { try encode(emission, to: &outputs) }
        guard encoder != nil else { return }
        try translating { () throws(FFmpegError) in try encoder?.sendEnd() }
        try drain(to: &outputs)
    }

    private func encode(
        _ emission: FrameCadence<Frame>.Emission, to outputs: inout [TranscodeOutput]
    ) throws(TranscodeError) {
        if encoder == nil { try open(for: emission.picture, to: &outputs) }
        if let number = segments.begins(at: emission.index) {
            pendingCuts.append((emission.index, number))
            lastCutIndex = emission.index
        }
        let gopStart = segments.followsSource ? lastCutIndex : 0
        let isSplice = splices.contains { $0 <= emission.index }
        splices.removeAll { $0 <= emission.index }
        let forceIDR =
            isSplice || emission.index == lastCutIndex
            || (emission.index - gopStart) % Int64(plan.rung.gopSize) == 0
        try translating { () throws(FFmpegError) in
            try encoder?.send(
                emission.picture, at: emission.index - firstIndex, forceIDR: forceIDR, isRepeated: emission.isRepeated)
        }
        try drain(to: &outputs)
    }

    private func open(for picture: Frame, to outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        let rung = plan.rung
        var settings = VideoEncoderSettings(
            width: Int(rung.width), height: Int(rung.height),
            frameRate: (Int(plan.grid.rate.numerator), Int(plan.grid.rate.denominator)), bitrate: Int(rung.bitrate))
        settings.isConstantBitrate = rung.rateControl == .cbr
        settings.profile =
            switch rung.profile {
            case .baseline: "baseline"
            case .main: "main"
            case .high: "high"
            }
        settings.level = Int(rung.level)
        settings.maximumGOP = segments.followsSource ? nil : Int(rung.gopSize)
        settings.bFrames = rung.profile == .baseline ? 0 : Int(rung.bFrames)
        settings.preset = rung.preset
        settings.isLowLatency = isLowLatency
        settings.colour = picture.colour.resolved(sourceHeight: sourceHeight)
        let opened = try translating { () throws(FFmpegError) in try VideoEncoder(settings) }
        let configuration: AVCDecoderConfigurationRecord
        do throws(ParseError) {
            configuration = try NALUnits.configuration(from: opened.parameterSets)
        } catch {
            throw .invalidLadder("\(rung.name): the encoder's parameter sets: \(error)")
        }
        let delay = Int64(opened.reorderFrames)
        outputs.append(
            .track(
                index: plan.index,
                Track(
                    name: rung.name, timescale: TimeMapping.timescale,
                    codec: .avc(configuration, width: rung.width, height: rung.height),
                    // One tick more where frames are not whole ticks: their times are rounded one by one.
                    reorderDelay: delay == 0
                        ? 0 : UInt32(clamping: plan.grid.time(of: delay) + (plan.grid.isWholeTicks ? 0 : 1)),
                    frameRate: plan.grid.rate)))
        encoder = consume opened
    }

    private func drain(to outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        while let packet = try translating({ () throws(FFmpegError) in try encoder?.receive() }) ?? nil {
            let place = firstIndex + samplesOut
            samplesOut += 1
            let presentationIndex = firstIndex + packet.presentationTime
            var startsSegment = false
            if packet.isSync, let cut = pendingCuts.first, cut.index == presentationIndex {
                segmentNumber = cut.number
                startsSegment = true
                pendingCuts.removeFirst()
            }
            let decodeTime = plan.grid.time(of: place)
            let sample = Sample(
                decodeTime: decodeTime,
                compositionOffset: Int32(clamping: plan.grid.time(of: presentationIndex) - decodeTime),
                duration: plan.grid.duration(of: place), isSync: packet.isSync, data: packet.data)
            outputs.append(
                .sample(
                    track: plan.index, sample, segmentNumber: segmentNumber, startsSegment: startsSegment))
        }
    }
}
