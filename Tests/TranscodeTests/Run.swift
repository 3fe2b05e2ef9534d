import FFmpeg
import Media
import TestClips
import Transcode

/// A session fed with a clip, and what came out, by track.
struct Run {
    struct Coded {
        var sample: Sample
        var segmentNumber: UInt64
        var startsSegment: Bool
    }

    /// 2026-01-01 00:00:00.250 UTC: in mid-segment for every segment duration.
    static let epochMilliseconds: Int64 = 1_767_225_600_250

    var tracks: [Int: Track] = [:]
    var samples: [Int: [Coded]] = [:]
    /// Of tracks that come a segment at a time.
    var whole: [Int: [(number: UInt64, samples: [Sample])]] = [:]
    var statistics = TranscodeStatistics()
    var segments: SegmentGrid
    var moves: [SegmentBoundaries.Move] = []
    /// Where splices came to lie, in 90 kHz ticks.
    var splices: [Int64] = []

    /// - Parameter splices: each told before the first picture decoded at `told`, for `at`; in the clip's milliseconds.
    init(
        _ ladder: Ladder, _ clip: Clip, anchor: TimeAnchor? = nil, limits: TranscodeLimits = .init(),
        hasAudio: Bool = true, splices: [(told: Int64, at: Int64)] = []
    ) throws {
        let anchor =
            anchor
            ?? TimeAnchor(
                inputMilliseconds: clip.samples.first?.decodeMilliseconds ?? 0,
                epochMilliseconds: Self.epochMilliseconds)
        let session = try TranscodeSession(ladder: ladder, anchor: anchor, limits: limits)
        segments = session.segments
        if !clip.videoConfiguration.isEmpty {
            try session.configure(video: .avc(AVCDecoderConfigurationRecord(parsing: clip.videoConfiguration)))
        }
        if !clip.audioConfiguration.isEmpty, hasAudio {
            try session.configure(audio: .aac(AudioSpecificConfig(parsing: clip.audioConfiguration)))
        }
        var splices = splices[...]
        for sample in clip.samples where sample.isVideo || hasAudio {
            while let next = splices.first, sample.decodeMilliseconds >= next.told {
                splices.removeFirst()
                let (time, outputs) = try session.splice(atMilliseconds: next.at)
                self.splices.append(time)
                try add(outputs)
            }
            try add(sample.isVideo ? session.push(video: sample.input) : session.push(audio: sample.input))
        }
        try add(session.finish())
        statistics = session.statistics
    }

    struct OutOfOrder: Error {}

    private mutating func add(_ outputs: [TranscodeOutput]) throws {
        for output in outputs {
            switch output {
            case .track(let index, let track):
                guard tracks[index] == nil else { throw OutOfOrder() }
                tracks[index] = track
            case .move(let move): moves.append(move)
            case .segment(let track, let samples, let number):
                guard tracks[track] != nil else { throw OutOfOrder() }
                whole[track, default: []].append((number, samples))
            case .sample(let track, let sample, let number, let startsSegment):
                guard tracks[track] != nil else { throw OutOfOrder() }
                samples[track, default: []].append(
                    Coded(sample: sample, segmentNumber: number, startsSegment: startsSegment))
            }
        }
    }

    /// The pictures of a video track, in presentation order, with their times.
    func pictures(_ track: Int) throws -> [(time: Int64, frame: Frame)] {
        guard case .avc(let configuration, _, _) = tracks[track]?.codec else { return [] }
        var decoder = try Decoder(.avc(configuration), threads: 1)
        var pictures: [(Int64, Frame)] = []
        for coded in samples[track] ?? [] {
            try decoder.send(coded.sample.data, presentationTime: coded.sample.presentationTime)
            while let frame = try decoder.receive() { pictures.append((frame.presentationTime ?? -1, frame)) }
        }
        try decoder.sendEnd()
        while let frame = try decoder.receive() { pictures.append((frame.presentationTime ?? -1, frame)) }
        return pictures
    }

    /// The first channel of an audio track, from the decode time of its first sample on.
    func sound(_ track: Int) throws -> [Float] {
        guard case .aac(let configuration) = tracks[track]?.codec else { return [] }
        var decoder = try Decoder(.aac(configuration))
        var resampler = Resampler(sampleRate: Int(configuration.sampleRate), channels: 1)
        var sound: [Float] = []
        for coded in samples[track] ?? [] {
            try decoder.send(coded.sample.data, presentationTime: coded.sample.decodeTime)
            while let frame = try decoder.receive() { sound += try resampler.convert(frame).channels[0] }
        }
        return sound
    }
}

extension Clip.Sample {
    var input: InputSample {
        InputSample(
            decodeMilliseconds: decodeMilliseconds, compositionMilliseconds: compositionMilliseconds, isSync: isSync,
            data: data)
    }
}

extension VideoRung {
    /// A rung that encodes quickly.
    static func quick(
        _ name: String, width: UInt16 = 160, height: UInt16 = 90, rate: FrameRate, gop: UInt32, bFrames: UInt8 = 2
    ) -> VideoRung {
        VideoRung(
            name: name, codec: .h264, width: width, height: height, frameRate: rate, bitrate: 200_000,
            profile: .main, gopSize: gop, bFrames: bFrames, preset: "superfast")
    }
}

extension AudioRung {
    static let stereo = AudioRung(name: "stereo", codec: .aac, bitrate: 96_000, sampleRate: 48000, channels: 2)
}

extension Ladder {
    init(_ video: [VideoRung], _ audio: [AudioRung] = [], segmentSeconds: UInt32 = 2) {
        self.init(
            video: video, audio: audio, segmentDurationSeconds: segmentSeconds, partDurationMilliseconds: 1000)
    }
}
