import Media
import Testing

@Suite struct PictureParameterSetTests {
    @Test func setsOfAnEncoder() throws {
        // libx264 164: High with CABAC and 4 references, weightp 2; Constrained Baseline; Main with CAVLC.
        let high = try PictureParameterSet(parsing: hex("68e93844b22c").span)
        #expect(high.id == 0 && high.sequenceParameterSetID == 0)
        #expect(high.usesArithmeticCoding)
        #expect(high.defaultReferenceCount0 == 4 && high.defaultReferenceCount1 == 1)
        #expect(high.weightedPrediction && high.weightedBipredictionIDC == 2)
        #expect(high.deblockingFilterControlPresent)
        #expect(!high.redundantPictureCountPresent && !high.bottomFieldPictureOrderPresent)
        let baseline = try PictureParameterSet(parsing: hex("68cb8192c8").span)
        #expect(!baseline.usesArithmeticCoding && !baseline.weightedPrediction)
        #expect(baseline.defaultReferenceCount0 == 3 && baseline.weightedBipredictionIDC == 0)
        let interlaced = try PictureParameterSet(parsing: hex("68dba192c8").span)
        #expect(!interlaced.usesArithmeticCoding && interlaced.weightedBipredictionIDC == 2)
    }

    @Test func sliceGroupsAreUnsupported() {
        var writer = RBSPWriter()
        writer.unsigned(0)
        writer.unsigned(0)
        writer.write(0, 2)
        writer.unsigned(1)
        let nal = writer.nalUnit(header: 0x68, data: [0xFF, 0xFF]).bytes
        let error = #expect(throws: ParseError.self) { _ = try PictureParameterSet(parsing: nal.span) }
        #expect(error?.code == .unsupported)
    }

    @Test func hostileSetsNeverTrap() {
        var random = SeededGenerator(state: 11)
        var failures = 0
        for _ in 0..<4_000 {
            let nal =
                [0x68]
                + (0..<Int.random(in: 0...12, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            do throws(ParseError) {
                let set = try PictureParameterSet(parsing: nal.span)
                #expect((1...32).contains(set.defaultReferenceCount0) && (1...32).contains(set.defaultReferenceCount1))
            } catch {
                failures += 1
            }
        }
        #expect(failures > 0)
    }
}
