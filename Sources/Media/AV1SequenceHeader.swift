/// The AV1 sequence header: picture size, colour and what frame headers depend on. AV1 specification, clause 5.5.
package struct AV1SequenceHeader: Sendable, Hashable {
    /// A tool that the sequence forbids, demands, or leaves to each frame.
    package enum Choice: Sendable, Hashable { case off, on, perFrame }

    package struct DecoderModel: Sendable, Hashable {
        package let bufferRemovalTimeBits: Int
        package let framePresentationTimeBits: Int
        /// Whether frames say when they are shown: equal_picture_interval is 0.
        package let hasPresentationTimes: Bool
    }

    package struct OperatingPoint: Sendable, Hashable {
        /// operating_point_idc: temporal layers in the low 8 bits, spatial ones above.
        package let layers: UInt16
        package let hasDecoderModel: Bool

        /// Whether frames of a layer belong to it.
        package func includes(temporalID: UInt8, spatialID: UInt8) -> Bool {
            layers == 0 || layers >> UInt16(temporalID) & layers >> (UInt16(spatialID) + 8) & 1 == 1
        }
    }

    package struct FrameIDs: Sendable, Hashable {
        /// Bits of an ID and of a difference of two.
        package let bits: Int
        package let deltaBits: Int
    }

    /// 0 Main, 1 High, 2 Professional.
    package let profile: UInt8
    package let isReducedStillPicture: Bool
    /// seq_level_idx[0]: 4 * (major - 2) + minor.
    package let levelIndex: UInt8
    package let isHighTier: Bool
    package let decoderModel: DecoderModel?
    package let operatingPoints: [OperatingPoint]
    /// Bits of frame sizes, 1 to 16.
    package let widthBits: Int
    package let heightBits: Int
    /// max_frame_width_minus_1 + 1 and so on, at most 65,536.
    package let maxWidth: Int
    package let maxHeight: Int
    package let frameIDs: FrameIDs?
    package let uses128x128Superblocks: Bool
    package let enablesWarpedMotion: Bool
    package let enablesReferenceFrameMotion: Bool
    /// 0 to 8; 0 where there are no order hints.
    package let orderHintBits: Int
    package let screenContentTools: Choice
    package let integerMotion: Choice
    package let enablesSuperResolution: Bool
    package let enablesCDEF: Bool
    package let enablesRestoration: Bool
    package let colour: AV1ColourConfiguration
    package let hasFilmGrain: Bool

    /// - Parameter payload: of the OBU, after its header and size.
    package init(parsing payload: Span<UInt8>) throws(ParseError) {
        var bits = AV1BitReader(payload)
        profile = UInt8(try bits.read(3))
        guard profile <= 2 else { throw ParseError(.unsupported, at: 0, "AV1 profile \(profile)") }
        _ = try bits.readFlag()  // still_picture
        isReducedStillPicture = try bits.readFlag()
        if isReducedStillPicture {
            levelIndex = UInt8(try bits.read(5))
            isHighTier = false
            decoderModel = nil
            operatingPoints = [OperatingPoint(layers: 0, hasDecoderModel: false)]
        } else {
            let (model, delayBits) = try Self.readTiming(&bits)
            decoderModel = model
            (operatingPoints, levelIndex, isHighTier) = try Self.readOperatingPoints(&bits, model: model, delayBits)
        }
        widthBits = 1 + Int(try bits.read(4))
        heightBits = 1 + Int(try bits.read(4))
        maxWidth = 1 + Int(try bits.read(widthBits))
        maxHeight = 1 + Int(try bits.read(heightBits))
        if !isReducedStillPicture, try bits.readFlag() {
            let delta = 2 + Int(try bits.read(4))
            frameIDs = FrameIDs(bits: delta + 1 + Int(try bits.read(3)), deltaBits: delta)
        } else {
            frameIDs = nil
        }
        uses128x128Superblocks = try bits.readFlag()
        _ = try bits.read(2)  // filter intra, intra edge filter
        if isReducedStillPicture {
            enablesWarpedMotion = false
            enablesReferenceFrameMotion = false
            orderHintBits = 0
            screenContentTools = .perFrame
            integerMotion = .perFrame
        } else {
            _ = try bits.read(2)  // inter-intra and masked compound
            enablesWarpedMotion = try bits.readFlag()
            _ = try bits.readFlag()  // dual filter
            let hasOrderHints = try bits.readFlag()
            if hasOrderHints { _ = try bits.readFlag() }  // joint compound
            enablesReferenceFrameMotion = hasOrderHints ? try bits.readFlag() : false
            screenContentTools = try bits.readFlag() ? .perFrame : (try bits.readFlag() ? .on : .off)
            if screenContentTools == .off {
                integerMotion = .perFrame
            } else {
                integerMotion = try bits.readFlag() ? .perFrame : (try bits.readFlag() ? .on : .off)
            }
            orderHintBits = hasOrderHints ? 1 + Int(try bits.read(3)) : 0
        }
        enablesSuperResolution = try bits.readFlag()
        enablesCDEF = try bits.readFlag()
        enablesRestoration = try bits.readFlag()
        colour = try AV1ColourConfiguration(reading: &bits, profile: profile)
        hasFilmGrain = try bits.readFlag()
    }

    /// timing_info() and decoder_model_info(), clauses 5.5.3 and 5.5.4; with it the bits of buffer delays.
    @_lifetime(bits: copy bits)
    private static func readTiming(_ bits: inout AV1BitReader) throws(ParseError) -> (DecoderModel?, Int) {
        guard try bits.readFlag() else { return (nil, 0) }
        _ = try bits.read(32)
        _ = try bits.read(32)
        let isEqual = try bits.readFlag()
        if isEqual { try bits.skipVariableLength() }
        guard try bits.readFlag() else { return (nil, 0) }
        let delayBits = 1 + Int(try bits.read(5))
        _ = try bits.read(32)
        let removal = 1 + Int(try bits.read(5))
        let presentation = 1 + Int(try bits.read(5))
        return (
            DecoderModel(
                bufferRemovalTimeBits: removal, framePresentationTimeBits: presentation,
                hasPresentationTimes: !isEqual), delayBits
        )
    }

    @_lifetime(bits: copy bits)
    private static func readOperatingPoints(
        _ bits: inout AV1BitReader, model: DecoderModel?, _ delayBits: Int
    ) throws(ParseError) -> ([OperatingPoint], level: UInt8, isHighTier: Bool) {
        let hasDisplayDelays = try bits.readFlag()
        var points: [OperatingPoint] = []
        var first: (UInt8, Bool) = (0, false)
        for index in 0...(try bits.read(5)) {
            let layers = UInt16(try bits.read(12))
            let level = UInt8(try bits.read(5))
            let isHighTier = level > 7 ? try bits.readFlag() : false
            if index == 0 { first = (level, isHighTier) }
            let hasModel = model == nil ? false : try bits.readFlag()
            if hasModel {
                _ = try bits.read(delayBits)
                _ = try bits.read(delayBits)
                _ = try bits.readFlag()
            }
            if hasDisplayDelays, try bits.readFlag() { _ = try bits.read(4) }
            points.append(OperatingPoint(layers: layers, hasDecoderModel: hasModel))
        }
        return (points, first.0, first.1)
    }
}

/// color_config(), clause 5.5.2.
package struct AV1ColourConfiguration: Sendable, Hashable {
    /// 8, 10 or 12.
    package let bitDepth: UInt8
    package let isMonochrome: Bool
    /// Colour primaries, transfer characteristics and matrix as ISO/IEC 23091-2 numbers them; nil where not stated.
    package let description: [UInt8]?
    package let isFullRange: Bool
    package let subsamplingX: Bool
    package let subsamplingY: Bool
    /// 0 unknown, 1 vertical, 2 colocated.
    package let chromaSamplePosition: UInt8
    package let separatesChromaQuantizers: Bool

    @_lifetime(bits: copy bits)
    init(reading bits: inout AV1BitReader, profile: UInt8) throws(ParseError) {
        let isHigh = try bits.readFlag()
        let isTwelve = profile == 2 && isHigh ? try bits.readFlag() : false
        bitDepth = isTwelve ? 12 : isHigh ? 10 : 8
        isMonochrome = profile == 1 ? false : try bits.readFlag()
        if try bits.readFlag() {
            description = [UInt8(try bits.read(8)), UInt8(try bits.read(8)), UInt8(try bits.read(8))]
        } else {
            description = nil
        }
        if isMonochrome {
            isFullRange = try bits.readFlag()
            (subsamplingX, subsamplingY, chromaSamplePosition) = (true, true, 0)
            separatesChromaQuantizers = false
            return
        }
        if description == [1, 13, 0] {  // sRGB
            isFullRange = true
            (subsamplingX, subsamplingY, chromaSamplePosition) = (false, false, 0)
        } else {
            isFullRange = try bits.readFlag()
            switch profile {
            case 0: (subsamplingX, subsamplingY) = (true, true)
            case 1: (subsamplingX, subsamplingY) = (false, false)
            default:
                subsamplingX = isTwelve ? try bits.readFlag() : true
                subsamplingY = isTwelve && subsamplingX ? try bits.readFlag() : false
            }
            chromaSamplePosition = subsamplingX && subsamplingY ? UInt8(try bits.read(2)) : 0
        }
        separatesChromaQuantizers = try bits.readFlag()
    }
}
