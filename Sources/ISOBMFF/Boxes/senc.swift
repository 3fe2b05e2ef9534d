package import Media

/// `senc`: the IV and the subsamples of each sample of a fragment. ISO/IEC 23001-7:2023, clause 7.2.
package struct SampleEncryption: Sendable, Equatable {
    /// Bytes of each sample's IV: 0, 8 or 16.
    package let perSampleIVSize: Int
    /// Whether samples are split into subsamples; whole samples are protected otherwise.
    package let hasSubsamples: Bool
    package private(set) var sampleCount = 0
    private var ivs: [UInt8] = []
    private var subsamples: [Subsample] = []
    /// Where each sample's subsamples end in `subsamples`.
    private var subsampleEnds: [Int] = []

    package init(perSampleIVSize: Int, hasSubsamples: Bool) {
        precondition([0, 8, 16].contains(perSampleIVSize), "an IV has 0, 8 or 16 bytes")
        self.perSampleIVSize = perSampleIVSize
        self.hasSubsamples = hasSubsamples
    }

    /// Adds the next sample.
    /// - Parameters:
    ///   - iv: exactly `perSampleIVSize` bytes.
    ///   - subsamples: cover the sample's bytes exactly; empty where `hasSubsamples` is false.
    package mutating func append(iv: [UInt8] = [], subsamples more: [Subsample] = []) {
        precondition(iv.count == perSampleIVSize && (hasSubsamples || more.isEmpty), "not what this senc holds")
        ivs.append(contentsOf: iv)
        subsamples.append(contentsOf: more)
        if hasSubsamples { subsampleEnds.append(subsamples.count) }
        sampleCount += 1
    }

    package func iv(ofSample index: Int) -> ArraySlice<UInt8> {
        ivs[index * perSampleIVSize..<(index + 1) * perSampleIVSize]
    }

    package func subsamples(ofSample index: Int) -> ArraySlice<Subsample> {
        guard hasSubsamples else { return [] }
        return subsamples[(index == 0 ? 0 : subsampleEnds[index - 1])..<subsampleEnds[index]]
    }
}
