package import Media

/// A clear CMAF chunk: one `moof` and one `mdat`. ISO/IEC 23000-19:2024, clause 7.3.2.3.
package enum CMAFChunk {
    /// - Parameters:
    ///   - samples: at least one and at most `TrackRun.maximumSampleCount`, in decode order, without holes: the first
    ///     one's decode time, which is not negative, and the durations say the times.
    ///   - producerReferenceTime: written in front of the fragment.
    package static func serialize(
        sequenceNumber: UInt32, samples: [Sample], producerReferenceTime: ProducerReferenceTime? = nil
    ) -> [UInt8] {
        let payloadSize = samples.reduce(0) { $0 + $1.data.count }
        // A bound of what moof and mdat add: 16 bytes a sample in trun, and boxes of fixed sizes.
        var writer = ByteWriter(capacity: payloadSize + samples.count * 16 + 256)
        writer.writeBox(producerReferenceTime)
        var offset = 0
        let locations = samples.map { sample in
            defer { offset += sample.data.count }
            return SampleLocation(
                offset: offset, size: sample.data.count, decodeTime: sample.decodeTime, duration: sample.duration,
                compositionOffset: sample.compositionOffset, isSync: sample.isSync)
        }
        FragmentWriter().write(sequenceNumber: sequenceNumber, samples: locations, to: &writer)
        for sample in samples { writer.bytes.append(contentsOf: sample.data) }
        return writer.bytes
    }
}
