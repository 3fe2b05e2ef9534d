package import Media

/// Where the samples of a chunk, or of the concatenated chunks of a segment, lie in the input.
///
/// Strict, as its input is either our own or hostile: pairs of `moof` and `mdat` and nothing between them, one track,
/// one run, data within the `mdat`. `styp`, `prft`, `sidx`, `emsg` and `free` are skipped where they stand in front
/// of a `moof`. ISO/IEC 23000-19:2024, clauses 7.3.2 and 7.3.3.
package struct MovieFragmentTable: Sendable, Equatable {
    /// One `moof` and the `mdat` after it.
    package struct Fragment: Sendable, Equatable {
        package var sequenceNumber: UInt32
        /// Decode time of the first sample, in ticks.
        package var baseMediaDecodeTime: Int64
        /// At least one, in decode order; their data lies back to back.
        package var samples: [SampleLocation]
        /// The sum of the samples' durations, in ticks.
        package var duration: Int64
        /// Bytes of all samples together.
        package var payloadSize: Int
        /// What `senc` says; nil in the clear, and where the size of its IVs is not known.
        package var encryption: SampleEncryption?
        /// The key as the fragment itself says it, where all its samples are of one group.
        package var keyGroup: SampleEncryptionGroupEntry?
        /// Whole `pssh` boxes.
        package var systemBoxes: [[UInt8]]
    }

    /// At least one, where it was parsed.
    package let fragments: [Fragment]
    /// The sum of all durations, in ticks.
    package let duration: Int64

    /// - Parameters:
    ///   - bytes: fragments with at most `TrackRun.maximumSampleCount` samples in all.
    ///   - defaults: the header's `trex`, for fragments that lean on it; Sluice's own never do.
    ///   - perSampleIVSize: from the header's `tenc`, for fragments without a `seig` of their own.
    package init(
        parsing bytes: Span<UInt8>, defaults: TrackExtends = TrackExtends(), perSampleIVSize: UInt8? = nil
    ) throws(ParseError) {
        var reader = ByteReader(bytes)
        var fragments: [Fragment] = []
        var duration: Int64 = 0
        var sampleCount = 0
        while !reader.isAtEnd {
            let start = reader.offset
            let box = try reader.readBoxHeader()
            guard box.type == MovieFragment.boxType else {
                guard Self.skipped.contains(box.type) else {
                    throw ParseError(.invalid, at: start, "\(box.type) where a moof should be")
                }
                try reader.skipBox(box)
                continue
            }
            let movieFragment: MovieFragment = try reader.readBox(box)
            let mediaStart = reader.offset
            let media = try reader.readBoxHeader()
            guard media.type == MediaDataHeader.boxType else {
                throw ParseError(.invalid, at: mediaStart, "\(media.type) where an mdat should be")
            }
            let payload = reader.offset..<reader.offset + media.payloadSize
            try reader.skipBox(media)
            let fragment: Fragment
            do throws(ParseError) {
                fragment = try Fragment(
                    movieFragment, at: start, payload: payload, defaults: defaults, perSampleIVSize: perSampleIVSize)
            } catch {
                throw error.inside(MovieFragment.boxType, at: start)
            }
            sampleCount += fragment.samples.count
            // A sample need not take any bytes: without this, a small input could ask for a lot of memory.
            guard sampleCount <= TrackRun.maximumSampleCount else {
                throw ParseError(.tooLarge, at: start, "more than \(TrackRun.maximumSampleCount) samples")
            }
            let (sum, overflow) = duration.addingReportingOverflow(fragment.duration)
            guard !overflow else { throw ParseError(.invalid, at: start, "times beyond 64 bits") }
            duration = sum
            fragments.append(fragment)
        }
        guard !fragments.isEmpty else { throw ParseError(.invalid, at: 0, "no moof") }
        self.fragments = fragments
        self.duration = duration
    }

    private static let skipped: Set<FourCC> = ["styp", "prft", "sidx", "emsg", "free"]

    /// That of inputs that lie one behind the other.
    /// - Parameter pieces: what is known of each, and how many bytes it has.
    package init(joining pieces: [(table: MovieFragmentTable, byteCount: Int)]) {
        var fragments: [Fragment] = []
        fragments.reserveCapacity(pieces.reduce(0) { $0 + $1.table.fragments.count })
        var (offset, duration) = (0, Int64(0))
        for piece in pieces {
            for var fragment in piece.table.fragments {
                for index in fragment.samples.indices { fragment.samples[index].offset += offset }
                fragments.append(fragment)
            }
            offset += piece.byteCount
            duration += piece.table.duration
        }
        self.fragments = fragments
        self.duration = duration
    }
}

/// One sample of a fragment: its times, and where its bytes are.
package struct SampleLocation: Sendable, Equatable {
    /// Of the first byte, from the start of the input.
    package var offset: Int
    package var size: Int
    /// In ticks from the track's origin.
    package var decodeTime: Int64
    package var duration: UInt32
    package var compositionOffset: Int32
    package var isSync: Bool

    package init(
        offset: Int, size: Int, decodeTime: Int64, duration: UInt32, compositionOffset: Int32, isSync: Bool
    ) {
        self.offset = offset
        self.size = size
        self.decodeTime = decodeTime
        self.duration = duration
        self.compositionOffset = compositionOffset
        self.isSync = isSync
    }
}

extension MovieFragmentTable.Fragment {
    /// - Parameters:
    ///   - start: where the `moof` begins in the input.
    ///   - payload: where the payload of the `mdat` lies in the input.
    fileprivate init(
        _ fragment: MovieFragment, at start: Int, payload: Range<Int>, defaults: TrackExtends, perSampleIVSize: UInt8?
    ) throws(ParseError) {
        let header = fragment.track.header
        let run = fragment.track.run
        guard run.sampleCount > 0 else { throw ParseError(.invalid, at: 0, "no samples") }
        guard let dataOffset = run.dataOffset else { throw ParseError(.invalid, at: 0, "no data offset") }
        let commonDuration = header.defaultSampleDuration ?? defaults.defaultSampleDuration
        let commonSize = header.defaultSampleSize ?? defaults.defaultSampleSize
        let commonFlags = header.defaultSampleFlags ?? defaults.defaultSampleFlags
        guard let base = Int64(exactly: fragment.track.decodeTime.baseMediaDecodeTime) else {
            throw ParseError(.invalid, at: 0, "baseMediaDecodeTime beyond 63 bits")
        }
        // At most 65536 samples of 32-bit sizes and durations: their sums are far from 63 bits.
        var offset = start + Int(dataOffset)
        guard offset >= payload.lowerBound else { throw ParseError(.invalid, at: 0, "data in front of the mdat") }
        var elapsed: Int64 = 0
        var samples: [SampleLocation] = []
        samples.reserveCapacity(run.sampleCount)
        for index in 0..<run.sampleCount {
            let size = Int(run.sizes?[index] ?? commonSize)
            guard size <= payload.upperBound - offset else {
                throw ParseError(.invalid, at: 0, "sample \(index) beyond the mdat")
            }
            let sampleDuration = run.durations?[index] ?? commonDuration
            let flags = run.flags?[index] ?? (index == 0 ? run.firstSampleFlags : nil) ?? commonFlags
            let (decodeTime, overflow) = base.addingReportingOverflow(elapsed)
            guard !overflow else { throw ParseError(.invalid, at: 0, "decode time beyond 63 bits") }
            samples.append(
                SampleLocation(
                    offset: offset, size: size, decodeTime: decodeTime, duration: sampleDuration,
                    compositionOffset: run.compositionOffsets?[index] ?? 0, isSync: flags.isSync))
            offset += size
            elapsed += Int64(sampleDuration)
        }
        guard !base.addingReportingOverflow(elapsed).overflow else {
            throw ParseError(.invalid, at: 0, "decode time beyond 63 bits")
        }
        sequenceNumber = fragment.header.sequenceNumber
        baseMediaDecodeTime = base
        self.samples = samples
        duration = elapsed
        payloadSize = offset - samples[0].offset
        systemBoxes = fragment.systemBoxes
        try readProtection(of: fragment.track, perSampleIVSize: perSampleIVSize)
    }

    private mutating func readProtection(of track: TrackFragment, perSampleIVSize: UInt8?) throws(ParseError) {
        if let groups = track.groups, groups.entries.count == 1,
            groups.entries[0].descriptionIndex == SampleToGroup.firstOfFragment,
            groups.entries[0].sampleCount == samples.count, let bytes = track.groupDescription?.entries.first
        {
            keyGroup = try SampleEncryptionGroupEntry(parsing: bytes)
        }
        guard let payload = track.sampleEncryption, let size = keyGroup?.perSampleIVSize ?? perSampleIVSize else {
            return
        }
        var reader = ByteReader(payload.span)
        let encryption = try SampleEncryption(reading: &reader, perSampleIVSize: Int(size))
        guard reader.isAtEnd, encryption.sampleCount == samples.count else {
            throw ParseError(.invalid, at: 0, "senc is not of these samples")
        }
        self.encryption = encryption
    }

    /// The samples with their data, copied out of the input that the table was parsed from.
    package func mediaSamples(in bytes: Span<UInt8>) throws(ParseError) -> [Sample] {
        var media: [Sample] = []
        media.reserveCapacity(samples.count)
        for sample in samples {
            guard sample.offset >= 0, sample.offset <= bytes.count, sample.size <= bytes.count - sample.offset else {
                throw ParseError(.truncated, at: bytes.count, "the samples are of another input")
            }
            let range = bytes.extracting(sample.offset..<sample.offset + sample.size)
            // Copied at once, as there are megabytes of it.
            let data = unsafe range.withUnsafeBufferPointer { buffer in unsafe Array(buffer) }
            media.append(
                Sample(
                    decodeTime: sample.decodeTime, compositionOffset: sample.compositionOffset,
                    duration: sample.duration, isSync: sample.isSync, data: data))
        }
        return media
    }
}
