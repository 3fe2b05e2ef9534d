package import ChunkStream
import FFmpeg
import ISOBMFF
import Media
import Transcode

/// The worker's other jobs: the ladder in, a slate of each rung out, or what is wrong with the files it is to be made of.
///
/// In the order of a publication's messages, without anybody who publishes: `hello`, the daemon's `accept`, then `tracks`,
/// the chunks of each track, and `end`; before these `statistics` as signs of life, and `event` for what is to be said.
/// An inspection says only events, and `end` with what is wrong.
package struct SlateJob: ~Copyable {
    private var link: DaemonLink
    private let work: WorkerArguments.Work
    private let files: [UInt8]
    private let soundOffset: Int?

    /// - Parameters:
    ///   - files: an image or a clip; nothing: black; a CMAF segment behind its header where the last picture is wanted.
    ///   - soundOffset: where in it, behind the image, a file with sound begins.
    package init(
        link: consuming DaemonLink, work: WorkerArguments.Work = .slate, files: [UInt8], soundOffset: Int? = nil
    ) {
        self.link = link
        self.work = work
        self.files = files
        self.soundOffset = soundOffset.map { min($0, files.count) }
    }

    package mutating func run() throws(DaemonLink.Lost) {
        try link.send(.hello(version: Frame.version))
        guard case .accept(let ladder, _, _, _) = try link.receive() else {
            return try link.send(.end(reason: "not wanted"))
        }
        let coded: [SlateEncoder.Coded]
        do {
            let encoder = try SlateEncoder(ladder)
            if work == .inspect {
                _ = try content(encoder)
                return try link.send(.end(reason: ""))
            }
            coded = try encode(encoder)
        } catch let error as DaemonLink.Lost {
            throw error
        } catch {
            return try link.send(.end(reason: "\(error)"))
        }
        let tracks = coded.map { rung in
            TrackDescription(
                name: rung.track.name, reorderDelay: 0, frameRate: rung.track.frameRate,
                header: CMAFHeader(track: rung.track).serialize())
        }
        try link.send(.tracks(tracks))
        for (index, rung) in coded.enumerated() {
            let chunks = Self.chunks(rung)
            for (place, bytes) in chunks.enumerated() {
                try link.send(
                    .chunk(
                        ClearChunk(
                            track: UInt8(index), segment: 0, endsSegment: place == chunks.count - 1, bytes: bytes)))
            }
        }
        try link.send(.end(reason: ""))
    }

    private enum Content {
        case picture(FFmpeg.Frame?, sound: SlateClip?)
        case clip(SlateClip, SlateEncoder.ClipPlan)
    }

    /// What the files hold.
    private func content(_ encoder: SlateEncoder) throws -> Content {
        guard !files.isEmpty else { return .picture(nil, sound: nil) }
        if work == .still { return .picture(try LastPicture.decode(files), sound: nil) }
        if let soundOffset {
            let image = Array(files[..<soundOffset])
            let sound = try SlateClip(Array(files[soundOffset...]), isSound: true)
            if work == .inspect { try sound.requireDecodable() }
            guard !image.isEmpty else { return .picture(nil, sound: sound) }
            do throws(FFmpegError) { return .picture(try StillPicture.decode(image), sound: sound) } catch {
                throw SlateClip.Unfit(description: "the image beside it: \(error)")
            }
        }
        if StillPicture.isImage(files) { return .picture(try StillPicture.decode(files), sound: nil) }
        let clip = try SlateClip(files, isSound: false)
        if work == .inspect { try clip.requireDecodable() }
        let plan = try encoder.plan(clip, within: WorkerLimits.clipBytes)
        try tell(plan, of: clip)
        return .clip(clip, plan)
    }

    private func tell(_ plan: SlateEncoder.ClipPlan, of clip: SlateClip) throws(DaemonLink.Lost) {
        let cut = clip.milliseconds - plan.milliseconds
        if cut > 40 {
            try say(
                .info,
                "the loop is \(plan.milliseconds) ms long, a whole number of parts of a segment; "
                    + "the last \(cut) ms of the clip are not shown")
        }
        if plan.rate < 1000 {
            try say(
                .info,
                "the loop of all rungs would be larger than \(WorkerLimits.clipBytes >> 20) MiB: each has "
                    + "\(plan.rate / 10) % of its bitrate")
        }
    }

    /// Black where the files cannot be used, or take too much: a slate there must be.
    private func encode(_ encoder: SlateEncoder) throws -> [SlateEncoder.Coded] {
        guard !files.isEmpty else { return try encoder.encode(nil) }
        do {
            let coded: [SlateEncoder.Coded]
            let limit: Int
            switch try content(encoder) {
            case .picture(let picture, let sound):
                coded = try encoder.encode(picture, sound: sound)
                limit = sound == nil ? WorkerLimits.slateBytes / 2 : WorkerLimits.clipBytes
            case .clip(let clip, let plan):
                var shown = 0
                coded = try encoder.encode(clip, rate: plan.rate) {
                    shown += 1
                    if shown % Self.picturesPerSign == 0 { try link.send(.statistics(IngestStatistics())) }
                }
                limit = WorkerLimits.clipBytes
            }
            let size = coded.reduce(0) { $0 + $1.byteCount }
            if size <= limit, coded.allSatisfy({ Self.chunks($0).allSatisfy { $0.count < Frame.maximumBodySize / 2 } })
            {
                return coded
            }
            try say(.warning, "the slate takes \(size) bytes in all rungs, more than \(limit); it is black")
        } catch let error as DaemonLink.Lost {
            throw error
        } catch {
            try say(.warning, "the slate cannot be made of it: \(error); it is black")
        }
        return try encoder.encode(nil)
    }

    private static let picturesPerSign = 30
    /// Of sound: two seconds.
    private static let framesPerChunk = 96

    /// A GOP each; the ending of sound by itself.
    private static func chunks(_ coded: SlateEncoder.Coded) -> [[UInt8]] {
        var groups: [[Sample]] = []
        for sample in coded.samples {
            let begins =
                coded.track.kind == .video
                ? sample.isSync : groups.last.map { $0.count == framesPerChunk } ?? true
            if begins || groups.isEmpty { groups.append([]) }
            groups[groups.count - 1].append(sample)
        }
        if !coded.ending.isEmpty { groups.append(coded.ending) }
        return groups.map { CMAFChunk.serialize(sequenceNumber: 1, samples: $0) }
    }

    private func say(_ level: IngestEvent.Level, _ text: String) throws(DaemonLink.Lost) {
        try link.send(.event(IngestEvent(level: level, text: text)))
    }
}
