import CommonEncryption
import Foundation
import ISOBMFF
import Keys
import MPEGTS
import Media
import MediaMemory
import Packager
import Settings
import Timeline

/// Times protection in every scheme: `package-bench --protect ROUNDS CLIP...`, each CLIP a fragmented MP4 of one track.
///
/// One line for each, with tabs: what, codec, clear bytes, bytes enciphered, CPU nanoseconds of the whole segment as it
/// is served, and of its samples alone where they can be had alone (else -). CPU time of the one thread: what else the
/// machine does is in neither, but for the caches.
enum ProtectBench {
    /// A clip's media as one segment of our own chunks.
    private struct Segment {
        let stored: StoredTrack
        let media: ClearMedia
        let samples: [SampleLocation]
        let name: String

        init(path: String) throws {
            let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            var start = 0
            while start + 8 <= file.count, !file[start + 4..<start + 8].elementsEqual("moof".utf8) {
                start += max(8, file[start..<start + 4].reduce(0) { $0 << 8 | Int($1) })
            }
            let header = try CMAFHeader(parsing: file.span.extracting(..<min(start, file.count)))
            let media = file.span.extracting(min(start, file.count)...)
            let fragments = try MovieFragmentTable(parsing: media, defaults: header.defaults).fragments
            let bytes = try fragments.reduce(into: [UInt8]()) {
                $0 += CMAFChunk.serialize(sequenceNumber: 1, samples: try $1.mediaSamples(in: media))
            }
            self.media = try ClearMedia(copying: bytes)
            samples = self.media.table.fragments.flatMap(\.samples)
            name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            let delay = samples.map { UInt32(max(0, -Int64($0.compositionOffset))) }.max() ?? 0
            stored = try StoredTrack(
                name: name, reorderDelay: delay, frameRate: nil, index: 0,
                header: CMAFHeader(track: header.track).serialize())
        }
    }

    static func main(rounds: Int, clips: [String]) throws {
        let keys = try PackageBench.syntheticKeys()
        let segments = try clips.map { try Segment(path: $0) }
        for one in segments {
            for scheme in [ProtectionScheme.cenc, .cbcs] {
                let endpoint = PackageBench.endpoint(.cmaf, .commonEncryption(scheme))
                let whole = try time(rounds) {
                    try SegmentPackager.cmaf(one.media, number: 1, track: one.stored, endpoint: endpoint, keys: keys)
                        .count
                }
                let (enciphered, alone) = try protectSamples(one, scheme, rounds)
                report("CMAF \(scheme)", one.name, one.media.bytes.count, enciphered, whole, alone)
            }
            let endpoint = PackageBench.endpoint(.cmaf, .aes128)
            let whole = try time(rounds) {
                try SegmentPackager.cmaf(one.media, number: 1, track: one.stored, endpoint: endpoint, keys: keys)
                    .count
            }
            report("CMAF AES-128", one.name, one.media.bytes.count, one.media.bytes.count, whole, nil)
        }
        guard let sound = segments.first(where: { $0.stored.track.kind == .audio }) else { return }
        for one in segments where one.stored.track.kind == .video {
            if case .av1 = one.stored.track.codec { continue }
            try transportStreams(one, sound, keys, rounds)
        }
    }

    private static func transportStreams(
        _ picture: Segment, _ sound: Segment, _ keys: PeriodKeys, _ rounds: Int
    ) throws {
        func make(_ endpoint: EndpointProfile) throws -> MediaBytes {
            try SegmentPackager.transportStream(
                [(picture.media, picture.stored), (sound.media, sound.stored)], number: 1, endpoint: endpoint,
                keys: endpoint.encryption == nil ? nil : keys)
        }
        let name = "\(picture.name)+\(sound.name)"
        let count = picture.media.bytes.count + sound.media.bytes.count
        let clear = EndpointProfile(id: "t", package: .hls, container: .ts)
        report("TS clear", name, count, 0, try time(rounds) { try make(clear).count }, nil)
        if case .avc(let record, _, _) = picture.stored.track.codec {
            let endpoint = PackageBench.endpoint(.ts, .sampleAES)
            let enciphered =
                try picture.samples.reduce(0) {
                    $0 + (try sampleAES(picture.media.bytes.span.extracting($1.offset..<$1.offset + $1.size), record))
                } + sound.samples.reduce(0) { $0 + max(0, $1.size - 16) / 16 * 16 }
            report("TS SAMPLE-AES", name, count, enciphered, try time(rounds) { try make(endpoint).count }, nil)
        }
        let whole = try time(rounds) { try make(PackageBench.endpoint(.ts, .aes128)).count }
        report("TS AES-128", name, count, try make(clear).count, whole, nil)
    }

    /// Bytes that are enciphered, and the time of the samples without their boxes.
    private static func protectSamples(
        _ one: Segment, _ scheme: ProtectionScheme, _ rounds: Int
    ) throws -> (enciphered: Int, nanoseconds: Int) {
        let key = try PackageBench.randomKey()
        var protector = try SampleProtector(
            scheme: scheme, key: key, codec: one.stored.track.codec,
            constantIV: scheme == .cbcs ? Array(repeating: 7, count: 16) : nil)
        let bytes = one.media.bytes
        var enciphered = 0
        let nanoseconds = try time(rounds) {
            enciphered = 0
            var samples: [SampleProtector.ClearSample] = []
            var subsamples: [Subsample] = []
            for sample in one.samples {
                let range = sample.offset..<sample.offset + sample.size
                let places = try protector.appendSubsamples(of: bytes.span.extracting(range), to: &subsamples)
                samples.append(.init(range: range, iv: UInt64(sample.offset), subsamples: places))
                if places.isEmpty { enciphered += sample.size }
                for run in subsamples[places] {
                    enciphered += scheme == .cenc ? Int(run.protected) : tenth(Int(run.protected))
                }
            }
            var draft = MediaDraft(capacity: bytes.count)
            try protector.append(samples[...], subsamples: subsamples, of: bytes.span, to: &draft)
            return draft.count
        }
        return (enciphered, nanoseconds)
    }

    /// Of so many bytes, those that the pattern 1:9 takes.
    private static func tenth(_ count: Int) -> Int { count < 16 ? 0 : ((count - 16) / 160 + 1) * 16 }

    /// Apple, MPEG-2 Stream Encryption Format for HTTP Live Streaming, clause 2.2: from the 33rd byte of slices on.
    private static func sampleAES(
        _ sample: Span<UInt8>, _ record: AVCDecoderConfigurationRecord
    ) throws -> Int {
        var cursor = NALUnitCursor(lengthSize: record.nalUnitLengthSize)
        var enciphered = 0
        while let range = try cursor.next(in: sample) {
            guard range.count > 48 else { continue }
            let type = NALUnitHeader(sample[range.lowerBound]).type
            if type == .slice || type == .idrSlice { enciphered += tenth(range.count - 33) }
        }
        return enciphered
    }

    /// The median of rounds of at least 5 ms.
    private static func time(_ rounds: Int, _ make: () throws -> Int) rethrows -> Int {
        var size = 0
        let single = try nanoseconds { size &+= try make() }
        let repeats = max(1, 5_000_000 / max(single, 1))
        var times: [Int] = []
        for _ in 0..<rounds {
            times.append(try nanoseconds { for _ in 0..<repeats { size &+= try make() } } / repeats)
        }
        precondition(size > 0, "nothing was made")
        return times.sorted()[times.count / 2]
    }

    private static func nanoseconds(_ body: () throws -> Void) rethrows -> Int {
        func now() -> Int {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return time.tv_sec * 1_000_000_000 + time.tv_nsec
        }
        let start = now()
        try body()
        return now() - start
    }

    private static func report(
        _ what: String, _ codec: String, _ clear: Int, _ enciphered: Int, _ whole: Int, _ alone: Int?
    ) {
        print(
            [what, codec, "\(clear)", "\(enciphered)", "\(whole)", alone.map(String.init) ?? "-"].joined(
                separator: "\t"))
    }
}
