import CommonEncryption
import ISOBMFF
import Keys
import Media
import MediaMemory
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
    ///
    /// Boxes are made first: they say how much memory is needed.
    /// - Parameter earlier: the segment's chunks before it, as `needsEarlier` says.
    func protect(_ clear: ClearMedia, after earlier: [ClearMedia] = []) throws -> MediaBytes {
        let (table, clear) = (clear.table, clear.bytes)
        var protector = try SampleProtector(
            scheme: scheme, key: key.key, codec: track.track.codec,
            constantIV: scheme == .cbcs ? key.constantIV : nil)
        let fragmentWriter =
            fragmentBoxes.map { boxes in
                FragmentWriter(keyGroup: TrackProtection(track.track.kind, scheme, key, []), systemBoxes: boxes)
            } ?? FragmentWriter()
        // A senc entry takes 8 bytes of IV and 6 to 12 of subsamples beside what the clear moof holds.
        let sampleCount = table.fragments.reduce(0) { $0 + $1.samples.count }
        var boxes = ByteWriter(
            capacity: sampleCount * 48 + table.fragments.count
                * (256 + (fragmentBoxes?.reduce(0) { $0 + $1.count } ?? 0)))
        var ends: [Int] = []
        var samples: [SampleProtector.ClearSample] = []
        samples.reserveCapacity(sampleCount)
        var subsamples: [Subsample] = []
        if Self.needsEarlier(track) {
            for chunk in earlier {
                for sample in chunk.table.fragments.flatMap(\.samples) {
                    let range = sample.offset..<sample.offset + sample.size
                    _ = try protector.appendSubsamples(of: chunk.bytes.span.extracting(range), to: &subsamples)
                }
            }
            subsamples.removeAll(keepingCapacity: true)
        }
        if track.track.kind == .video { subsamples.reserveCapacity(sampleCount) }
        var payloadSize = 0
        var previous = Int64.min
        for fragment in table.fragments {
            var encryption = SampleEncryption(
                perSampleIVSize: scheme == .cenc ? 8 : 0, hasSubsamples: track.track.kind == .video)
            for sample in fragment.samples {
                // The IV is made of the time: two samples at one time would share their key stream.
                guard sample.decodeTime > previous else {
                    throw ParseError(.invalid, at: sample.offset, "decode time \(sample.decodeTime) comes twice")
                }
                previous = sample.decodeTime
                let range = sample.offset..<sample.offset + sample.size
                let places = try protector.appendSubsamples(of: clear.span.extracting(range), to: &subsamples)
                let iv = iv(sample)
                if scheme == .cenc {
                    encryption.append(iv: iv, subsamples: subsamples[places])
                } else {
                    encryption.append(subsamples: subsamples[places])
                }
                samples.append(.init(range: range, iv: iv, subsamples: places))
            }
            if saysTime {
                ReferenceTimes.write(fragment.samples[0].decodeTime, timescale: track.track.timescale, to: &boxes)
            }
            payloadSize += fragmentWriter.write(
                sequenceNumber: fragment.sequenceNumber, samples: fragment.samples,
                encryption: isSaidInHeader ? nil : encryption, to: &boxes)
            ends.append(boxes.count)
        }
        var draft = MediaDraft(capacity: boxes.count + payloadSize)
        var (from, first) = (0, 0)
        for (fragment, end) in zip(table.fragments, ends) {
            draft.append(boxes.bytes.span.extracting(from..<end))
            from = end
            let next = first + fragment.samples.count
            try protector.append(samples[first..<next], subsamples: subsamples, of: clear.span, to: &draft)
            first = next
        }
        return draft.finish()
    }

    /// What is clear in a sample of AV1 is known from the frames that it refers to.
    static func needsEarlier(_ track: StoredTrack) -> Bool {
        if case .av1 = track.track.codec { true } else { false }
    }

    private func iv(_ sample: SampleLocation) -> UInt64 {
        InitializationVector.cencIV(trackIndex: track.index, decodeTime: sample.decodeTime)
    }

    /// Whole samples under a constant IV (cbcs audio) need no senc. ISO/IEC 23001-7:2023, clause 10.4.
    private var isSaidInHeader: Bool { scheme == .cbcs && track.track.kind == .audio }
}
