package import Media

/// `senc`: the IV and the subsamples of each sample of a fragment. ISO/IEC 23001-7:2023, clause 7.2.
///
/// Not a `Box` by itself: the size of its IVs is said elsewhere, in `tenc` or `seig`.
package struct SampleEncryption: Sendable, Equatable {
    package static let boxType: FourCC = "senc"

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
    ///   - subsamples: at most 65535, covering the sample's bytes exactly; none where `hasSubsamples` is false.
    package mutating func append(iv: [UInt8] = [], subsamples more: ArraySlice<Subsample> = []) {
        precondition(iv.count == perSampleIVSize, "an IV of another size")
        ivs.append(contentsOf: iv)
        append(more)
    }

    /// Adds the next sample, whose IV of 8 bytes is the number, most significant byte first.
    package mutating func append(iv: UInt64, subsamples more: ArraySlice<Subsample> = []) {
        precondition(perSampleIVSize == 8, "an IV of another size")
        for shift: UInt64 in [56, 48, 40, 32, 24, 16, 8, 0] { ivs.append(UInt8(truncatingIfNeeded: iv >> shift)) }
        append(more)
    }

    private mutating func append(_ more: ArraySlice<Subsample>) {
        precondition((hasSubsamples || more.isEmpty) && more.count <= Int(UInt16.max), "subsamples that do not fit")
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

    /// Whether there is nothing to say: whole samples under a constant IV.
    package var isEmpty: Bool { perSampleIVSize == 0 && !hasSubsamples }

    /// Bytes of each sample's entry, for `saiz`; nil where one does not fit its 8 bits.
    package var entrySizes: [UInt8]? {
        var sizes: [UInt8] = []
        sizes.reserveCapacity(sampleCount)
        for index in 0..<sampleCount {
            let size = perSampleIVSize + (hasSubsamples ? 2 + 6 * subsamples(ofSample: index).count : 0)
            guard let size = UInt8(exactly: size) else { return nil }
            sizes.append(size)
        }
        return sizes
    }

    /// Bytes of the box after its size and type.
    package var payloadSize: Int { 8 + ivs.count + subsampleEnds.count * 2 + subsamples.count * 6 }

    @_lifetime(reader: copy reader)
    package init(reading reader: inout ByteReader, perSampleIVSize: Int) throws(ParseError) {
        guard [0, 8, 16].contains(perSampleIVSize) else {
            throw ParseError(.invalid, at: 0, "an IV of \(perSampleIVSize) bytes for each sample")
        }
        let flags = try reader.readFullBox().flags
        self.init(perSampleIVSize: perSampleIVSize, hasSubsamples: flags & 2 != 0)
        let count: Int
        if isEmpty {
            // Shaka Packager writes the count alone for cbcs audio; no bytes follow that could bound it.
            count = Int(try reader.read(UInt32.self))
            guard count <= TrackRun.maximumSampleCount else {
                throw ParseError(.tooLarge, at: 4, "\(count) samples")
            }
        } else {
            count = try reader.readCount(entrySize: perSampleIVSize + (hasSubsamples ? 2 : 0))
        }
        for _ in 0..<count {
            ivs.append(contentsOf: try reader.readBytes(perSampleIVSize))
            if hasSubsamples {
                for _ in 0..<(try reader.read(UInt16.self)) {
                    subsamples.append(
                        Subsample(clear: try reader.read(UInt16.self), protected: try reader.read(UInt32.self)))
                }
                subsampleEnds.append(subsamples.count)
            }
            sampleCount += 1
        }
    }

    /// Where the first sample's entry begins, from the start of the box.
    static let entriesOffset = 16

    package func writePayload(to writer: inout ByteWriter) {
        writer.writeFullBox(flags: hasSubsamples ? 2 : 0)
        writer.write(UInt32(sampleCount))
        for index in 0..<sampleCount {
            writer.bytes.append(contentsOf: iv(ofSample: index))
            if hasSubsamples {
                let parts = subsamples(ofSample: index)
                writer.append(UInt16(parts.count))
                for part in parts {
                    writer.append(part.clear)
                    writer.append(part.protected)
                }
            }
        }
    }

    package func describe(to description: inout BoxDescription) {
        description.field("samples", sampleCount)
        description.field("ivSize", perSampleIVSize)
        description.field("subsamples", subsamples.count)
        for index in 0..<sampleCount {
            let parts = subsamples(ofSample: index).map { "\($0.clear)+\($0.protected)" }
            var line = BoxDescription()
            if perSampleIVSize > 0 { line.field("iv", hex: iv(ofSample: index)) }
            if hasSubsamples { line.field("subsamples", parts.joined(separator: ",")) }
            description.entry(line.fields.joined(separator: " "))
        }
    }
}
