package import Media

/// Where the samples of a chunk, or of the concatenated chunks of a segment, lie in the input.
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
        /// The samples' data, copied out of the input that the table was parsed from.
        package func mediaSamples(in bytes: Span<UInt8>) throws(ParseError) -> [Sample] { [] }
    }

    /// At least one.
    package let fragments: [Fragment]
    /// The sum of all durations, in ticks.
    package let duration: Int64

    /// - Parameter defaults: the header's `trex`, for fragments that lean on it; Sluice's own never do.
    package init(
        parsing bytes: Span<UInt8>, defaults: TrackExtends = TrackExtends()
    ) throws(ParseError) {
        throw ParseError(.unsupported, at: 0, "not written yet")
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
