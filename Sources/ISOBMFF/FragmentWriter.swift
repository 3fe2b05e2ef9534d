package import Media

/// Writes the `moof` and the `mdat` header of a fragment; the caller appends the samples' bytes after it.
package struct FragmentWriter: Sendable {
    /// Says the key in each fragment too (`sgpd` and `sbgp` of type `seig`), for keys that rotate.
    package var keyGroup: TrackProtection?
    /// Whole `pssh` boxes, written after the `traf`.
    package var systemBoxes: [[UInt8]]

    package init(keyGroup: TrackProtection? = nil, systemBoxes: [[UInt8]] = []) {
        self.keyGroup = keyGroup
        self.systemBoxes = systemBoxes
    }

    /// Writes all of the fragment but the samples' data.
    ///
    /// Everything is said in the fragment itself, nothing is left to `trex`. `saiz` and `saio` accompany `senc`
    /// unless a sample's entry is too long for them (more than 40 subsamples): readers of `senc` do without.
    /// - Parameters:
    ///   - samples: at least one and at most `TrackRun.maximumSampleCount`, in decode order, each of less than
    ///     4 GiB, the first not before the track's origin; the offsets are not used, the data follows back to back.
    ///   - encryption: what `senc` says of each sample; nil for fragments in the clear. None is written for whole
    ///     samples under a constant IV.
    /// - Returns: how many bytes of samples the caller must append.
    @discardableResult
    package func write(
        sequenceNumber: UInt32, samples: [SampleLocation], encryption: SampleEncryption? = nil,
        to writer: inout ByteWriter
    ) -> Int {
        precondition((1...TrackRun.maximumSampleCount).contains(samples.count), "a fragment has samples")
        precondition(encryption == nil || encryption?.sampleCount == samples.count, "senc for other samples")
        let payloadSize = samples.reduce(0) { $0 + $1.size }
        let (header, run) = Self.compact(samples)
        var track = TrackFragment(
            header: header,
            decodeTime: TrackFragmentDecodeTime(baseMediaDecodeTime: UInt64(samples[0].decodeTime)), run: run)
        if let keyGroup {
            let entry = SampleEncryptionGroupEntry(keyGroup)
            let type = SampleEncryptionGroupEntry.groupingType
            track.groupDescription = SampleGroupDescription(groupingType: type, entries: [entry.bytes])
            track.groups = SampleToGroup(
                groupingType: type,
                entries: [.init(sampleCount: UInt32(samples.count), descriptionIndex: SampleToGroup.firstOfFragment)])
        }
        if let encryption, !encryption.isEmpty {
            if let sizes = encryption.entrySizes {
                track.auxiliarySizes = SampleAuxiliaryInformationSizes(sizes: sizes)
                track.auxiliaryOffsets = SampleAuxiliaryInformationOffsets(offsets: [0])
            }
            var payload = ByteWriter(capacity: encryption.payloadSize)
            encryption.writePayload(to: &payload)
            track.sampleEncryption = payload.bytes
        }
        let fragment = MovieFragment(
            header: MovieFragmentHeader(sequenceNumber: sequenceNumber), track: track, systemBoxes: systemBoxes)
        let mediaData = MediaDataHeader(payloadSize: payloadSize)
        writer.writeBox(MovieFragment.boxType) {
            fragment.write(payloadTo: &$0, mediaDataHeaderSize: mediaData.size)
        }
        mediaData.write(to: &writer)
        return payloadSize
    }

    /// The fewest columns that say the samples: what all share goes to `tfhd`.
    private static func compact(_ samples: [SampleLocation]) -> (TrackFragmentHeader, TrackRun) {
        let first = samples[0]
        let last = samples[samples.count - 1]
        var header = TrackFragmentHeader(trackID: 1)
        // Sizes hardly ever agree.
        var run = TrackRun(sampleCount: samples.count, dataOffset: 0, sizes: samples.map { UInt32($0.size) })
        if samples.allSatisfy({ $0.duration == first.duration }) {
            header.defaultSampleDuration = first.duration
        } else {
            run.durations = samples.map(\.duration)
        }
        if samples.dropFirst().allSatisfy({ $0.isSync == last.isSync }) {
            header.defaultSampleFlags = SampleFlags(isSync: last.isSync)
            if first.isSync != last.isSync { run.firstSampleFlags = SampleFlags(isSync: first.isSync) }
        } else {
            run.flags = samples.map { SampleFlags(isSync: $0.isSync) }
        }
        if samples.contains(where: { $0.compositionOffset != 0 }) {
            run.compositionOffsets = samples.map(\.compositionOffset)
        }
        return (header, run)
    }
}
