import ChunkStream
import FLV
import Media
import RTMPServer
import Transcode

/// The line from RTMP messages to chunks: demuxer, clock, ladder, cutter. No sockets, no clock of its own.
///
/// Where the input's clock jumps or its format changes under a copying rung, the ladder is started anew at the wall's
/// time, and a discontinuity says so; the publication goes on.
struct IngestLine: ~Copyable {
    /// Why a publication cannot go on, in words for the encoder's owner.
    struct Ended: Error {
        let reason: String
    }

    /// New starts allowed within a minute, before the input counts as broken.
    private static let restartsPerMinute = 12

    private let ladder: Ladder
    private var demuxer = Demuxer()
    private var cutter: ChunkCutter
    private var session: TranscodeSession?
    private var videoConfiguration: AVCDecoderConfigurationRecord?
    private var audioConfiguration: AudioSpecificConfig?
    private var firstSegment: UInt64
    private var restarts: [Int64] = []
    private var videoSamples: UInt64 = 0
    private var audioSamples: UInt64 = 0
    private var finished = TranscodeStatistics()
    private var firstTime: Int64?
    private var lastTime: Int64 = 0

    init(ladder: Ladder, firstSegment: UInt64) {
        self.ladder = ladder
        self.firstSegment = firstSegment
        cutter = ChunkCutter(ladder: ladder)
    }

    mutating func take(_ message: RTMPMessage, wallMilliseconds: Int64) throws(Ended) -> [WorkerMessage] {
        let events: [Event]
        do throws(ParseError) {
            events = try demuxer.read(type: message.type, timestamp: message.timestamp, payload: message.payload)
        } catch {
            return [warning("a broken message of the encoder was passed over: \(error)")]
        }
        var messages: [WorkerMessage] = []
        for event in events { messages += try take(event, wallMilliseconds) }
        return messages
    }

    /// What is still held back, as the end of everything.
    mutating func finish() -> [WorkerMessage] {
        guard let session else { return cutter.finish() }
        self.session = nil
        finished = finished + session.statistics
        var messages: [WorkerMessage] = []
        do {
            for output in try session.finish() { messages += try cut(output) }
        } catch {
            messages.append(warning("the end of the stream is lost: \(error)"))
        }
        return messages + cutter.finish()
    }

    func fill(_ statistics: inout IngestStatistics) {
        let total = session.map { finished + $0.statistics } ?? finished
        statistics.videoSamplesReceived = videoSamples
        statistics.audioSamplesReceived = audioSamples
        statistics.framesRepeated = total.repeatedFrames
        statistics.framesDropped = total.droppedFrames
        statistics.decodeErrors = total.brokenSamples
        statistics.mediaMilliseconds = UInt64(clamping: lastTime - (firstTime ?? lastTime))
    }

    private mutating func take(_ event: Event, _ wall: Int64) throws(Ended) -> [WorkerMessage] {
        switch event {
        case .videoConfiguration(let configuration):
            videoConfiguration = configuration
            return try configure(wall) { session throws(TranscodeError) in
                try session.configure(video: configuration)
            }
        case .audioConfiguration(let configuration):
            audioConfiguration = configuration
            return try configure(wall) { session throws(TranscodeError) in
                try session.configure(audio: configuration)
            }
        case .video(let dts, let compositionOffset, let isSync, let data):
            videoSamples += 1
            firstTime = firstTime ?? dts
            lastTime = max(lastTime, dts)
            let sample = InputSample(
                decodeMilliseconds: dts, compositionMilliseconds: compositionOffset, isSync: isSync, data: data)
            // A ladder begins at a key frame: what lies before it cannot be decoded.
            return try push(sample, wall, canBegin: isSync && !ladder.video.isEmpty) {
                session, sample throws(TranscodeError) in try session.push(video: sample)
            }
        case .audio(let pts, let data):
            audioSamples += 1
            if ladder.video.isEmpty {
                firstTime = firstTime ?? pts
                lastTime = max(lastTime, pts)
            }
            return try push(InputSample(decodeMilliseconds: pts, data: data), wall, canBegin: ladder.video.isEmpty) {
                session, sample throws(TranscodeError) in try session.push(audio: sample)
            }
        case .unsupported(let text):
            return [warning("the encoder sends what is not taken: \(text)")]
        case .endOfSequence, .metadata, .message:
            return []
        }
    }

    private mutating func configure(
        _ wall: Int64, _ body: (TranscodeSession) throws(TranscodeError) -> Void
    ) throws(Ended) -> [WorkerMessage] {
        guard let session else { return [] }
        do throws(TranscodeError) {
            try body(session)
            return []
        } catch {
            guard case .sourceChanged = error else { throw Ended(reason: "\(error)") }
            try countRestart(wall, because: error)
            return restart(because: "\(error)")
        }
    }

    private typealias Push = (TranscodeSession, InputSample) throws(TranscodeError) -> [TranscodeOutput]

    /// - Parameter canBegin: whether a ladder may be anchored at this sample.
    private mutating func push(
        _ sample: InputSample, _ wall: Int64, canBegin: Bool, _ body: Push
    ) throws(Ended) -> [WorkerMessage] {
        guard session != nil || canBegin else { return [] }
        do throws(TranscodeError) { return try give(sample, wall, body) } catch {
            switch error {
            case .inputJump, .sourceChanged: break
            default: throw Ended(reason: "\(error)")
            }
            try countRestart(wall, because: error)
            let messages = restart(because: "\(error)")
            guard canBegin else { return messages }
            // The sample was not taken; a fresh ladder knows no jump.
            do throws(TranscodeError) { return messages + (try give(sample, wall, body)) } catch {
                throw Ended(reason: "\(error)")
            }
        }
    }

    private mutating func give(
        _ sample: InputSample, _ wall: Int64, _ body: Push
    ) throws(TranscodeError) -> [WorkerMessage] {
        let session = try openSession(sample, wall)
        var messages: [WorkerMessage] = []
        for output in try body(session, sample) { messages += try cutTranslating(output) }
        return messages
    }

    private mutating func openSession(_ sample: InputSample, _ wall: Int64) throws(TranscodeError) -> TranscodeSession {
        if let session { return session }
        let duration = ladder.segmentDuration
        // Segments in use are never used again. Where the wall's clock was set back behind them, time goes on from there.
        let (value, overflow) = Int64(clamping: firstSegment).multipliedReportingOverflow(by: duration.value)
        let free = overflow ? wall : Ticks(value, timescale: duration.timescale).milliseconds
        let epoch = free - wall > 2 * duration.milliseconds ? free : wall
        let session = try TranscodeSession(
            ladder: ladder,
            anchor: TimeAnchor(
                inputMilliseconds: sample.presentationMilliseconds, epochMilliseconds: epoch,
                firstAllowedSegment: firstSegment))
        if let videoConfiguration { try session.configure(video: videoConfiguration) }
        if let audioConfiguration { try session.configure(audio: audioConfiguration) }
        self.session = session
        return session
    }

    private mutating func countRestart(_ wall: Int64, because error: TranscodeError) throws(Ended) {
        restarts = restarts.filter { $0 > wall - 60_000 && $0 <= wall } + [wall]
        guard restarts.count <= Self.restartsPerMinute else {
            throw Ended(reason: "more than \(Self.restartsPerMinute) new starts in a minute: \(error)")
        }
    }

    /// Ends the ladder in order; the next sample that can begins a new one, with a discontinuity.
    private mutating func restart(because reason: String) -> [WorkerMessage] {
        let messages = finish()
        cutter = ChunkCutter(ladder: ladder)
        return messages + [warning("started anew: \(reason)")]
    }

    private mutating func cutTranslating(_ output: TranscodeOutput) throws(TranscodeError) -> [WorkerMessage] {
        do { return try cut(output) } catch {
            throw .invalidLadder("a track never came: \(ChunkCutter.maximumHeldMegabytes) MiB of the others were held")
        }
    }

    private mutating func cut(_ output: TranscodeOutput) throws(ChunkCutter.Overflow) -> [WorkerMessage] {
        if case .sample(_, _, let number, _) = output { firstSegment = max(firstSegment, number &+ 1) }
        return try cutter.add(output)
    }

    private func warning(_ text: String) -> WorkerMessage { .event(IngestEvent(level: .warning, text: text)) }
}

extension TranscodeStatistics {
    fileprivate static func + (left: TranscodeStatistics, right: TranscodeStatistics) -> TranscodeStatistics {
        var sum = left
        sum.videoSamples += right.videoSamples
        sum.audioSamples += right.audioSamples
        sum.brokenSamples += right.brokenSamples
        sum.decodedFrames += right.decodedFrames
        sum.repeatedFrames += right.repeatedFrames
        sum.droppedFrames += right.droppedFrames
        sum.silentSamples += right.silentSamples
        return sum
    }
}
