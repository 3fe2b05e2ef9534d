import Media
import Testing

@Suite struct SequenceParameterSetTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var nal: [UInt8]
        var profile: UInt8
        var level: UInt8
        var chroma: UInt8
        var coded: (Int, Int)
        var frames: Bool
        var reorder: UInt8
    }

    /// Sets that libx264 164 wrote; sizes, level and rate as ffprobe reads them.
    static let cases = [
        Case(
            testDescription: "High, HRD",
            nal: hex("6764000dacd941419f9f011000000300100000030326480030d40061aa4830078a14cb"),
            profile: 100, level: 13, chroma: 1, coded: (320, 192), frames: true, reorder: 2),
        Case(
            testDescription: "Main, interlaced", nal: hex("674d4015ec80a19f93011000000300100000030321f1429960"),
            profile: 77, level: 21, chroma: 1, coded: (320, 192), frames: false, reorder: 2),
        Case(
            testDescription: "High 4:2:2, scaling lists",
            nal: hex("677a000cbcd941419f8dc044000003000400000300c83c50a658"),
            profile: 122, level: 12, chroma: 2, coded: (320, 192), frames: true, reorder: 2),
        Case(
            testDescription: "High 4:4:4", nal: hex("67f4000c918ac80a0cfc6e0220000003002000000641e28532c0"),
            profile: 244, level: 12, chroma: 3, coded: (320, 192), frames: true, reorder: 2),
        Case(
            testDescription: "Constrained Baseline", nal: hex("6742c00cd901419f9f011000000300100000030320f142a480"),
            profile: 66, level: 12, chroma: 1, coded: (320, 192), frames: true, reorder: 0),
    ]

    @Test(arguments: cases)
    func setsOfAnEncoder(_ example: Case) throws {
        let set = try SequenceParameterSet(parsing: example.nal.span)
        #expect(set.profileIDC == example.profile)
        #expect(set.levelIDC == example.level)
        #expect(set.chromaFormatIDC == example.chroma)
        #expect((set.width, set.height) == (320, 180))
        #expect((set.codedWidth, set.codedHeight) == example.coded)
        #expect(set.frameMacroblocksOnly == example.frames)
        #expect(set.maxReorderFrames == example.reorder)
        #expect(set.frameRate == FrameRate(25))
        #expect(set.bitDepthLuma == 8)
    }

    @Test(arguments: cases)
    func truncationNeverTraps(_ example: Case) {
        // The last byte of an encoder's set may hold the trailing bits alone.
        for count in 0..<example.nal.count - 1 {
            #expect(throws: ParseError.self) {
                _ = try SequenceParameterSet(parsing: example.nal.span.extracting(..<count))
            }
        }
    }

    @Test func changedSetsNeverTrap() throws {
        var random = SeededGenerator(state: 7)
        var failures = 0
        for _ in 0..<4_000 {
            let example = Self.cases[Int.random(in: 0..<Self.cases.count, using: &random)]
            var nal = example.nal
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                nal[Int.random(in: 1..<nal.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do throws(ParseError) {
                let set = try SequenceParameterSet(parsing: nal.span)
                #expect(set.width > 0 && set.width <= set.codedWidth && set.codedWidth <= 16_880)
                _ = set.frameRate
            } catch {
                failures += 1
            }
        }
        #expect(failures > 0)
    }

    @Test func cyclesOfPictureOrder() throws {
        var writer = RBSPWriter()
        writer.write(66 << 16 | 30, 24)
        writer.unsigned(5)
        writer.unsigned(4)
        writer.unsigned(1)
        writer.flag(true)
        writer.signed(-3)
        writer.signed(4)
        writer.unsigned(3)
        for offset in [1, -2, 3] as [Int32] { writer.signed(offset) }
        writer.unsigned(2)
        writer.flag(false)
        writer.unsigned(119)
        writer.unsigned(33)
        writer.flag(false)
        writer.flag(true)
        writer.flag(true)
        writer.flag(true)
        for crop in [1, 2, 0, 2] as [UInt32] { writer.unsigned(crop) }
        writer.flag(false)
        let nal = writer.nalUnit(header: 0x67).bytes
        let set = try SequenceParameterSet(parsing: nal.span)
        #expect(set.id == 5)
        #expect(set.frameNumberBits == 8)
        #expect(set.pictureOrder == .cycle(deltaAlwaysZero: true))
        #expect(set.maxReferenceFrames == 2)
        #expect((set.codedWidth, set.codedHeight) == (1920, 1088))
        // Cropping counts 2 luma samples across and, with fields, 4 down.
        #expect((set.width, set.height) == (1914, 1080))
        #expect(set.timing == nil && set.frameRate == nil && set.maxReorderFrames == nil)
    }

    @Test func croppingEverythingThrows() {
        var writer = RBSPWriter()
        writer.write(66 << 16 | 30, 24)
        for value in [0, 0, 2, 1] as [UInt32] { writer.unsigned(value) }
        writer.flag(false)
        writer.unsigned(0)
        writer.unsigned(0)
        for value in [true, true, true] { writer.flag(value) }
        for crop in [4, 4, 0, 0] as [UInt32] { writer.unsigned(crop) }
        writer.flag(false)
        let nal = writer.nalUnit(header: 0x67).bytes
        let error = #expect(throws: ParseError.self) { _ = try SequenceParameterSet(parsing: nal.span) }
        #expect(error?.code == .invalid)
    }

    @Test func otherUnitsAreRefused() {
        let nal: [UInt8] = [0x68, 1, 2, 3, 4, 5]
        #expect(throws: ParseError.self) { _ = try SequenceParameterSet(parsing: nal.span) }
    }
}

/// Bytes written in hexadecimal.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
