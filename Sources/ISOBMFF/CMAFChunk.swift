package import Media

/// Clear CMAF chunks: one `moof` and one `mdat`. ISO/IEC 23000-19:2024, clause 7.3.2.3.
package enum CMAFChunk {
    /// - Parameter samples: at least one, in decode order, without holes: the durations say the times.
    package static func serialize(sequenceNumber: UInt32, samples: [Sample]) -> [UInt8] { [] }
}
