import ChunkStream
import FFmpeg
import ISOBMFF
import Media
import Transcode

/// The worker's other job: the ladder in, a slate of each rung out. In the order of a publication's messages, without
/// anybody who publishes: `hello`, the daemon's `accept`, then `tracks`, one chunk of each track, and `end`.
package struct SlateJob: ~Copyable {
    private var link: DaemonLink
    private let image: [UInt8]

    /// - Parameter image: a PNG or JPEG file, or a CMAF segment behind its header, whose last picture it is; empty: black.
    package init(link: consuming DaemonLink, image: [UInt8]) {
        self.link = link
        self.image = image
    }

    package mutating func run() throws(DaemonLink.Lost) {
        try link.send(.hello(version: Frame.version))
        guard case .accept(let ladder, _, _, _) = try link.receive() else {
            return try link.send(.end(reason: "not wanted"))
        }
        let coded: [SlateEncoder.Coded]
        do throws(TranscodeError) { coded = try encode(ladder) } catch {
            return try link.send(.end(reason: "\(error)"))
        }
        let tracks = coded.map { rung in
            TrackDescription(
                name: rung.track.name, reorderDelay: 0, frameRate: rung.track.frameRate,
                header: CMAFHeader(track: rung.track).serialize())
        }
        try link.send(.tracks(tracks))
        for (index, rung) in coded.enumerated() {
            let bytes = CMAFChunk.serialize(sequenceNumber: 1, samples: rung.samples)
            try link.send(.chunk(ClearChunk(track: UInt8(index), segment: 0, endsSegment: true, bytes: bytes)))
        }
        try link.send(.end(reason: ""))
    }

    /// Black where the image cannot be had, or takes too much: a slate there must be.
    private func encode(_ ladder: Ladder) throws(TranscodeError) -> [SlateEncoder.Coded] {
        let encoder = try SlateEncoder(ladder)
        if !image.isEmpty {
            do {
                let coded = try encoder.encode(try picture())
                let size = coded.reduce(0) { $0 + $1.samples.reduce(0) { $0 + $1.data.count } }
                if size <= WorkerLimits.slateBytes / 2 { return coded }
                warn("the slate's image takes \(size) bytes in all rungs, more than \(WorkerLimits.slateBytes / 2)")
            } catch {
                warn("the slate's image cannot be used: \(error)")
            }
        }
        return try encoder.encode(nil)
    }

    private func picture() throws -> FFmpeg.Frame? {
        guard LastPicture.isMedia(image) else { return try StillPicture.decode(image) }
        return try LastPicture.decode(image)
    }

    private func warn(_ text: String) {
        let event = IngestEvent(level: .warning, text: "\(text); it is black")
        do throws(DaemonLink.Lost) { try link.send(.event(event)) } catch {
            // The next message finds out too, and ends the job.
            return
        }
    }
}
