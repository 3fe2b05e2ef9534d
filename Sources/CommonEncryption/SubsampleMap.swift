package import Media

/// Decides which bytes of a codec's samples are protected.
package protocol SubsampleMap: Sendable {
    /// Appends the runs of one sample, in order; together they are as long as the sample. What comes within a sample and
    /// counts for later ones (parameter sets, reference frames) is remembered. After a throw the map is of no use, nor is
    /// what was in the array.
    mutating func appendSubsamples(of sample: Span<UInt8>, to all: inout [Subsample]) throws(ParseError)
}

extension SubsampleMap {
    /// The runs of one sample by themselves.
    package mutating func subsamples(of sample: Span<UInt8>) throws(ParseError) -> [Subsample] {
        var subsamples: [Subsample] = []
        try appendSubsamples(of: sample, to: &subsamples)
        return subsamples
    }
}

/// Gathers runs into subsamples: clear runs merge, and those above 65,535 bytes are split.
struct SubsampleRuns {
    /// cenc ranges are multiples of 16 bytes (ISO/IEC 23001-7:2023, clause 9.5.2.3), so that the key stream never stops
    /// mid-block; what is over stays clear at the start of the range.
    let wholeBlocks: Bool
    private var clear = 0
    /// Those of samples before too: an array for each sample would take longer than to read a slice header.
    private var subsamples: [Subsample] = []

    /// - Parameter subsamples: of samples before, which are taken until `finish`.
    init(wholeBlocks: Bool, behind subsamples: inout [Subsample]) {
        self.wholeBlocks = wholeBlocks
        swap(&self.subsamples, &subsamples)
    }

    mutating func leaveClear(_ count: Int) { clear += count }

    /// Ends the clear run with `count` bytes to protect; none at all lets it run on.
    mutating func protect(_ count: Int) {
        let over = wholeBlocks ? count % 16 : 0
        clear += over
        guard count > over else { return }
        flush(protected: UInt32(count - over))  // a NAL unit's length field, and an OBU's, have at most 32 bits
    }

    /// Gives them back with those of this sample.
    mutating func finish(_ all: inout [Subsample]) {
        if clear > 0 { flush(protected: 0) }
        swap(&subsamples, &all)
    }

    private mutating func flush(protected: UInt32) {
        while clear > 65535 {
            subsamples.append(Subsample(clear: 65535, protected: 0))
            clear -= 65535
        }
        subsamples.append(Subsample(clear: UInt16(clear), protected: protected))
        clear = 0
    }
}
