import Foundation
import ISOBMFF
import Media

/// A fragmented CMAF file of one track.
struct Clip {
    let track: Track
    let header: [UInt8]
    let samples: [Sample]

    var description: (name: String, reorderDelay: UInt32, frameRate: FrameRate?, header: [UInt8]) {
        (track.name, track.reorderDelay, track.frameRate, header)
    }

    init(path: String) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        var headerSize = 0
        while headerSize + 8 <= bytes.count, !bytes[headerSize + 4..<headerSize + 8].elementsEqual("moof".utf8) {
            let size = bytes[headerSize..<headerSize + 4].reduce(0) { $0 << 8 | Int($1) }
            guard size >= 8 else { break }
            headerSize += size
        }
        guard headerSize < bytes.count else { throw PackageClips.Mistake(description: "\(path) has no moof") }
        let parsed = try CMAFHeader(parsing: bytes.span.extracting(..<headerSize))
        let media = bytes.span.extracting(headerSize...)
        var samples: [Sample] = []
        for fragment in try MovieFragmentTable(parsing: media, defaults: parsed.defaults).fragments {
            samples += try fragment.mediaSamples(in: media)
        }
        guard let first = samples.first else { throw PackageClips.Mistake(description: "\(path) has no sample") }
        var track = parsed.track
        track.name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        if track.kind == .video {
            track.reorderDelay = samples.map { UInt32(max(0, -Int64($0.compositionOffset))) }.max() ?? 0
            track.frameRate = FrameRate(track.timescale, first.duration)
        }
        self.track = track
        // Ours, as the worker writes it: chunks lean on nothing in it.
        header = CMAFHeader(track: track).serialize()
        self.samples = samples
    }
}

/// A clip's samples on the grid of the epoch, in segments.
struct PlacedClip {
    let segments: [[Sample]]

    /// - Parameter first: the number of the first segment; the clip begins with it.
    init(_ clip: Clip, from first: UInt64, segmentDuration: Ticks) throws {
        let timescale = clip.track.timescale
        let step = Int64(clip.samples[0].duration)
        func start(of number: UInt64) -> Int64 {
            let nominal = Ticks(Int64(number) * segmentDuration.value, timescale: segmentDuration.timescale)
                .rescaled(to: timescale, rounding: .up).value
            return (nominal + step - 1) / step * step
        }
        var segments: [[Sample]] = [[]]
        var number = first
        var time = start(of: first)
        for var sample in clip.samples {
            if time >= start(of: number + 1) {
                number += 1
                segments.append([])
                guard sample.isSync else {
                    throw PackageClips.Mistake(
                        description: "\(clip.track.name): segment \(segments.count) does not begin with a sync sample")
                }
            }
            // One step for all: the last sample of a file may say something else.
            sample.decodeTime = time
            sample.duration = UInt32(step)
            segments[segments.count - 1].append(sample)
            time += step
        }
        // What is left over at the end is not a whole segment.
        if time < start(of: number + 1) { segments.removeLast() }
        self.segments = segments
    }

    /// A segment as two chunks.
    func chunks(_ index: Int) -> [[UInt8]] {
        let samples = segments[index]
        let half = (samples.count + 1) / 2
        return [samples[..<half], samples[half...]].filter { !$0.isEmpty }.enumerated().map { place, part in
            CMAFChunk.serialize(sequenceNumber: UInt32(2 * index + place + 1), samples: Array(part))
        }
    }
}
