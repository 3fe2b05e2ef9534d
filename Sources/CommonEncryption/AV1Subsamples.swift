package import Media

/// Decides which bytes of AV1 samples are protected. AV1 Codec ISO Media File Format Binding v1.2, clause 4.
///
/// Protected: the bytes of each decode_tile(), a subsample for each tile; under cenc its last whole blocks. All headers
/// and sizes, and OBUs without tiles, stay clear. What could hold picture data in another form throws.
package struct AV1Subsamples: SubsampleMap {
    private var finder: AV1TileFinder
    private let wholeBlocks: Bool

    /// Samples must come in order, from a sync sample on: headers depend on the frames before.
    package init(_ record: AV1CodecConfigurationRecord, scheme: ProtectionScheme) {
        finder = AV1TileFinder(record)
        wholeBlocks = scheme == .cenc
    }

    package mutating func appendSubsamples(
        of sample: Span<UInt8>, to all: inout [Subsample]
    ) throws(ParseError) {
        var runs = SubsampleRuns(wholeBlocks: wholeBlocks, behind: &all)
        var offset = 0
        for tile in try finder.tiles(in: sample) {
            guard tile.count <= UInt32.max else {
                throw ParseError(.tooLarge, at: tile.lowerBound, "a tile above 4 GiB")
            }
            runs.leaveClear(tile.lowerBound - offset)
            runs.protect(tile.count)
            offset = tile.upperBound
        }
        runs.leaveClear(sample.count - offset)
        runs.finish(&all)
    }
}
