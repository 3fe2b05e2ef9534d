package import MediaMemory

/// One track's part of a segment: samples in decode order, lying in the bytes of a clear CMAF segment.
package struct TrackSegment: Sendable {
    package var samples: [SampleReference]
    /// The bytes that the samples' offsets count in; shared, not copied.
    package var source: MediaBytes

    package init(samples: [SampleReference], source: MediaBytes) {
        self.samples = samples
        self.source = source
    }
}

extension TrackSegment {
    /// The bytes of a sample within the source; throws where they are not all there, or none.
    func range(of sample: SampleReference) throws(TransportStreamError) -> Range<Int> {
        let count = source.count
        guard sample.size > 0, sample.offset >= 0, sample.offset <= count, sample.size <= count - sample.offset else {
            throw TransportStreamError(
                .malformedSample, "a sample of \(sample.size) bytes at \(sample.offset) of \(count)")
        }
        return sample.offset..<sample.offset + sample.size
    }

    /// The bytes of all samples together.
    func checkedSize() throws(TransportStreamError) -> Int {
        var size = 0
        for sample in samples { size += try range(of: sample).count }
        return size
    }
}

/// Where one sample lies in the bytes of its track's segment, and its times in ticks of the track's timescale.
package struct SampleReference: Sendable, Equatable {
    /// From the Unix epoch; strictly rising within a track.
    package var decodeTime: Int64
    /// Presentation time minus decode time; not below minus the track's reorder delay.
    package var compositionOffset: Int32
    /// Ticks to the next sample's decode time.
    package var duration: UInt32
    /// H.264: an IDR; audio: always.
    package var isSync: Bool
    /// Bytes from the start of the source.
    package var offset: Int
    package var size: Int

    package init(
        decodeTime: Int64, compositionOffset: Int32 = 0, duration: UInt32, isSync: Bool, offset: Int, size: Int
    ) {
        self.decodeTime = decodeTime
        self.compositionOffset = compositionOffset
        self.duration = duration
        self.isSync = isSync
        self.offset = offset
        self.size = size
    }
}
