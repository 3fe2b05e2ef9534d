import Media

/// The rung that passes the source's pictures through: times re-clocked, segments cut where the source has an IDR.
struct VideoCopy {
    /// What one input sample led to.
    struct Result {
        var outputs: [TranscodeOutput] = []
        var cut: SourceCut?
    }

    private let index: Int
    private let rung: VideoRung
    private let grid: FrameGrid?
    private var segments: SegmentBoundaries
    private let segmentSeconds: UInt32
    /// In 90 kHz ticks.
    private let longestSegment: Int64
    private let firstAllowedSegment: UInt64

    private var format: VideoFormat?
    private var isTrackKnown = false
    /// Ticks by which decode times are later than the source's, so that an IDR's is its presentation time.
    private var shift: Int64 = 0
    private var reorderDelay: Int64 = 0
    private var segmentNumber: UInt64?
    private var segmentStart: Int64 = 0
    /// Held back until the next sample's decode time tells its duration.
    private var held: (sample: Sample, startsSegment: Bool)?
    private var lastDuration: UInt32

    /// Whether something was missing since the segment began.
    private var hasHole = false

    /// Between two pictures: half a second.
    private static let hole: Int64 = 45_000
    /// How far an IDR may lie before a boundary and still begin that segment, when no frame rate is known: 20 ms.
    private static let tolerance: Int64 = 1800

    init(_ rung: VideoRung, index: Int, plan: LadderPlan, firstAllowedSegment: UInt64) {
        self.index = index
        self.rung = rung
        self.firstAllowedSegment = firstAllowedSegment
        grid = rung.frameRate.map { FrameGrid(rate: $0) }
        segments = SegmentBoundaries(plan.segments)
        segmentSeconds = plan.ladder.segmentDurationSeconds
        longestSegment =
            plan.ladder.longestSegment(of: rung).rescaled(to: TimeMapping.timescale, rounding: .up).value
        lastDuration = grid?.duration(of: 0) ?? 3000
    }

    mutating func apply(_ move: SegmentBoundaries.Move) { segments.apply(move) }

    /// - Throws: `sourceChanged` when samples have gone out under another configuration; `cannotCopy`.
    mutating func configure(_ format: VideoFormat) throws(TranscodeError) {
        guard format != self.format else { return }
        guard !isTrackKnown else { throw .sourceChanged }
        guard format != .vp9 else {
            throw .cannotCopy(rung: rung.name, format: format.name, others: "H.264, HEVC or AV1")
        }
        self.format = format
    }

    /// - Parameters: presentationTime, decodeTime: in 90 kHz ticks since the epoch.
    /// - Returns: nil for a sample that cannot be used.
    mutating func push(
        _ sample: InputSample, presentationTime: Int64, decodeTime: Int64
    ) throws(TranscodeError) -> Result? {
        guard let format, let beginsSegment = Self.beginsSegment(sample.data, format) else { return nil }
        var result = Result()
        let isSync = sample.isSync && beginsSegment
        if !isTrackKnown {
            guard isSync else { return result }
            let number = segments.number(at: snapped(presentationTime) + halfFrame, timescale: TimeMapping.timescale)
            guard number >= firstAllowedSegment else { return result }
        }
        if isSync { shift = max(0, presentationTime - decodeTime) }
        if !isTrackKnown {
            guard let track = track(format) else { return nil }
            result.outputs.append(track)
            isTrackKnown = true
        }

        let time = later(
            than: held?.sample.decodeTime, isSync ? snapped(presentationTime) : snapped(decodeTime + shift))
        let presentation = isSync ? time : max(snapped(presentationTime), time - reorderDelay)
        let number = segments.number(at: time + halfFrame, timescale: TimeMapping.timescale)
        if let held, time - held.sample.decodeTime > Self.hole { hasHole = true }
        if let current = segmentNumber,
            number > current + 1 || time - segmentStart > longestSegment + Self.tolerance
        {
            // An IDR that is missing because everything is says nothing of how far apart they are.
            if hasHole { throw .inputJump(from: (held?.sample.decodeTime ?? time) / 90, to: time / 90) }
            throw .sourceGOPTooLong(segmentSeconds: segmentSeconds, longestGOPSeconds: rung.longestGOPSeconds)
        }
        release(nextDecodeTime: time, to: &result.outputs)
        let startsSegment = isSync && number != segmentNumber
        if startsSegment {
            hasHole = false
            segmentNumber = number
            segmentStart = time
            result.cut = SourceCut(time: time, number: number)
        }
        let coded = Sample(
            decodeTime: time, compositionOffset: Int32(clamping: presentation - time), duration: lastDuration,
            isSync: isSync, data: sample.data)
        held = (coded, startsSegment)
        return result
    }

    mutating func finish() -> [TranscodeOutput] {
        var outputs: [TranscodeOutput] = []
        if let held { release(nextDecodeTime: held.sample.decodeTime + Int64(lastDuration), to: &outputs) }
        return outputs
    }

    private mutating func release(nextDecodeTime: Int64, to outputs: inout [TranscodeOutput]) {
        guard let held, let segmentNumber else { return }
        var sample = held.sample
        sample.duration = UInt32(clamping: nextDecodeTime - sample.decodeTime)
        lastDuration = sample.duration
        outputs.append(
            .sample(track: index, sample, segmentNumber: segmentNumber, startsSegment: held.startsSegment))
        self.held = nil
    }

    /// Whether nothing that follows needs what came before: an IDR picture; in AV1 the publisher's word, which was
    /// checked, is enough. Nil for a broken sample.
    ///
    /// HEVC's other random access points may have leading pictures that refer back.
    private static func beginsSegment(_ data: [UInt8], _ format: VideoFormat) -> Bool? {
        switch format {
        case .avc: NALUnits.hasIDR(data)
        case .hevc: NALUnits.ranges(in: data)?.contains { HEVCNALUnitType(rawValue: data[$0.lowerBound] >> 1).isIDR }
        case .av1, .vp9: true
        }
    }

    private mutating func track(_ format: VideoFormat) -> TranscodeOutput? {
        let codec: CodecConfiguration
        do throws(ParseError) { codec = try format.codecConfiguration() } catch { return nil }
        // A source writes PTS >= DTS, so no picture is shown earlier before its new decode time than the shift;
        // 2 ms more because both were rounded to milliseconds.
        reorderDelay = shift == 0 ? 0 : (grid.map { $0.time(of: $0.nearest(to: shift)) } ?? (shift + 180))
        return .track(
            index: index,
            Track(
                name: rung.name, timescale: TimeMapping.timescale, codec: codec,
                reorderDelay: UInt32(clamping: reorderDelay), frameRate: rung.frameRate))
    }

    private var halfFrame: Int64 { grid.map { $0.time(of: 1) / 2 } ?? Self.tolerance }

    private func snapped(_ time: Int64) -> Int64 { grid.map { $0.time(of: $0.nearest(to: time)) } ?? time }

    /// `time`, or the earliest time after `previous`.
    private func later(than previous: Int64?, _ time: Int64) -> Int64 {
        guard let previous, time <= previous else { return time }
        return grid.map { $0.time(of: $0.nearest(to: previous) + 1) } ?? (previous + 1)
    }
}
