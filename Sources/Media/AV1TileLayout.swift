/// How a frame is divided into tiles: tile_info(). AV1 specification, clause 5.9.15.
package struct AV1TileLayout: Sendable, Hashable {
    package let columns: Int
    package let rows: Int
    /// Bits of a tile's number in tile groups.
    package let numberBits: Int
    /// Bytes of a tile's size field, 1 to 4; none is written for a frame of one tile.
    package let sizeBytes: Int

    package var count: Int { columns * rows }

    private static let maximumWidth = 4096
    private static let maximumArea = 4096 * 2304
    private static let maximumCount = 64

    /// - Parameters:
    ///   - width: FrameWidth, after the change of size by super-resolution.
    ///   - height: FrameHeight.
    @_lifetime(bits: copy bits)
    init(
        reading bits: inout AV1BitReader, width: Int, height: Int, uses128x128Superblocks: Bool
    ) throws(ParseError) {
        let shift = uses128x128Superblocks ? 7 : 6
        // From units of 4 samples, of which a frame has an even number.
        let blockColumns = (2 * ((width + 7) >> 3) * 4 + (1 << shift) - 1) >> shift
        let blockRows = (2 * ((height + 7) >> 3) * 4 + (1 << shift) - 1) >> shift
        let widest = Self.maximumWidth >> shift
        let largest = Self.maximumArea >> (2 * shift)
        let leastColumns = Self.log2(widest, blockColumns)
        let leastTiles = max(leastColumns, Self.log2(largest, blockRows * blockColumns))
        let columnBits: Int
        let rowBits: Int
        if try bits.readFlag() {  // uniform_tile_spacing_flag
            columnBits = try Self.readLog2(
                &bits, from: leastColumns, to: Self.log2(1, min(blockColumns, Self.maximumCount)))
            rowBits = try Self.readLog2(
                &bits, from: max(leastTiles - columnBits, 0), to: Self.log2(1, min(blockRows, Self.maximumCount)))
            columns = Self.uniformCount(blockColumns, columnBits)
            rows = Self.uniformCount(blockRows, rowBits)
        } else {
            let (columns, widestTile) = try Self.readSizes(&bits, total: blockColumns, limit: widest)
            let area = leastTiles > 0 ? (blockRows * blockColumns) >> (leastTiles + 1) : blockRows * blockColumns
            let (rows, _) = try Self.readSizes(&bits, total: blockRows, limit: max(area / widestTile, 1))
            self.columns = columns
            self.rows = rows
            columnBits = Self.log2(1, columns)
            rowBits = Self.log2(1, rows)
        }
        guard columns <= Self.maximumCount, rows <= Self.maximumCount else {
            throw ParseError(.invalid, at: bits.byteCount, "\(columns) by \(rows) tiles")
        }
        numberBits = columnBits + rowBits
        if numberBits > 0 {
            _ = try bits.read(numberBits)  // context_update_tile_id
            sizeBytes = 1 + Int(try bits.read(2))
        } else {
            sizeBytes = 4
        }
    }

    /// tile_log2(): the smallest k for which size << k is at least target.
    private static func log2(_ size: Int, _ target: Int) -> Int {
        var k = 0
        while size << k < target { k += 1 }
        return k
    }

    @_lifetime(bits: copy bits)
    private static func readLog2(_ bits: inout AV1BitReader, from least: Int, to most: Int) throws(ParseError) -> Int {
        var value = least
        while value < most, try bits.readFlag() { value += 1 }
        return value
    }

    private static func uniformCount(_ blocks: Int, _ bits: Int) -> Int {
        let size = (blocks + (1 << bits) - 1) >> bits
        return (blocks + size - 1) / size
    }

    /// Tile after tile until all superblocks are covered; how many, and the largest.
    @_lifetime(bits: copy bits)
    private static func readSizes(
        _ bits: inout AV1BitReader, total: Int, limit: Int
    ) throws(ParseError) -> (count: Int, largest: Int) {
        var count = 0
        var largest = 0
        var start = 0
        while start < total {
            let size = 1 + (try bits.readBelow(min(total - start, limit)))
            largest = max(largest, size)
            start += size
            count += 1
        }
        return (count, largest)
    }
}
