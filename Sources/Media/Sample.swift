/// One coded access unit with its times. ISO/IEC 14496-12:2022, clause 3.1 "sample".
package struct Sample: Sendable, Equatable {
    /// Decode time in ticks of the track's timescale, from the Unix epoch; strictly rising within a track.
    package var decodeTime: Int64
    /// Presentation time minus decode time, in ticks. May be negative (trun version 1): in the
    /// tracks Sluice makes, a sync sample has 0, so that a segment's first decode time is its
    /// earliest presentation time.
    package var compositionOffset: Int32
    /// Ticks to the next sample's decode time.
    package var duration: UInt32
    /// Whether decoding can start here (H.264: an IDR of a closed GOP; audio: always).
    package var isSync: Bool
    /// H.264: NAL units, each behind its 4-byte length. AAC: one raw_data_block, without ADTS.
    package var data: [UInt8]

    package init(decodeTime: Int64, compositionOffset: Int32, duration: UInt32, isSync: Bool, data: [UInt8]) {
        self.decodeTime = decodeTime
        self.compositionOffset = compositionOffset
        self.duration = duration
        self.isSync = isSync
        self.data = data
    }

    package var presentationTime: Int64 { decodeTime + Int64(compositionOffset) }
}
