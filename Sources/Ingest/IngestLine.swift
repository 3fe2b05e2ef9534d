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

    /// How long a publication may do without a track that a rung is made of: 10 s.
    private static let trackWaitMilliseconds: Int64 = 10_000
    /// New starts allowed within a minute, before the input counts as broken.
    private static let restartsPerMinute = 12

    let ladder: Ladder
    /// Who sends, in words for the log.
    private let source: String
    private var demuxer = Demuxer()
    private var cutter: ChunkCutter
    private(set) var session: TranscodeSession?
    /// By the publisher's tracks.
    private var videoFormats: [UInt8: VideoFormat] = [:]
    private var audioFormats: [UInt8: AudioFormat] = [:]
    private var firstSegment: UInt64
    /// By the track's place in the ladder.
    private var timescales: [Int: UInt32] = [:]
    /// Where the last sample ended, in milliseconds since the epoch.
    private var usedUntil: Int64 = 0
    private var restarts: [Int64] = []
    private var videoSamples: UInt64 = 0
    private var audioSamples: UInt64 = 0
    private var finished = TranscodeStatistics()
    /// When the first picture or sound came.
    private var began: Int64?
    private var hasLookedForTracks = false
    private var firstTime: Int64?
    private var lastTime: Int64 = 0
    private var pace = InputPace()
    /// While it waits.
    private var held: HeldInput?
    /// What is added to an audio track's times where its clock is not the picture's.
    private var audioOffsets: [UInt8: Int64] = [:]
    var splices = SpliceDesk()

    /// More than what a ladder moves its first picture by to lie on the grid, in milliseconds.
    private static let margin: Int64 = 50
    /// Sound that comes this long, in milliseconds, before or after the picture of its time has a clock of its own.
    private static let mostApart: Int64 = 1500

    /// - Parameters:
    ///   - waits: makes nothing before `begin`.
    ///   - source: who sends.
    init(ladder: Ladder, firstSegment: UInt64, waits: Bool = false, source: String = "the encoder") {
        self.ladder = ladder
        self.source = source
        self.firstSegment = firstSegment
        cutter = ChunkCutter(ladder: ladder)
        if waits { wait() }
    }

    /// What comes waits for `begin`.
    var isWaiting: Bool { held != nil }

    /// Ends the ladder, whose rest is of no use, and keeps what comes.
    mutating func wait() {
        _ = finish()
        cutter = ChunkCutter(ladder: ladder)
        held =
            ladder.video.isEmpty
            ? HeldInput(duration: ladder.segmentDuration, leading: .audio, track: ladder.audio.first?.trackID ?? 0)
            : HeldInput(duration: ladder.segmentDuration, leading: .video, track: leadingVideoTrack)
    }

    /// Makes the ladder from a segment on.
    /// - Returns: what has come already, for `take`.
    mutating func begin(firstSegment: UInt64) -> [HeldInput.Item] {
        guard let held else { return [] }
        self.held = nil
        // Numbers that it made before were dropped where they are asked for again.
        self.firstSegment = firstSegment
        usedUntil = 0
        return held.items(from: firstSegment)
    }

    mutating func take(_ item: HeldInput.Item) throws(Ended) -> [WorkerMessage] { try take(item.event, item.now) }

    /// - Parameter now: milliseconds since the Unix epoch, of a clock that never leaps.
    mutating func take(_ message: RTMPMessage, now: Int64) throws(Ended) -> [WorkerMessage] {
        let events: [Event]
        do throws(ParseError) {
            events = try demuxer.read(type: message.type, timestamp: message.timestamp, payload: message.payload)
        } catch {
            return [warning("a broken message of \(source) was passed over: \(error)")]
        }
        var messages: [WorkerMessage] = []
        for event in events {
            count(event)
            guard let dropped = held?.append(event, now: now) else {
                messages += try take(event, now)
                continue
            }
            for event in dropped { messages += try take(event, now) }
        }
        if isWaiting { return messages }
        if !hasLookedForTracks, events.contains(where: \.isMedia) { messages += try lookForTracks(now) }
        return messages
    }

    /// How long to wait before more is taken, in milliseconds: media that runs ahead of the clock, such as a file sent
    /// at once, is held back in the encoder. At most a second, which is the most that one sample may add.
    func wait(now: Int64) -> Int64 {
        guard session != nil else { return 0 }
        let most = min(ladder.segmentDuration.milliseconds, 2000)
        return min(max(pace.lead(here: now) - most, 0), InputPace.leapMilliseconds)
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
        statistics.blackMilliseconds = UInt64(clamping: total.blackMilliseconds)
        statistics.silentMilliseconds = UInt64(clamping: total.silentMilliseconds)
        statistics.heldSegment = held?.firstWhole ?? 0
        statistics.mediaMilliseconds = UInt64(clamping: lastTime - (firstTime ?? lastTime))
    }

    private mutating func count(_ event: Event) {
        switch event {
        case .video: videoSamples += 1
        case .audio: audioSamples += 1
        default: break
        }
    }

    private mutating func take(_ event: Event, _ now: Int64) throws(Ended) -> [WorkerMessage] {
        switch event {
        case .videoConfiguration(let format, let track):
            let isNew = videoFormats.updateValue(format, forKey: track) == nil
            guard uses(.video, track) else { return isNew ? [unused(.video, track, format.name)] : [] }
            return try configure(now) { session throws(TranscodeError) in
                try session.configure(video: format, track: track)
            }
        case .audioConfiguration(let format, let track):
            let isNew = audioFormats.updateValue(format, forKey: track) == nil
            guard uses(.audio, track) else { return isNew ? [unused(.audio, track, format.name)] : [] }
            return try configure(now) { session throws(TranscodeError) in
                try session.configure(audio: format, track: track)
            }
        case .video(let track, let dts, let nanoseconds, let compositionOffset, let isSync, let data):
            firstTime = firstTime ?? dts
            lastTime = max(lastTime, dts)
            guard uses(.video, track) else { return [] }
            let sample = InputSample(
                decodeMilliseconds: dts, nanoseconds: nanoseconds, compositionMilliseconds: compositionOffset,
                isSync: isSync, data: data)
            let isLeading = track == leadingVideoTrack
            var messages: [WorkerMessage] = []
            if isLeading { messages += try keepPace(dts, now) + returnInTime(dts) }
            // A ladder begins at a key frame: what lies before it cannot be decoded.
            return try messages
                + push(sample, now, canBegin: isSync) { session, sample throws(TranscodeError) in
                    try session.push(video: sample, track: track)
                }
        case .audio(let track, let pts, let nanoseconds, let data):
            if ladder.video.isEmpty {
                firstTime = firstTime ?? pts
                lastTime = max(lastTime, pts)
            }
            guard uses(.audio, track) else { return [] }
            var messages: [WorkerMessage] = []
            let time = try audioTime(pts, track, now, &messages)
            let sample = InputSample(decodeMilliseconds: time, nanoseconds: nanoseconds, data: data)
            return try messages
                + push(sample, now, canBegin: ladder.video.isEmpty) { session, sample throws(TranscodeError) in
                    try session.push(audio: sample, track: track)
                }
        case .unsupported(let text, let kind, let track):
            let text = "\(source) sends what is not taken: \(name(kind, track))\(text)"
            let isKnown = kind == .video ? videoFormats[track] != nil : audioFormats[track] != nil
            // Nothing would come of a rung whose track never begins.
            guard !uses(kind, track) || isKnown else { throw Ended(reason: text) }
            return [warning(text)]
        case .message(let name, let arguments, let time):
            return try CuePoint(name: name, arguments: arguments, time: time).map { cue throws(Ended) in
                try take(cue, of: name, time, now)
            } ?? []
        case .endOfSequence, .metadata:
            return []
        }
    }

    /// Compares the leading track's clock with ours.
    private mutating func keepPace(_ time: Int64, _ now: Int64) throws(Ended) -> [WorkerMessage] {
        guard let session else { return [] }
        guard !pace.leaps(to: time, here: now) else {
            return try startAnew(now, because: "the input's clock leapt to \(time) ms, and nothing was missing")
        }
        let step = pace.received(time, here: now)
        if step != 0 { session.shift(by: step * 90) }
        return []
    }

    /// The time of sound on the picture's clock. Where there is a ladder, and no picture any more, the ladder ends: it
    /// begins anew with the picture.
    private mutating func audioTime(
        _ pts: Int64, _ track: UInt8, _ now: Int64, _ messages: inout [WorkerMessage]
    ) throws(Ended) -> Int64 {
        guard !ladder.video.isEmpty else {
            if track == ladder.audio.first?.trackID { messages += try keepPace(pts, now) }
            return pts
        }
        guard session != nil else {
            // Announced or not.
            if videoSamples == 0, now - (began ?? now) > Self.trackWaitMilliseconds {
                throw Ended(reason: "\(TranscodeError.noVideo)")
            }
            return pts
        }
        if audioOffsets[track] == nil {
            // Not by when it came: a ladder that opens takes a while, in which everything waits.
            let distance = pace.advance(of: pts)
            audioOffsets[track] = abs(distance) > Self.mostApart ? -distance : 0
            if abs(distance) > Self.mostApart {
                messages.append(warning("audio track \(track) is \(distance) ms off the picture's clock: put right"))
            }
        }
        let (time, overflow) = pts.addingReportingOverflow(audioOffsets[track] ?? 0)
        if pace.distance(to: time, here: now) > Self.mostApart {
            messages += try startAnew(now, because: "the sound's clock leapt to \(pts) ms, and nothing was missing")
        } else if pace.advance(of: time) > longestHole {
            messages += try startAnew(now, because: "no picture for \(longestHole) ms")
        }
        return overflow ? pts : time
    }

    /// In milliseconds. So much is filled up; the daemon keeps no more than four unfinished segments.
    private var longestHole: Int64 {
        min(TranscodeLimits().holeMilliseconds, 3 * ladder.segmentDuration.milliseconds)
    }

    /// Which all is cut by: the first that is copied; encoded rungs are made of track 0.
    private var leadingVideoTrack: UInt8 { ladder.video.first { $0.codec == .copy }?.trackID ?? 0 }

    /// What comes next is another recording, which goes on where the one before ended: its sound is put in its place anew.
    func join() { session?.join() }

    /// Ends the ladder, which cannot go on: what comes next is made into another.
    mutating func abandon() -> [WorkerMessage] {
        let messages = finish()
        cutter = ChunkCutter(ladder: ladder)
        return messages
    }

    mutating func startAnew(_ now: Int64, because reason: String) throws(Ended) -> [WorkerMessage] {
        try countRestart(now, because: reason)
        return restart(because: reason)
    }

    private mutating func configure(
        _ now: Int64, _ body: (TranscodeSession) throws(TranscodeError) -> Void
    ) throws(Ended) -> [WorkerMessage] {
        guard let session else { return [] }
        do throws(TranscodeError) {
            try body(session)
            return []
        } catch {
            guard case .sourceChanged = error else { throw Ended(reason: "\(error)") }
            try countRestart(now, because: "\(error)")
            return restart(because: "\(error)")
        }
    }

    private typealias Push = (TranscodeSession, InputSample) throws(TranscodeError) -> [TranscodeOutput]

    /// - Parameter canBegin: whether a ladder may be anchored at this sample.
    private mutating func push(
        _ sample: InputSample, _ now: Int64, canBegin: Bool, _ body: Push
    ) throws(Ended) -> [WorkerMessage] {
        guard session != nil || canBegin else { return [] }
        do throws(TranscodeError) { return try give(sample, now, body) } catch {
            switch error {
            case .inputJump, .sourceChanged: break
            default: throw Ended(reason: "\(error)")
            }
            let messages = try startAnew(now, because: "\(error)")
            guard canBegin else { return messages }
            // The sample was not taken; a fresh ladder knows no jump.
            do throws(TranscodeError) { return messages + (try give(sample, now, body)) } catch {
                throw Ended(reason: "\(error)")
            }
        }
    }

    private mutating func give(
        _ sample: InputSample, _ now: Int64, _ body: Push
    ) throws(TranscodeError) -> [WorkerMessage] {
        let session = try openSession(sample, now)
        var messages: [WorkerMessage] = []
        for output in try body(session, sample) { messages += try cutTranslating(output) }
        return messages
    }

    private mutating func openSession(_ sample: InputSample, _ now: Int64) throws(TranscodeError) -> TranscodeSession {
        if let session { return session }
        let duration = ladder.segmentDuration
        // Segments in use are never used again. Where the wall's clock was set back behind them, time goes on from there.
        let (value, overflow) = Int64(clamping: firstSegment).multipliedReportingOverflow(by: duration.value)
        let free = overflow ? now : Ticks(value, timescale: duration.timescale).milliseconds
        var epoch = free - now > 2 * duration.milliseconds ? free : now
        // A rung that copies may have gone a little over the wall's time, or over its segment's.
        let lead = usedUntil + Self.margin - now
        if lead > 0, lead <= 2 * duration.milliseconds { epoch = max(epoch, now + lead) }
        var limits = TranscodeLimits()
        limits.holeMilliseconds = longestHole
        let session = try TranscodeSession(
            ladder: ladder,
            anchor: TimeAnchor(
                inputMilliseconds: sample.presentationMilliseconds, epochMilliseconds: epoch,
                firstAllowedSegment: firstSegment), limits: limits)
        pace.begin(
            input: sample.decodeMilliseconds, composition: sample.compositionMilliseconds,
            here: now + (lead > 0 && lead <= 2 * duration.milliseconds ? lead : 0))
        audioOffsets = [:]
        for (track, format) in videoFormats { try session.configure(video: format, track: track) }
        for (track, format) in audioFormats { try session.configure(audio: format, track: track) }
        self.session = session
        return session
    }

    private mutating func countRestart(_ now: Int64, because reason: String) throws(Ended) {
        restarts = restarts.filter { $0 > now - 60_000 } + [now]
        guard restarts.count <= Self.restartsPerMinute else {
            throw Ended(reason: "more than \(Self.restartsPerMinute) new starts in a minute: \(reason)")
        }
    }

    /// Ends the ladder in order; the next sample that can begins a new one, with a discontinuity.
    private mutating func restart(because reason: String) -> [WorkerMessage] {
        abandon() + [warning("started anew: \(reason)")]
    }

    mutating func cutTranslating(_ output: TranscodeOutput) throws(TranscodeError) -> [WorkerMessage] {
        do { return try cut(output) } catch {
            throw .invalidLadder("a track never came: \(ChunkCutter.maximumHeldMegabytes) MiB of the others were held")
        }
    }

    private mutating func cut(_ output: TranscodeOutput) throws(ChunkCutter.Overflow) -> [WorkerMessage] {
        switch output {
        case .track(let index, let track): timescales[index] = track.timescale
        case .move: break
        case .segment(_, let samples, let number):
            firstSegment = max(firstSegment, number &+ 1)
            if let last = samples.last {
                let end = Ticks(last.decodeTime + Int64(last.duration), timescale: 90_000)
                usedUntil = max(usedUntil, end.milliseconds)
            }
        case .sample(let index, let sample, let number, _):
            firstSegment = max(firstSegment, number &+ 1)
            if let timescale = timescales[index] {
                let end = Ticks(sample.decodeTime + Int64(sample.duration), timescale: timescale)
                usedUntil = max(usedUntil, end.milliseconds)
            }
        }
        return try cutter.add(output)
    }

    /// Whether a rung is made of the publisher's track.
    private func uses(_ kind: Track.Kind, _ track: UInt8) -> Bool {
        switch kind {
        case .video: ladder.video.contains { $0.trackID == track }
        case .audio: ladder.audio.contains { $0.trackID == track }
        case .image, .text: false
        }
    }

    /// After a while, what a rung is made of and does not come: where nothing could ever come of the ladder, that is the
    /// end. An encoded rung's sound is silence until then, and after.
    private mutating func lookForTracks(_ here: Int64) throws(Ended) -> [WorkerMessage] {
        let since = began ?? here
        began = since
        guard here - since > Self.trackWaitMilliseconds else { return [] }
        hasLookedForTracks = true
        func missing(_ kind: Track.Kind, _ track: UInt8, _ rung: String) -> String {
            let name = track == 0 ? "\(kind)" : "\(kind) track \(track)"
            return "\(source) sends no \(name), which the rung '\(rung)' is made of"
        }
        for rung in ladder.video where videoFormats[rung.trackID] == nil {
            throw Ended(reason: missing(.video, rung.trackID, rung.name))
        }
        var messages: [WorkerMessage] = []
        for rung in ladder.audio where audioFormats[rung.trackID] == nil {
            let text = missing(.audio, rung.trackID, rung.name)
            guard rung.codec != .copy, !ladder.video.isEmpty else { throw Ended(reason: text) }
            messages.append(warning("\(text): it is silent"))
        }
        return messages
    }

    private func unused(_ kind: Track.Kind, _ track: UInt8, _ format: String) -> WorkerMessage {
        .event(IngestEvent(level: .info, text: "no rung takes \(source)'s \(kind) track \(track) (\(format))"))
    }

    /// A track's number where there are several.
    private func name(_ kind: Track.Kind, _ track: UInt8) -> String { track == 0 ? "" : "\(kind) track \(track), " }

    func warning(_ text: String) -> WorkerMessage { .event(IngestEvent(level: .warning, text: text)) }
}

extension Event {
    fileprivate var isMedia: Bool {
        switch self {
        case .video, .audio: true
        case .videoConfiguration, .audioConfiguration, .endOfSequence, .metadata, .message, .unsupported: false
        }
    }
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
        sum.blackMilliseconds = right.blackMilliseconds
        sum.silentMilliseconds = right.silentMilliseconds
        return sum
    }
}
