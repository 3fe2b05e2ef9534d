import Media
import Testing

@Suite struct HEVCSliceSegmentHeaderTests {
    private func sets(_ syntax: inout HEVCSyntax) throws -> (HEVCParameterSets, [[UInt8]]) {
        var sets = HEVCParameterSets()
        let units = [syntax.sequenceParameterSet(), syntax.pictureParameterSet()]
        for unit in units { try sets.update(with: unit.span) }
        return (sets, units)
    }

    /// Over a thousand combinations of everything that the syntax can have.
    @Test func headersOfEveryKindEndWhereTheirDataBegins() throws {
        var types: [HEVCSliceSegmentHeader.SliceType?: Int] = [:]
        for seed in 0..<250 as Range<UInt64> {
            var syntax = HEVCSyntax(seed: seed)
            let (sets, _) = try sets(&syntax)
            for _ in 0..<5 {
                let slice = syntax.sliceSegment()
                let header = try HEVCSliceSegmentHeader(parsing: slice.nal.span, parameterSets: sets)
                try #require(header.byteCount == slice.headerEnd, "seed \(seed)")
                #expect(header.type == slice.type)
                types[slice.type, default: 0] += 1
            }
        }
        #expect(types.count == 4)
    }

    @Test func truncationAtEveryByte() throws {
        for seed in 0..<30 as Range<UInt64> {
            var syntax = HEVCSyntax(seed: seed)
            let (sets, units) = try sets(&syntax)
            let slice = syntax.sliceSegment()
            for length in 0..<slice.headerEnd {
                #expect(throws: ParseError.self) {
                    _ = try HEVCSliceSegmentHeader(
                        parsing: slice.nal.span.extracting(0..<length), parameterSets: sets)
                }
            }
            for unit in units {
                var refused = 0
                for length in 0..<unit.count {
                    var own = HEVCParameterSets()
                    do { try own.update(with: unit.span.extracting(0..<length)) } catch { refused += 1 }
                }
                #expect(refused > 0)
            }
        }
    }

    private static func accepts(_ units: [[UInt8]]) throws -> Bool {
        var sets = HEVCParameterSets()
        do throws(ParseError) {
            for unit in units.dropLast() { try sets.update(with: unit.span) }
            let slice = units[2]
            let header = try HEVCSliceSegmentHeader(parsing: slice.span, parameterSets: sets)
            #expect(header.byteCount <= slice.count)
            return true
        } catch {
            return false
        }
    }

    @Test func changedBitsNeverTrap() throws {
        var generator = SeededGenerator(state: 0x4856_4331)
        var refused = 0
        for seed in 0..<100 as Range<UInt64> {
            var syntax = HEVCSyntax(seed: seed)
            let (_, units) = try sets(&syntax)
            let slice = syntax.sliceSegment().nal
            for _ in 0..<30 {
                var changed = units + [slice]
                for _ in 0...Int.random(in: 0..<4, using: &generator) {
                    let unit = Int.random(in: 0..<3, using: &generator)
                    let bit = Int.random(in: 0..<changed[unit].count * 8, using: &generator)
                    changed[unit][bit / 8] ^= 1 << UInt8(bit % 8)
                }
                if try !Self.accepts(changed) { refused += 1 }
            }
        }
        #expect(refused > 100)
    }

    @Test func whatDoesNotEndInAlignmentBitsIsRefused() throws {
        var syntax = HEVCSyntax(seed: 1)
        let (sets, _) = try sets(&syntax)
        var slice = syntax.sliceSegment()
        slice.nal[slice.headerEnd - 1] = 0
        #expect(throws: ParseError.self) {
            _ = try HEVCSliceSegmentHeader(parsing: slice.nal.span, parameterSets: sets)
        }
    }

    @Test(arguments: [0x2A, 0x2C, 0x3E, 0x14] as [UInt8])
    func otherUnitsAreRefused(first: UInt8) throws {
        var syntax = HEVCSyntax(seed: 1)
        let (sets, _) = try sets(&syntax)
        var slice = syntax.sliceSegment()
        // Types 21 in another layer, 22, 31 and 10.
        slice.nal[0] = first
        if first == 0x2A { slice.nal[1] = 0x09 }
        let error = #expect(throws: ParseError.self) {
            _ = try HEVCSliceSegmentHeader(parsing: slice.nal.span, parameterSets: sets)
        }
        #expect(error?.code == .unsupported)
    }
}
