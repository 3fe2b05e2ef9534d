/// The header of an AV1 frame: where it ends, how the frame is tiled, and what later headers need of it.
/// AV1 specification, clause 5.9.
package struct AV1FrameHeader: Sendable, Hashable {
    package enum FrameType: UInt8, Sendable { case key = 0, inter, intraOnly, `switch` }

    /// The layer that the OBU's extension header states; 0 and 0 without one.
    package struct Layer: Sendable, Hashable {
        package var temporalID: UInt8
        package var spatialID: UInt8

        package init(temporalID: UInt8 = 0, spatialID: UInt8 = 0) {
            self.temporalID = temporalID
            self.spatialID = spatialID
        }
    }

    package let type: FrameType
    /// Set where the header shows a frame of a slot and has no tiles of its own.
    package let existingFrame: Int?
    package let isShown: Bool
    /// Bit i: slot i holds the frame from its end on.
    package let refreshFlags: UInt8
    package let orderHint: Int
    /// In pixels, as shown and as coded: super-resolution codes fewer columns.
    package let upscaledWidth: Int
    package let width: Int
    package let height: Int
    /// nil where `existingFrame` is set.
    package let tiles: AV1TileLayout?
    let segmentation: AV1Segmentation

    /// Reads uncompressed_header(). Throws where it is cut, breaks a bound, or refers to a frame that is not there.
    ///
    /// - Parameter references: changed by what the header says of lost frames alone; the frame itself goes into them
    ///   at its end, by `AV1ReferenceFrames.update`.
    @_lifetime(bits: copy bits)
    init(
        reading bits: inout AV1BitReader, sequence: AV1SequenceHeader, references: inout AV1ReferenceFrames,
        layer: Layer
    ) throws(ParseError) {
        let start = try AV1FrameStart(reading: &bits, sequence: sequence)
        type = start.type
        isShown = start.isShown
        existingFrame = start.existingFrame
        if let index = start.existingFrame {
            let frame = try references.frame(index)
            refreshFlags = frame.isKeyFrame ? 0xFF : 0
            orderHint = frame.orderHint
            upscaledWidth = frame.upscaledWidth
            width = frame.upscaledWidth
            height = frame.height
            tiles = nil
            segmentation = frame.segmentation
            return
        }
        let isIntra = start.type == .key || start.type == .intraOnly
        let disablesUpdates = try bits.readFlag()  // disable_cdf_update
        let allowsScreenContent = try Self.read(sequence.screenContentTools, &bits)
        let forcesIntegers = allowsScreenContent ? try Self.read(sequence.integerMotion, &bits) : false
        if let ids = sequence.frameIDs { _ = try bits.read(ids.bits) }
        let overridesSize =
            start.type == .switch ? true : sequence.isReducedStillPicture ? false : try bits.readFlag()
        orderHint = Int(try bits.read(sequence.orderHintBits))
        let primary = isIntra || start.isErrorResilient ? 7 : Int(try bits.read(3))
        try Self.skipBufferRemovalTimes(&bits, sequence, layer)
        let refreshesAll = start.type == .switch || start.type == .key && start.isShown
        refreshFlags = refreshesAll ? 0xFF : UInt8(try bits.read(8))
        if !isIntra || refreshFlags != 0xFF, start.isErrorResilient, sequence.orderHintBits > 0 {
            try Self.readOrderHints(&bits, sequence, &references)
        }
        var size = AV1FrameSize(upscaledWidth: sequence.maxWidth, width: sequence.maxWidth, height: sequence.maxHeight)
        var indices: [Int] = []
        var allowsBlockCopy = false
        var hasFineMotion = false
        if isIntra {
            size = try AV1FrameSize(reading: &bits, sequence: sequence, isExplicit: overridesSize)
            if allowsScreenContent, size.upscaledWidth == size.width { allowsBlockCopy = try bits.readFlag() }
        } else {
            indices = try Self.readReferences(&bits, sequence, references, orderHint)
            if overridesSize, !start.isErrorResilient {
                size = try AV1FrameSize(reading: &bits, sequence: sequence, references: references, indices)
            } else {
                size = try AV1FrameSize(reading: &bits, sequence: sequence, isExplicit: overridesSize)
            }
            hasFineMotion = forcesIntegers ? false : try bits.readFlag()
            if try !bits.readFlag() { _ = try bits.read(2) }  // interpolation filter
            _ = try bits.readFlag()  // is_motion_mode_switchable
            if !start.isErrorResilient, sequence.enablesReferenceFrameMotion { _ = try bits.readFlag() }
        }
        (upscaledWidth, width, height) = (size.upscaledWidth, size.width, size.height)
        if !sequence.isReducedStillPicture, !disablesUpdates { _ = try bits.readFlag() }
        tiles = try AV1TileLayout(
            reading: &bits, width: size.width, height: size.height,
            uses128x128Superblocks: sequence.uses128x128Superblocks)
        let previous = primary == 7 ? nil : try references.frame(indices[primary]).segmentation
        let quantization = try AV1Quantization(reading: &bits, sequence: sequence)
        segmentation = try AV1Segmentation(reading: &bits, previous: previous)
        try quantization.skipDeltas(&bits, allowsBlockCopy: allowsBlockCopy)
        var isLossless = quantization.hasNoDifferences
        for segment in 0..<8 where segmentation.quantizerIndex(segment, base: quantization.baseIndex) != 0 {
            isLossless = false
        }
        try AV1Filters.skip(
            &bits, sequence, isLossless: isLossless, isUpscaled: size.width != size.upscaledWidth,
            allowsBlockCopy: allowsBlockCopy)
        if !isLossless { _ = try bits.readFlag() }  // tx_mode_select
        let selectsReferences = isIntra ? false : try bits.readFlag()
        if selectsReferences, sequence.orderHintBits > 0,
            try references.allowsSkipMode(indices, orderHint: orderHint, bits: sequence.orderHintBits)
        {
            _ = try bits.readFlag()  // skip_mode_present
        }
        if !isIntra, !start.isErrorResilient, sequence.enablesWarpedMotion { _ = try bits.readFlag() }
        _ = try bits.readFlag()  // reduced_tx_set
        if !isIntra { try AV1GlobalMotion.skip(&bits, hasFineMotion: hasFineMotion) }
        if sequence.hasFilmGrain, start.isShown || start.isShowable {
            try AV1FilmGrain.skip(&bits, sequence.colour, isInter: start.type == .inter)
        }
    }

    @_lifetime(bits: copy bits)
    private static func read(
        _ choice: AV1SequenceHeader.Choice, _ bits: inout AV1BitReader
    ) throws(ParseError) -> Bool {
        choice == .perFrame ? try bits.readFlag() : choice == .on
    }

    @_lifetime(bits: copy bits)
    private static func skipBufferRemovalTimes(
        _ bits: inout AV1BitReader, _ sequence: AV1SequenceHeader, _ layer: Layer
    ) throws(ParseError) {
        guard let model = sequence.decoderModel, try bits.readFlag() else { return }
        for point in sequence.operatingPoints where point.hasDecoderModel {
            if point.includes(temporalID: layer.temporalID, spatialID: layer.spatialID) {
                _ = try bits.read(model.bufferRemovalTimeBits)
            }
        }
    }

    /// ref_order_hint[]: a slot with another one lost its frame; decoders put a grey one there.
    @_lifetime(bits: copy bits)
    private static func readOrderHints(
        _ bits: inout AV1BitReader, _ sequence: AV1SequenceHeader, _ references: inout AV1ReferenceFrames
    ) throws(ParseError) {
        for slot in 0..<AV1ReferenceFrames.count {
            let hint = Int(try bits.read(sequence.orderHintBits))
            guard references.slots[slot]?.orderHint != hint else { continue }
            references.slots[slot] = AV1ReferenceFrame(
                isKeyFrame: false, orderHint: hint, upscaledWidth: sequence.maxWidth, height: sequence.maxHeight,
                segmentation: .off)
        }
    }

    /// ref_frame_idx[]: the slots of the 7 references.
    @_lifetime(bits: copy bits)
    private static func readReferences(
        _ bits: inout AV1BitReader, _ sequence: AV1SequenceHeader, _ references: AV1ReferenceFrames, _ orderHint: Int
    ) throws(ParseError) -> [Int] {
        var short: [Int]?
        if sequence.orderHintBits > 0, try bits.readFlag() {  // frame_refs_short_signaling
            short = try references.indices(
                last: Int(try bits.read(3)), golden: Int(try bits.read(3)), orderHint: orderHint,
                bits: sequence.orderHintBits)
        }
        var indices: [Int] = []
        for reference in 0..<AV1ReferenceFrames.perFrame {
            if let short { indices.append(short[reference]) } else { indices.append(Int(try bits.read(3))) }
            if let ids = sequence.frameIDs { _ = try bits.read(ids.deltaBits) }
        }
        return indices
    }
}

extension AV1ReferenceFrames {
    /// The reference frame update process, clause 7.20, at the end of a frame.
    mutating func update(with header: AV1FrameHeader) {
        let frame: AV1ReferenceFrame?
        if let existing = header.existingFrame {
            frame = slots[existing]
        } else {
            frame = AV1ReferenceFrame(
                isKeyFrame: header.type == .key, orderHint: header.orderHint, upscaledWidth: header.upscaledWidth,
                height: header.height, segmentation: header.segmentation)
        }
        for slot in 0..<Self.count where header.refreshFlags >> UInt8(slot) & 1 == 1 { slots[slot] = frame }
    }
}
