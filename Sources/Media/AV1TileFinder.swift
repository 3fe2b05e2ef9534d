/// Finds the tiles in the samples of one stream, in order from a sync sample on: all else is headers.
/// AV1 specification, clauses 5.9, 5.10 and 5.11.
package struct AV1TileFinder: Sendable {
    private var sequence: AV1SequenceHeader?
    private var references = AV1ReferenceFrames()
    /// The frame whose tiles are coming, and the number of the next one.
    private var frame: (header: AV1FrameHeader, tiles: AV1TileLayout, next: Int)?

    /// - Parameter record: its sequence header counts until a sample brings another.
    package init(_ record: AV1CodecConfigurationRecord) { sequence = record.sequenceHeader }

    /// The bytes of each decode_tile() of a sample, trailing bits included, in order.
    ///
    /// Throws where a header is cut or breaks a bound, where bits between a header and what follows it are not the
    /// standard's, where a frame or a tile is missing, and for what has no tiles of this form (tile lists, reserved
    /// types, layers outside of the first operating point). After a throw the finder is of no use.
    package mutating func tiles(in sample: Span<UInt8>) throws(ParseError) -> [Range<Int>] {
        var tiles: [Range<Int>] = []
        var cursor = AV1OBUCursor()
        while let unit = try cursor.next(in: sample) {
            do throws(ParseError) {
                try read(unit, sample.extracting(unit.payload), &tiles)
            } catch {
                let offset = unit.payload.lowerBound + error.offset
                throw ParseError(error.code, at: offset, "OBU type \(unit.type.rawValue): \(error.reason)")
            }
        }
        guard frame == nil else { throw ParseError(.truncated, at: sample.count, "the sample ends within a frame") }
        return tiles
    }

    private mutating func read(
        _ unit: AV1OBU, _ payload: Span<UInt8>, _ tiles: inout [Range<Int>]
    ) throws(ParseError) {
        switch unit.type {
        case .sequenceHeader:
            guard frame == nil else { throw ParseError(.invalid, at: 0, "a sequence header within a frame") }
            sequence = try AV1SequenceHeader(parsing: payload)
        case .frameHeader where frame == nil:
            var bits = AV1BitReader(payload)
            try readHeader(unit, &bits)
            try Self.checkTrailingBits(&bits, payload.count)
        case .frameHeader, .redundantFrameHeader:
            guard frame != nil else { throw ParseError(.invalid, at: 0, "a copy of no frame header") }
        case .frame:
            guard frame == nil else { throw ParseError(.invalid, at: 0, "a frame within a frame") }
            var bits = AV1BitReader(payload)
            try readHeader(unit, &bits)
            guard frame != nil else { throw ParseError(.invalid, at: 0, "a frame that shows another") }
            try Self.checkAlignment(&bits)
            try readTiles(unit, &bits, payload, &tiles)
        case .tileGroup:
            var bits = AV1BitReader(payload)
            try readTiles(unit, &bits, payload, &tiles)
        case .temporalDelimiter, .metadata, .padding: break
        default: throw ParseError(.unsupported, at: 0, "OBU type \(unit.type.rawValue)")
        }
    }

    @_lifetime(bits: copy bits)
    private mutating func readHeader(_ unit: AV1OBU, _ bits: inout AV1BitReader) throws(ParseError) {
        guard let sequence else { throw ParseError(.invalid, at: 0, "no sequence header") }
        let layer = AV1FrameHeader.Layer(temporalID: unit.temporalID, spatialID: unit.spatialID)
        guard sequence.operatingPoints[0].includes(temporalID: layer.temporalID, spatialID: layer.spatialID) else {
            throw ParseError(.unsupported, at: 0, "a layer outside of the first operating point")
        }
        let header: AV1FrameHeader
        do throws(ParseError) {
            header = try AV1FrameHeader(reading: &bits, sequence: sequence, references: &references, layer: layer)
        } catch {
            throw ParseError(error.code, at: bits.byteCount, error.reason)
        }
        if let tiles = header.tiles {
            frame = (header, tiles, 0)
        } else {
            references.update(with: header)
        }
    }

    /// tile_group_obu(), from where `bits` stands.
    @_lifetime(bits: copy bits)
    private mutating func readTiles(
        _ unit: AV1OBU, _ bits: inout AV1BitReader, _ payload: Span<UInt8>, _ tiles: inout [Range<Int>]
    ) throws(ParseError) {
        guard var current = frame else { throw ParseError(.invalid, at: 0, "tiles of no frame") }
        let layout = current.tiles
        var last = layout.count - 1
        if layout.count > 1, try bits.readFlag() {  // tile_start_and_end_present_flag
            let first = Int(try bits.read(layout.numberBits))
            last = Int(try bits.read(layout.numberBits))
            guard first == current.next, first <= last, last < layout.count else {
                throw ParseError(.invalid, at: bits.byteCount, "tiles \(first) to \(last), not from \(current.next) on")
            }
        } else if current.next != 0 {
            throw ParseError(.invalid, at: bits.byteCount, "tiles that came already")
        }
        try Self.checkAlignment(&bits)
        var offset = bits.byteCount
        for number in current.next...last {
            var size = payload.count - offset
            if number < last {
                guard size > layout.sizeBytes else { throw ParseError(.truncated, at: offset, "tile \(number)") }
                let left = size - layout.sizeBytes
                size = 1
                for index in 0..<layout.sizeBytes { size += Int(payload[offset + index]) << (8 * index) }
                offset += layout.sizeBytes
                guard size <= left else {
                    throw ParseError(.truncated, at: offset, "tile \(number) of \(size) bytes, \(left) left")
                }
            }
            guard size > 0 else { throw ParseError(.truncated, at: offset, "tile \(number) is empty") }
            let start = unit.payload.lowerBound + offset
            tiles.append(start..<start + size)
            offset += size
        }
        current.next = last + 1
        if current.next == layout.count {
            references.update(with: current.header)
            frame = nil
        } else {
            frame = current
        }
    }

    /// byte_alignment(): zeros. What else stands there was misread.
    @_lifetime(bits: copy bits)
    private static func checkAlignment(_ bits: inout AV1BitReader) throws(ParseError) {
        guard try bits.read(bits.byteCount * 8 - bits.position) == 0 else {
            throw ParseError(.invalid, at: bits.byteCount, "a header does not end with byte_alignment()")
        }
    }

    /// trailing_bits(): a one, then zeros to the end.
    @_lifetime(bits: copy bits)
    private static func checkTrailingBits(_ bits: inout AV1BitReader, _ count: Int) throws(ParseError) {
        var isRight = try bits.readFlag()
        while isRight, bits.position < count * 8 {
            isRight = try bits.read(bits.position % 8 == 0 ? 8 : 8 - bits.position % 8) == 0
        }
        guard isRight else {
            throw ParseError(.invalid, at: bits.byteCount, "a header does not end with trailing_bits()")
        }
    }
}
