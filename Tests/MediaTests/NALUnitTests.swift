import Media
import Testing

@Suite struct NALUnitTests {
    @Test func headers() {
        let header = NALUnitHeader(0x65)
        #expect(header.referenceIDC == 3)
        #expect(header.type == .idrSlice)
        #expect(NALUnitHeader(0x06).type == .supplementalEnhancementInformation)
        #expect((0...31).filter { NALUnitType(rawValue: $0).holdsPictureData } == [1, 2, 3, 4, 5, 19, 20, 21])
    }

    @Test(arguments: [1, 2, 4])
    func stepsThroughASample(lengthSize: Int) throws {
        var sample: [UInt8] = []
        for size in [3, 0, 1] {
            sample += [UInt8](repeating: 0, count: lengthSize - 1) + [UInt8(size)] + [UInt8](repeating: 9, count: size)
        }
        var cursor = NALUnitCursor(lengthSize: lengthSize)
        var sizes: [Int] = []
        while let range = try cursor.next(in: sample.span) { sizes.append(range.count) }
        #expect(sizes == [3, 0, 1])
        #expect(cursor.offset == sample.count)
    }

    @Test func lengthsBeyondTheSampleThrow() {
        for sample in [[0, 0, 0], [0, 0, 0, 1], [0xFF, 0xFF, 0xFF, 0xFF, 1, 2]] as [[UInt8]] {
            var cursor = NALUnitCursor(lengthSize: 4)
            let error = #expect(throws: ParseError.self) { try cursor.next(in: sample.span) }
            #expect(error?.code == .truncated)
        }
    }

    @Test func emulationPreventionBytesAreSteppedOver() throws {
        let nal: [UInt8] = [0x65, 0xAB, 0, 0, 3, 1, 0, 0, 3, 0, 0, 3, 3, 0xCD]
        var reader = RBSPReader(nal.span)
        var payload: [UInt32] = []
        var ends: [Int] = []
        for _ in 0..<9 {
            payload.append(try reader.read(8))
            ends.append(reader.rawByteCount)
        }
        #expect(payload == [0xAB, 0, 0, 1, 0, 0, 0, 0, 3])
        // A byte is taken only when its bits are wanted: the prevention byte goes with what follows it.
        #expect(ends == [2, 3, 4, 6, 7, 8, 10, 11, 13])
        #expect(try reader.read(4) == 0xC)
        #expect(reader.rawByteCount == 14)
        #expect(try reader.read(4) == 0xD)
        #expect(reader.bitCount == 80)
        var error: ParseError?
        do throws(ParseError) { _ = try reader.read(1) } catch let thrown { error = thrown }
        #expect(error?.code == .truncated)
    }

    @Test func anEndingPreventionByteIsAnEnd() throws {
        let nal: [UInt8] = [0x65, 0, 0, 3]
        var reader = RBSPReader(nal.span)
        #expect(try reader.read(16) == 0)
        var error: ParseError?
        do throws(ParseError) { _ = try reader.read(1) } catch let thrown { error = thrown }
        #expect(error?.code == .truncated)
    }

    @Test func numbersRoundTrip() throws {
        var writer = RBSPWriter()
        let unsigned: [UInt32] = [0, 1, 2, 7, 255, 65535, UInt32.max - 1]
        let signed: [Int32] = [0, 1, -1, 2, -2, 1000, -1000, Int32.max, Int32.min + 1]
        for value in unsigned { writer.unsigned(value) }
        for value in signed { writer.signed(value) }
        writer.write(0xDEAD_BEEF, 32)
        let nal = writer.nalUnit(header: 0x67).bytes
        var reader = RBSPReader(nal.span)
        for value in unsigned { #expect(try reader.readUnsignedExpGolomb() == value) }
        for value in signed { #expect(try reader.readSignedExpGolomb() == value) }
        #expect(try reader.read(32) == 0xDEAD_BEEF)
        #expect(reader.bitCount == writer.bits.count)
    }

    @Test func tooLongACodeThrows() {
        let nal: [UInt8] = [0x67, 0, 0, 3, 0, 0, 3, 0, 0, 3, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        var reader = RBSPReader(nal.span)
        var error: ParseError?
        do throws(ParseError) { _ = try reader.readUnsignedExpGolomb() } catch let thrown { error = thrown }
        #expect(error?.code == .invalid)
    }
}
