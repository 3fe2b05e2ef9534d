import Media

/// HEVC parameter sets and slice segment headers written bit by bit, with every choice of the syntax left to chance.
/// ITU-T H.265 (08/2021), clause 7.3.
struct HEVCSyntax {
    struct PictureSet {
        var negative: [(difference: Int, isUsed: Bool)] = []
        var positive: [(difference: Int, isUsed: Bool)] = []
        var usedCount: Int { (negative + positive).count { $0.isUsed } }
    }

    private var random: SeededGenerator
    // What slices depend on.
    private var blocks = (width: 0, height: 0)
    private var chromaArrayType: UInt32 = 1
    private var hasSeparatePlanes = false
    private var orderBits = 4
    private var hasOffsets = false
    private var sets: [PictureSet] = []
    private var longTerm: [Bool]?
    private var hasTemporalMotion = false
    private var motionResolution: UInt32 = 0
    private var hasDependent = false
    private var hasOutputFlag = false
    private var extraBits = 0
    private var hasCABACInit = false
    private var defaults: (UInt32, UInt32) = (0, 0)
    private var hasChromaOffsets = false
    private var isWeighted = (false, false)
    private var tiles = (columns: UInt32(1), rows: UInt32(1))
    private var hasTiles = false
    private var hasRows = false
    private var filtersAcross = false
    private var overridesDeblocking = false
    private var isDeblockingOff = false
    private var modifiesLists = false
    private var hasHeaderExtension = false
    private var hasOffsetList = false
    private var hasColourOffsets = false

    init(seed: UInt64) { random = SeededGenerator(state: seed) }

    private mutating func chance() -> Bool { Bool.random(using: &random) }
    private mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    private mutating func flag(_ writer: inout RBSPWriter) -> Bool {
        let value = chance()
        writer.flag(value)
        return value
    }

    mutating func sequenceParameterSet() -> [UInt8] {
        var w = RBSPWriter()
        let subLayers = below(3)
        w.write(0, 4)
        w.write(UInt32(subLayers), 3)
        w.flag(true)
        for _ in 0..<3 { w.write(0x0160_0000, 32) }
        let present = (0..<subLayers).map { _ in (chance(), chance()) }
        for layer in present {
            w.flag(layer.0)
            w.flag(layer.1)
        }
        if subLayers > 0 { w.write(0, 2 * (8 - subLayers)) }
        for layer in present {
            if layer.0 { for _ in 0..<11 { w.write(0x55, 8) } }
            if layer.1 { w.write(93, 8) }
        }
        w.unsigned(3)  // its id
        let chroma = UInt32(below(4))
        w.unsigned(chroma)
        hasSeparatePlanes = chroma == 3 ? flag(&w) : false
        chromaArrayType = hasSeparatePlanes ? 0 : chroma
        let size = (width: 64 + 8 * below(200), height: 64 + 8 * below(100))
        w.unsigned(UInt32(size.width))
        w.unsigned(UInt32(size.height))
        if flag(&w) { for value in [0, 1, 0, 1] as [UInt32] { w.unsigned(value) } }
        w.unsigned(UInt32(below(3)))
        w.unsigned(UInt32(below(3)))
        orderBits = 4 + below(13)
        w.unsigned(UInt32(orderBits - 4))
        for _ in 0...(flag(&w) ? subLayers : 0) { for value in [4, 2, 0] as [UInt32] { w.unsigned(value) } }
        let smallest = below(2)
        let added = 1 + below(3 - smallest)
        w.unsigned(UInt32(smallest))
        w.unsigned(UInt32(added))
        let block = 8 << (smallest + added)
        blocks = ((size.width + block - 1) / block, (size.height + block - 1) / block)
        for value in [0, 3, 1, 1] as [UInt32] { w.unsigned(value) }
        if flag(&w), flag(&w) { scalingLists(&w) }
        w.flag(true)
        hasOffsets = flag(&w)
        if flag(&w) {
            w.write(0x77, 8)
            w.unsigned(0)
            w.unsigned(2)
            w.flag(false)
        }
        let count = [0, 1, 2, 5, 11][below(5)]
        w.unsigned(UInt32(count))
        sets = []
        for index in 0..<count { sets.append(pictureSet(&w, index: index, of: count)) }
        longTerm = flag(&w) ? (0..<below(4)).map { _ in chance() } : nil
        if let longTerm {
            w.unsigned(UInt32(longTerm.count))
            for isUsed in longTerm {
                w.write(UInt32(below(1 << orderBits)), orderBits)
                w.flag(isUsed)
            }
        }
        hasTemporalMotion = flag(&w)
        w.flag(true)
        if flag(&w) { usability(&w, subLayers) }
        motionResolution = 0
        if flag(&w) {
            let (hasRange, hasScreen) = (chance(), chance())
            w.flag(hasRange)
            w.write(0, 2)
            w.flag(hasScreen)
            w.write(0, 4)
            if hasRange { w.write(0, 9) }
            if hasScreen {
                w.flag(false)
                w.flag(false)
                motionResolution = UInt32(below(3))
                w.write(motionResolution, 2)
                w.flag(false)
            }
        }
        w.flag(true)
        return w.nalUnit(header: [33 << 1, 1]).bytes
    }

    private mutating func usability(_ w: inout RBSPWriter, _ subLayers: Int) {
        if flag(&w) {
            w.write(255, 8)
            w.write(0x0004_0003, 32)
        }
        if flag(&w) { w.flag(true) }
        if flag(&w) {
            w.write(10, 4)
            if flag(&w) { w.write(0x090909, 24) }
        }
        if flag(&w) { for _ in 0..<2 { w.unsigned(2) } }
        w.write(1, 3)
        if flag(&w) { for _ in 0..<4 { w.unsigned(2) } }
        if flag(&w) {
            w.write(1001, 32)
            w.write(60000, 32)
            if flag(&w) { w.unsigned(5) }
            if flag(&w) { hypotheticalDecoder(&w, subLayers) }
        }
        if flag(&w) {
            w.write(3, 3)
            for _ in 0..<5 { w.unsigned(7) }
        }
    }

    private mutating func hypotheticalDecoder(_ w: inout RBSPWriter, _ subLayers: Int) {
        let kinds = (flag(&w) ? 1 : 0) + (flag(&w) ? 1 : 0)
        var hasSub = false
        if kinds > 0 {
            hasSub = flag(&w)
            if hasSub { w.write(9, 19) }
            w.write(0x21, 8)
            if hasSub { w.write(5, 4) }
            w.write(0x1234, 15)
        }
        for _ in 0...subLayers {
            let isFixed = flag(&w)
            let isWithin = isFixed ? true : flag(&w)
            var isLowDelay = false
            if isWithin { w.unsigned(12) } else { isLowDelay = flag(&w) }
            let cpbs = isLowDelay ? 1 : 1 + below(3)
            if !isLowDelay { w.unsigned(UInt32(cpbs - 1)) }
            for _ in 0..<kinds * cpbs {
                for _ in 0..<(hasSub ? 4 : 2) { w.unsigned(1000) }
                w.flag(true)
            }
        }
    }

    private mutating func scalingLists(_ w: inout RBSPWriter) {
        for size in 0..<4 {
            for _ in stride(from: 0, to: 6, by: size == 3 ? 3 : 1) {
                if flag(&w) {
                    if size > 1 { w.signed(3) }
                    for _ in 0..<min(64, 1 << (4 + size * 2)) { w.signed(Int32(below(9)) - 4) }
                } else {
                    w.unsigned(0)
                }
            }
        }
    }

    private mutating func pictureSet(_ w: inout RBSPWriter, index: Int, of count: Int) -> PictureSet {
        if index > 0, flag(&w) {
            let distance = index == count ? 1 + below(index) : 1
            if index == count { w.unsigned(UInt32(distance - 1)) }
            return predictedSet(&w, from: sets[index - distance])
        }
        var set = PictureSet()
        let counts = (below(4), below(4))
        w.unsigned(UInt32(counts.0))
        w.unsigned(UInt32(counts.1))
        for (count, sign) in [(counts.0, -1), (counts.1, 1)] {
            var difference = 0
            for _ in 0..<count {
                let step = 1 + below(5)
                w.unsigned(UInt32(step - 1))
                difference += sign * step
                let isUsed = flag(&w)
                if sign < 0 {
                    set.negative.append((difference, isUsed))
                } else {
                    set.positive.append((difference, isUsed))
                }
            }
        }
        return set
    }

    /// As the standard says it in words: all pictures of the reference and its own, moved, sorted by distance.
    private mutating func predictedSet(_ w: inout RBSPWriter, from reference: PictureSet) -> PictureSet {
        let total = reference.negative.count + reference.positive.count
        let delta = (chance() ? -1 : 1) * (1 + below(4))
        w.flag(delta < 0)
        w.unsigned(UInt32(abs(delta) - 1))
        // Never more pictures than a set may have.
        let drops = total >= 15
        var moved: [(difference: Int, isUsed: Bool)] = []
        for picture in reference.negative + reference.positive + [(0, false)] {
            let isUsed = drops ? false : chance()
            w.flag(isUsed)
            let isKept = isUsed || (drops ? false : chance())
            if !isUsed { w.flag(isKept) }
            if isKept, picture.difference + delta != 0 { moved.append((picture.difference + delta, isUsed)) }
        }
        return PictureSet(
            negative: moved.filter { $0.difference < 0 }.sorted { $0.difference > $1.difference },
            positive: moved.filter { $0.difference > 0 }.sorted { $0.difference < $1.difference })
    }

    mutating func pictureParameterSet() -> [UInt8] {
        var w = RBSPWriter()
        w.unsigned(7)  // its id
        w.unsigned(3)
        hasDependent = flag(&w)
        hasOutputFlag = flag(&w)
        extraBits = below(8)
        w.write(UInt32(extraBits), 3)
        w.flag(true)
        hasCABACInit = flag(&w)
        defaults = (UInt32(below(15)), UInt32(below(15)))
        w.unsigned(defaults.0)
        w.unsigned(defaults.1)
        w.signed(-4)
        w.flag(false)
        let skips = flag(&w)
        if flag(&w) { w.unsigned(2) }
        w.signed(-3)
        w.signed(3)
        hasChromaOffsets = flag(&w)
        isWeighted = (flag(&w), flag(&w))
        w.flag(false)
        hasTiles = flag(&w)
        hasRows = flag(&w)
        tiles = hasTiles ? (UInt32(1 + below(4)), UInt32(1 + below(4))) : (1, 1)
        if hasTiles {
            w.unsigned(tiles.columns - 1)
            w.unsigned(tiles.rows - 1)
            if !flag(&w) { for _ in 0..<tiles.columns + tiles.rows - 2 { w.unsigned(2) } }
            w.flag(true)
        }
        filtersAcross = flag(&w)
        overridesDeblocking = false
        isDeblockingOff = false
        if flag(&w) {
            overridesDeblocking = flag(&w)
            isDeblockingOff = flag(&w)
            if !isDeblockingOff { for _ in 0..<2 { w.signed(-2) } }
        }
        if flag(&w) { scalingLists(&w) }
        modifiesLists = flag(&w)
        w.unsigned(0)
        hasHeaderExtension = flag(&w)
        hasOffsetList = false
        hasColourOffsets = false
        if flag(&w) {
            let (hasRange, hasScreen) = (chance(), chance())
            w.flag(hasRange)
            w.write(0, 2)
            w.flag(hasScreen)
            w.write(0, 4)
            if hasRange {
                if skips { w.unsigned(1) }
                w.flag(true)
                hasOffsetList = flag(&w)
                if hasOffsetList {
                    w.unsigned(1)
                    w.unsigned(2)
                    for _ in 0..<6 { w.signed(-5) }
                }
                w.unsigned(0)
                w.unsigned(0)
            }
            if hasScreen {
                w.flag(false)
                if flag(&w) {
                    hasColourOffsets = flag(&w)
                    for _ in 0..<3 { w.signed(5) }
                }
                w.flag(false)
            }
        }
        w.flag(true)
        return w.nalUnit(header: [34 << 1, 1]).bytes
    }

    /// A slice segment with data behind its header, and where the data begins.
    mutating func sliceSegment() -> (nal: [UInt8], headerEnd: Int, type: HEVCSliceSegmentHeader.SliceType?) {
        var w = RBSPWriter()
        let unit: UInt8 = [0, 1, 8, 9, 16, 19, 20, 21][below(8)]
        let isFirst = flag(&w)
        if unit >= 16 { w.flag(false) }
        w.unsigned(7)
        var isDependent = false
        if !isFirst {
            if hasDependent { isDependent = flag(&w) }
            let count = blocks.width * blocks.height
            var bits = 0
            while 1 << bits < count { bits += 1 }
            w.write(UInt32(below(count)), bits)
        }
        let type = isDependent ? nil : independentPart(&w, isIDR: unit == 19 || unit == 20)
        if hasTiles || hasRows {
            let most = Int(tiles.columns) * (hasRows ? blocks.height : Int(tiles.rows))
            let entries = chance() ? 0 : below(min(most, 60))
            w.unsigned(UInt32(entries))
            if entries > 0 {
                let size = [1, 7, 16, 32][below(4)]
                w.unsigned(UInt32(size - 1))
                for _ in 0..<entries { w.write(0, size) }
            }
        }
        if hasHeaderExtension {
            let size = [0, 1, 5][below(3)]
            w.unsigned(UInt32(size))
            for _ in 0..<size { w.write(0, 8) }
        }
        w.flag(true)
        while w.bits.count % 8 != 0 { w.flag(false) }
        let data = (0..<20).map { _ in UInt8(below(4)) }
        let (nal, end) = w.nalUnit(header: [unit << 1, 1], data: data)
        return (nal, end, type)
    }

    private mutating func independentPart(
        _ w: inout RBSPWriter, isIDR: Bool
    ) -> HEVCSliceSegmentHeader.SliceType {
        w.write(0, extraBits)
        let code = isIDR ? 2 : UInt8(below(3))
        w.unsigned(UInt32(code))
        let type: HEVCSliceSegmentHeader.SliceType = [.b, .p, .i][Int(code)]
        if hasOutputFlag { w.flag(true) }
        if hasSeparatePlanes { w.write(1, 2) }
        var references = 0
        var usesMotion = false
        if !isIDR {
            w.write(UInt32(below(1 << orderBits)), orderBits)
            if !sets.isEmpty, flag(&w) {
                let index = below(sets.count)
                var bits = 0
                while 1 << bits < sets.count { bits += 1 }
                w.write(UInt32(index), bits)
                references = sets[index].usedCount
            } else {
                if sets.isEmpty { w.flag(false) }
                references = pictureSet(&w, index: sets.count, of: sets.count).usedCount
            }
            if let longTerm { references += longTermPictures(&w, longTerm) }
            if hasTemporalMotion { usesMotion = flag(&w) }
        }
        var filters = false
        if hasOffsets {
            filters = flag(&w)
            if chromaArrayType != 0, flag(&w) { filters = true }
        }
        if type != .i { prediction(&w, isB: type == .b, references, usesMotion) }
        w.signed(-7)
        if hasChromaOffsets { for _ in 0..<2 { w.signed(1) } }
        if hasColourOffsets { for _ in 0..<3 { w.signed(2) } }
        if hasOffsetList { w.flag(true) }
        var isOff = isDeblockingOff
        if overridesDeblocking, flag(&w) {
            isOff = flag(&w)
            if !isOff { for _ in 0..<2 { w.signed(6) } }
        }
        if filtersAcross, filters || !isOff { w.flag(true) }
        return type
    }

    private mutating func longTermPictures(_ w: inout RBSPWriter, _ known: [Bool]) -> Int {
        var used = 0
        let chosen = known.isEmpty ? 0 : below(3)
        if !known.isEmpty { w.unsigned(UInt32(chosen)) }
        let own = below(3)
        w.unsigned(UInt32(own))
        for index in 0..<chosen + own {
            if index < chosen {
                let entry = below(known.count)
                var bits = 0
                while 1 << bits < known.count { bits += 1 }
                w.write(UInt32(entry), bits)
                if known[entry] { used += 1 }
            } else {
                w.write(UInt32(below(1 << orderBits)), orderBits)
                if flag(&w) { used += 1 }
            }
            if flag(&w) { w.unsigned(UInt32(below(9))) }
        }
        return used
    }

    private mutating func prediction(_ w: inout RBSPWriter, isB: Bool, _ references: Int, _ usesMotion: Bool) {
        var counts = defaults
        if flag(&w) {
            counts.0 = UInt32(below(15))
            w.unsigned(counts.0)
            if isB {
                counts.1 = UInt32(below(15))
                w.unsigned(counts.1)
            }
        }
        let lists = isB ? [counts.0, counts.1] : [counts.0]
        if modifiesLists, references > 1 {
            var bits = 0
            while 1 << bits < references { bits += 1 }
            for last in lists where flag(&w) { for _ in 0...last { w.write(UInt32(below(references)), bits) } }
        }
        if isB { w.flag(true) }
        if hasCABACInit { w.flag(true) }
        if usesMotion {
            let isFromFirst = isB ? flag(&w) : true
            if lists[isFromFirst ? 0 : 1] > 0 { w.unsigned(0) }
        }
        if isB ? isWeighted.1 : isWeighted.0 {
            w.unsigned(5)
            if chromaArrayType != 0 { w.signed(-1) }
            for last in lists {
                let luma = (0...last).map { _ in flag(&w) }
                let chroma = chromaArrayType == 0 ? luma.map { _ in false } : (0...last).map { _ in flag(&w) }
                for index in luma.indices {
                    for _ in 0..<(luma[index] ? 2 : 0) + (chroma[index] ? 4 : 0) { w.signed(Int32(below(60)) - 30) }
                }
            }
        }
        w.unsigned(2)
        if motionResolution == 2 { w.flag(true) }
    }
}
