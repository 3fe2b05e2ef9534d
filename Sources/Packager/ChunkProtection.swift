import CommonEncryption
import ISOBMFF
import Keys
import Media
import Timeline

/// Protects the clear chunks of one track's segment under one key.
struct ChunkProtection {
    let track: StoredTrack
    let key: TrackKey
    let scheme: ProtectionScheme
    /// Each fragment says its key (`seig`) and holds these `pssh` boxes; nil: the header says the key.
    var fragmentBoxes: [[UInt8]]?
    /// Each chunk begins with the time of day.
    var saysTime = false

    /// Every clear chunk becomes one protected `moof` and `mdat`, so that parts stay byte ranges of their segment.
    func protect(_ clear: [UInt8]) throws -> [UInt8] {
        let table = try MovieFragmentTable(parsing: clear.span)
        var protector = try SampleProtector(
            scheme: scheme, key: key.key, codec: track.track.codec,
            constantIV: scheme == .cbcs ? key.constantIV : nil)
        let fragmentWriter =
            fragmentBoxes.map { boxes in
                FragmentWriter(keyGroup: TrackProtection(track.track.kind, scheme, key, []), systemBoxes: boxes)
            } ?? FragmentWriter()
        // A senc entry takes 8 bytes of IV and 6 to 12 of subsamples beside what the clear moof holds.
        let samples = table.fragments.reduce(0) { $0 + $1.samples.count }
        var writer = ByteWriter(
            capacity: clear.count + samples * 32 + table.fragments.count
                * (256 + (fragmentBoxes?.reduce(0) { $0 + $1.count } ?? 0)))
        var previous = Int64.min
        for fragment in table.fragments {
            guard let first = fragment.samples.first, let last = fragment.samples.last else { continue }
            var encryption = SampleEncryption(
                perSampleIVSize: scheme == .cenc ? 8 : 0, hasSubsamples: track.track.kind == .video)
            var subsamples: [[Subsample]] = []
            subsamples.reserveCapacity(fragment.samples.count)
            for sample in fragment.samples {
                // The IV is made of the time: two samples at one time would share their key stream.
                guard sample.decodeTime > previous else {
                    throw ParseError(.invalid, at: sample.offset, "decode time \(sample.decodeTime) comes twice")
                }
                previous = sample.decodeTime
                let runs = try protector.subsamples(
                    of: clear.span.extracting(sample.offset..<sample.offset + sample.size))
                encryption.append(iv: scheme == .cenc ? iv(sample).bigEndianBytes : [], subsamples: runs)
                subsamples.append(runs)
            }
            if saysTime {
                ReferenceTimes.write(first.decodeTime, timescale: track.track.timescale, to: &writer)
            }
            fragmentWriter.write(
                sequenceNumber: fragment.sequenceNumber, samples: fragment.samples,
                encryption: isSaidInHeader ? nil : encryption, to: &writer)
            // Encrypted where they are sent from: megabytes are copied once.
            let start = writer.count - first.offset
            writer.bytes += clear[first.offset..<last.offset + last.size]
            var bytes = writer.bytes.mutableSpan
            for (sample, runs) in zip(fragment.samples, subsamples) {
                let place = start + sample.offset
                var part = bytes._mutatingExtracting(place..<place + sample.size)
                try protector.encrypt(&part, iv: iv(sample), subsamples: runs)
            }
        }
        return writer.bytes
    }

    private func iv(_ sample: SampleLocation) -> UInt64 {
        InitializationVector.cencIV(trackIndex: track.index, decodeTime: sample.decodeTime)
    }

    /// Whole samples under a constant IV (cbcs audio) need no senc. ISO/IEC 23001-7:2023, clause 10.4.
    private var isSaidInHeader: Bool { scheme == .cbcs && track.track.kind == .audio }
}

extension UInt64 {
    fileprivate var bigEndianBytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: self >> UInt64(56 - 8 * $0)) }
    }
}
