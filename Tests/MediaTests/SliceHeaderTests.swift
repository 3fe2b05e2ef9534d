import Media
import Testing

/// Headers of every kind, written from the standard's syntax tables and parsed again.
@Suite struct SliceHeaderTests {
    /// The parts of the parameter sets that change a slice header's syntax.
    struct Setting {
        var chroma: UInt32
        var separatePlanes: Bool
        var frameNumberBits: Int
        var orderType: UInt32
        var orderBits: Int
        var deltaAlwaysZero: Bool
        var framesOnly: Bool
        var sequenceID: UInt32
        var pictureID: UInt32
        var cabac: Bool
        var bottomOrder: Bool
        var counts: (UInt32, UInt32)
        var weighted: Bool
        var weightedBipred: UInt32
        var deblocking: Bool
        var redundant: Bool

        init(using random: inout SeededGenerator) {
            func bit(_ random: inout SeededGenerator) -> Bool { Bool.random(using: &random) }
            chroma = UInt32.random(in: 0...3, using: &random)
            separatePlanes = chroma == 3 && bit(&random)
            frameNumberBits = Int.random(in: 4...16, using: &random)
            orderType = UInt32.random(in: 0...2, using: &random)
            orderBits = Int.random(in: 4...16, using: &random)
            deltaAlwaysZero = bit(&random)
            framesOnly = bit(&random)
            sequenceID = UInt32.random(in: 0...31, using: &random)
            pictureID = UInt32.random(in: 0...255, using: &random)
            cabac = bit(&random)
            bottomOrder = bit(&random)
            counts = (UInt32.random(in: 1...32, using: &random), UInt32.random(in: 1...32, using: &random))
            weighted = bit(&random)
            weightedBipred = UInt32.random(in: 0...2, using: &random)
            deblocking = bit(&random)
            redundant = bit(&random)
        }

        func parameterSets() throws(ParseError) -> AVCParameterSets {
            var sequence = RBSPWriter()
            sequence.write(244 << 16 | 40, 24)
            sequence.unsigned(sequenceID)
            sequence.unsigned(chroma)
            if chroma == 3 { sequence.flag(separatePlanes) }
            sequence.unsigned(0)
            sequence.unsigned(0)
            sequence.write(0, 2)
            sequence.unsigned(UInt32(frameNumberBits - 4))
            sequence.unsigned(orderType)
            if orderType == 0 { sequence.unsigned(UInt32(orderBits - 4)) }
            if orderType == 1 {
                sequence.flag(deltaAlwaysZero)
                sequence.signed(0)
                sequence.signed(0)
                sequence.unsigned(0)
            }
            sequence.unsigned(4)
            sequence.flag(false)
            sequence.unsigned(119)
            sequence.unsigned(33)
            sequence.flag(framesOnly)
            if !framesOnly { sequence.flag(true) }
            sequence.write(0b100, 3)
            var picture = RBSPWriter()
            picture.unsigned(pictureID)
            picture.unsigned(sequenceID)
            picture.flag(cabac)
            picture.flag(bottomOrder)
            picture.unsigned(0)
            picture.unsigned(counts.0 - 1)
            picture.unsigned(counts.1 - 1)
            picture.flag(weighted)
            picture.write(weightedBipred, 2)
            for _ in 0..<3 { picture.signed(0) }
            picture.flag(deblocking)
            picture.flag(false)
            picture.flag(redundant)
            var sets = AVCParameterSets()
            let units = [picture.nalUnit(header: 0x68).bytes, sequence.nalUnit(header: 0x67).bytes]
            for unit in units { try sets.update(with: unit.span) }
            return sets
        }
    }

    struct Written {
        var writer = RBSPWriter()
        var header: UInt8
        var type: SliceHeader.SliceType
        var frameNumber: UInt32
        var isField = false
        var isBottom = false
    }

    /// One header with random values in every field. ITU-T H.264 (08/2021), clause 7.3.3.
    private func write(_ setting: Setting, using random: inout SeededGenerator) -> Written {
        func value(_ limit: UInt32) -> UInt32 { UInt32.random(in: 0...limit, using: &random) }
        func offset() -> Int32 { Int32.random(in: -300...300, using: &random) }
        func bit() -> Bool { Bool.random(using: &random) }
        let isIDR = value(3) == 0
        let reference = isIDR ? 1 + value(2) : value(3)
        let code = isIDR ? [2, 4, 7, 9][Int(value(3))] : value(9)
        guard let type = SliceHeader.SliceType(rawValue: UInt8(code % 5)) else { preconditionFailure() }  // why: 0 to 4
        var result = Written(
            header: UInt8(reference << 5) | (isIDR ? 5 : 1), type: type,
            frameNumber: bit() ? 0 : value(1 << UInt32(setting.frameNumberBits) - 1))
        var bits = RBSPWriter()
        bits.unsigned(bit() ? 0 : value(8000))
        bits.unsigned(code)
        bits.unsigned(setting.pictureID)
        if setting.separatePlanes { bits.write(value(2), 2) }
        bits.write(result.frameNumber, setting.frameNumberBits)
        if !setting.framesOnly {
            result.isField = bit()
            bits.flag(result.isField)
            if result.isField {
                result.isBottom = bit()
                bits.flag(result.isBottom)
            }
        }
        if isIDR { bits.unsigned(value(65535)) }
        if setting.orderType == 0 {
            bits.write(bit() ? 0 : value(1 << UInt32(setting.orderBits) - 1), setting.orderBits)
            if setting.bottomOrder && !result.isField { bits.signed(offset()) }
        }
        if setting.orderType == 1 && !setting.deltaAlwaysZero {
            bits.signed(offset())
            if setting.bottomOrder && !result.isField { bits.signed(offset()) }
        }
        if setting.redundant { bits.unsigned(value(127)) }
        let isPredicted = type == .p || type == .sp || type == .b
        if type == .b { bits.flag(bit()) }
        var counts = setting.counts
        if isPredicted {
            let overrides = bit()
            bits.flag(overrides)
            if overrides {
                counts.0 = 1 + value(31)
                bits.unsigned(counts.0 - 1)
                if type == .b {
                    counts.1 = 1 + value(31)
                    bits.unsigned(counts.1 - 1)
                }
            }
        }
        for _ in 0..<(type == .b ? 2 : isPredicted ? 1 : 0) {
            let modifies = bit()
            bits.flag(modifies)
            guard modifies else { continue }
            for _ in 0..<value(33) {
                bits.unsigned(value(2))
                bits.unsigned(value(1000))
            }
            bits.unsigned(3)
        }
        if setting.weighted && (type == .p || type == .sp) || setting.weightedBipred == 1 && type == .b {
            let hasChroma = !setting.separatePlanes && setting.chroma != 0
            bits.unsigned(value(7))
            if hasChroma { bits.unsigned(value(7)) }
            for count in type == .b ? [counts.0, counts.1] : [counts.0] {
                for _ in 0..<count {
                    let luma = bit()
                    bits.flag(luma)
                    if luma { for _ in 0..<2 { bits.signed(offset()) } }
                    guard hasChroma else { continue }
                    let chroma = bit()
                    bits.flag(chroma)
                    if chroma { for _ in 0..<4 { bits.signed(offset()) } }
                }
            }
        }
        if reference != 0 {
            if isIDR {
                bits.write(value(3), 2)
            } else {
                let adaptive = bit()
                bits.flag(adaptive)
                if adaptive {
                    for _ in 0..<value(10) {
                        let operation = 1 + value(5)
                        bits.unsigned(operation)
                        if operation != 5 { bits.unsigned(value(60)) }
                        if operation == 3 { bits.unsigned(value(15)) }
                    }
                    bits.unsigned(0)
                }
            }
        }
        if setting.cabac && isPredicted { bits.unsigned(value(2)) }
        bits.signed(offset())
        if type == .sp { bits.flag(bit()) }
        if type == .sp || type == .si { bits.signed(offset()) }
        if setting.deblocking {
            let mode = value(2)
            bits.unsigned(mode)
            if mode != 1 {
                bits.signed(offset())
                bits.signed(offset())
            }
        }
        result.writer = bits
        return result
    }

    @Test func everyKindOfHeaderIsMeasured() throws {
        var random = SeededGenerator(state: 0x0264)
        var escaped = 0
        for _ in 0..<2_000 {
            let setting = Setting(using: &random)
            let sets = try setting.parameterSets()
            let written = write(setting, using: &random)
            // Data of zeros asks most of the emulation prevention right behind the header.
            let data: [UInt8] = Bool.random(using: &random) ? [0, 0, 0, 1, 0x80] : [0xAA, 0xBB]
            let (nal, end) = written.writer.nalUnit(header: written.header, data: data)
            let header = try SliceHeader(parsing: nal.span, parameterSets: sets)
            #expect(header.byteCount == end)
            #expect(header.bitCount == written.writer.bits.count)
            #expect(header.type == written.type)
            #expect(header.frameNumber == written.frameNumber)
            #expect(header.pictureParameterSetID == UInt8(setting.pictureID))
            #expect(header.isField == written.isField && header.isBottomField == written.isBottom)
            if end > 1 + written.writer.bytes.count { escaped += 1 }
        }
        #expect(escaped > 20)
    }

    @Test func truncatedHeadersThrow() throws {
        var random = SeededGenerator(state: 3)
        for _ in 0..<60 {
            let setting = Setting(using: &random)
            let sets = try setting.parameterSets()
            let written = write(setting, using: &random)
            let (nal, end) = written.writer.nalUnit(header: written.header)
            for count in 0..<end - 1 {
                var error: ParseError?
                do throws(ParseError) {
                    _ = try SliceHeader(parsing: nal.span.extracting(..<count), parameterSets: sets)
                } catch let thrown { error = thrown }
                #expect(error?.code == .truncated)
            }
        }
    }

    @Test func hostileHeadersNeverTrap() throws {
        var random = SeededGenerator(state: 5)
        var (failures, successes) = (0, 0)
        for _ in 0..<3_000 {
            let setting = Setting(using: &random)
            let sets = try setting.parameterSets()
            let written = write(setting, using: &random)
            var nal = written.writer.nalUnit(header: written.header, data: [UInt8](repeating: 0x55, count: 64)).bytes
            for _ in 0..<3 {
                nal[Int.random(in: 1..<nal.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do throws(ParseError) {
                let header = try SliceHeader(parsing: nal.span, parameterSets: sets)
                #expect(header.byteCount <= nal.count)
                successes += 1
            } catch {
                failures += 1
            }
        }
        #expect(failures > 0 && successes > 0)
    }

    @Test func endlessListsThrow() throws {
        var random = SeededGenerator(state: 1)
        var setting = Setting(using: &random)
        setting.chroma = 1
        setting.separatePlanes = false
        setting.framesOnly = true
        setting.orderType = 2
        setting.redundant = false
        setting.weighted = false
        var bits = RBSPWriter()
        bits.unsigned(0)
        bits.unsigned(0)
        bits.unsigned(setting.pictureID)
        bits.write(0, setting.frameNumberBits)
        bits.flag(false)
        bits.flag(true)
        for _ in 0..<1000 { bits.unsigned(0); bits.unsigned(0) }
        let nal = bits.nalUnit(header: 0x61).bytes
        let sets = try setting.parameterSets()
        let error = #expect(throws: ParseError.self) {
            _ = try SliceHeader(parsing: nal.span, parameterSets: sets)
        }
        #expect(error?.code == .invalid)
    }

    @Test func missingSetsAndOtherUnitsThrow() throws {
        var random = SeededGenerator(state: 9)
        let setting = Setting(using: &random)
        let (nal, _) = write(setting, using: &random).writer.nalUnit(header: 0x41)
        let error = #expect(throws: ParseError.self) {
            _ = try SliceHeader(parsing: nal.span, parameterSets: AVCParameterSets())
        }
        #expect(error?.code == .invalid)
        let sets = try setting.parameterSets()
        for type in [0, 2, 6, 7, 20] as [UInt8] {
            let other = [type] + nal.dropFirst()
            #expect(throws: ParseError.self) { _ = try SliceHeader(parsing: other.span, parameterSets: sets) }
        }
    }
}
