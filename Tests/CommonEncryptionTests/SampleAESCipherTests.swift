import CommonEncryption
import Media
import OpenSSLCrypto
import Testing

@Suite struct SampleAESCipherTests {
    private static let keyBytes: [UInt8] = (0..<16).map { $0 * 7 }
    private static let iv: [UInt8] = (0..<16).map { 0xA0 + $0 }

    private func cipher() throws -> SampleAESCipher {
        try SampleAESCipher(SampleAESKey(key: #require(ContentKey(Self.keyBytes)), iv: Self.iv))
    }

    private func protect(_ sample: [UInt8], lengthSize: Int = 4) throws -> [UInt8] {
        let cipher = try cipher()
        let capacity = SampleAESCipher.largestAVCSize(of: sample.count, lengthSize: lengthSize)
        return try [UInt8](capacity: capacity) { output throws(ProtectionError) in
            try cipher.protectAVC(sample.span, lengthSize: lengthSize, to: &output)
        }
    }

    /// A receiver as the Apple document has it: one 3 taken away behind two zeros, then every tenth block.
    private func received(_ nal: [UInt8]) throws -> [UInt8] {
        guard [1, 5].contains(nal[0] & 0x1F), nal.count > 48 else { return nal }
        var plain: [UInt8] = []
        var zeros = 0
        for byte in nal {
            if zeros >= 2, byte == 3 {
                zeros = 0
                continue
            }
            plain.append(byte)
            zeros = byte == 0 ? zeros + 1 : 0
        }
        let decryptor = try AESCBC(key: Self.keyBytes.span, .decrypt)
        try decryptor.restart(iv: Self.iv)
        var offset = 32
        while plain.count - offset > 16 {
            var bytes = plain.mutableSpan
            try decryptor.apply(to: &bytes, in: offset..<offset + 16)
            offset += 160
        }
        return plain
    }

    private func units(_ sample: [UInt8]) throws -> [[UInt8]] {
        var cursor = NALUnitCursor(lengthSize: 4)
        var units: [[UInt8]] = []
        while let range = try cursor.next(in: sample.span) { units.append(Array(sample[range])) }
        return units
    }

    private func sample(_ units: [[UInt8]], lengthSize: Int = 4) -> [UInt8] {
        units.flatMap { unit in
            (0..<lengthSize).reversed().map { UInt8(truncatingIfNeeded: unit.count >> ($0 * 8)) } + unit
        }
    }

    /// NAL units of all lengths around the rules' edges; every fourth byte or so a zero, so that threes abound.
    private func manyUnits() -> [[UInt8]] {
        var state: UInt64 = 99
        func next() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 40)
        }
        return (1...400).map { count in
            var unit = [[1, 5, 6, 7, 9][count % 5] as UInt8 | 0x60]
            var zeros = 0
            while unit.count < count {
                let byte: UInt8 = next() < 90 ? 0 : next() % 8
                // As an encoder leaves it: no start code, and no zero at the end.
                let fits = zeros < 2 ? byte : max(byte, 3)
                unit.append(unit.count == count - 1 ? max(fits, 1) : fits)
                zeros = fits == 0 ? zeros + 1 : 0
            }
            return unit
        }
    }

    @Test(arguments: [1, 2, 4]) func receiverHasTheSameNALUnits(_ lengthSize: Int) throws {
        let clear = manyUnits().filter { lengthSize > 1 || $0.count < 256 }
        let protected = try units(protect(sample(clear, lengthSize: lengthSize), lengthSize: lengthSize))
        try #require(protected.count == clear.count)
        for (clear, protected) in zip(clear, protected) {
            #expect(try received(protected) == clear)
            let isEncrypted = [1, 5].contains(clear[0] & 0x1F) && clear.count > 48
            #expect((protected == clear) == !isEncrypted, "\(clear.count) bytes of type \(clear[0] & 0x1F)")
            let startCode = protected.indices.dropFirst(2).contains {
                protected[$0 - 2] == 0 && protected[$0 - 1] == 0 && protected[$0] < 3
            }
            #expect(!startCode)
        }
        #expect(zip(clear, protected).contains { $0.count + 20 < $1.count }, "threes have been put in")
    }

    /// One place at a time, in bytes that are looked through many at once.
    @Test func threesArePutInWhereverTheyAreNeeded() throws {
        let units = (1...330).map { place in
            var unit = [0x65] + (1..<333).map { UInt8($0 % 250 + 4) }
            unit.replaceSubrange(place..<place + 3, with: [0, 0, 3])
            return place + 3 < unit.count ? unit : unit + [9]
        }
        for (clear, protected) in zip(units, try self.units(protect(sample(units)))) {
            #expect(try received(protected) == clear)
            let isStartCode = protected.indices.dropFirst(2).contains {
                protected[$0 - 2] == 0 && protected[$0 - 1] == 0 && protected[$0] < 3
            }
            #expect(!isStartCode)
        }
    }

    @Test func firstBytesAndLastBlockStayClear() throws {
        // No zeros, so no threes and no change of length.
        for count in [49, 64, 65, 192, 193, 208, 209, 210] {
            let clear = [0x65] + (1..<count).map { UInt8($0 % 250 + 4) }
            let protected = try #require(try units(protect(sample([clear]))).first)
            let changed = clear.indices.filter { protected[$0] != clear[$0] }
            let blocks = Set(changed.map { ($0 - 32) / 16 })
            #expect(changed.allSatisfy { $0 >= 32 && $0 < count - 1 })
            // The second block begins at 192 and is encrypted where more than 16 bytes remain.
            #expect(blocks == (count > 208 ? [0, 10] : [0]), "\(count) bytes")
        }
    }

    @Test(arguments: [2, 3, 4, 19, 20, 21] as [UInt8]) func pictureDataItCannotProtectIsRefused(_ type: UInt8) throws {
        #expect(throws: ProtectionError.self) { try protect(sample([[type] + [UInt8](repeating: 9, count: 100)])) }
    }

    @Test func brokenFramingIsRefused() throws {
        let whole = sample([[0x65] + [UInt8](repeating: 9, count: 100)])
        for cut in 1..<whole.count { #expect(throws: ProtectionError.self) { try protect(Array(whole.prefix(cut))) } }
    }

    /// Each would be longer behind a length field of four bytes.
    @Test(arguments: [1, 2, 4]) func emptyNALUnitsAreRefused(_ lengthSize: Int) throws {
        #expect(throws: ProtectionError.self) { try protect([UInt8](repeating: 0, count: 16), lengthSize: lengthSize) }
    }

    @Test func worstCaseFits() throws {
        // Zeros alone are no NAL unit, but nothing may break by them.
        for count in [49, 50, 51, 160, 1000] {
            let zeros = [0x65] + [UInt8](repeating: 0, count: count - 1)
            let protected = try #require(try units(protect(sample([zeros]))).first)
            #expect(try received(protected) == zeros)
        }
    }

    @Test(arguments: [0, 1, 15, 16, 31, 32, 33, 47, 48, 300]) func soundIsEncryptedFromItsSeventeenthByte(_ count: Int)
        throws
    {
        let clear = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        var all = [1, 2, 3] + clear + [4, 5]
        var bytes = all.mutableSpan
        try cipher().protectAAC(&bytes, in: 3..<3 + count)
        #expect(all.prefix(3) == [1, 2, 3] && all.suffix(2) == [4, 5])
        var frame = Array(all[3..<3 + count])
        let whole = max(0, count - 16) / 16 * 16
        #expect((frame == clear) == (whole == 0))
        guard whole > 0 else { return }
        #expect(frame.prefix(16) == clear.prefix(16))
        let decryptor = try AESCBC(key: Self.keyBytes.span, .decrypt)
        try decryptor.restart(iv: Self.iv)
        var span = frame.mutableSpan
        try decryptor.apply(to: &span, in: 16..<16 + whole)
        #expect(frame == clear)
    }

    /// An AC-3 frame at 48 kHz and 32 kbit/s, or an Enhanced AC-3 one, with every byte behind its head another one.
    private func frame(size: Int, enhanced: Bool) -> [UInt8] {
        let words = size / 2 - 1
        let head: [UInt8] =
            enhanced
            ? [0x0B, 0x77, UInt8(words >> 8), UInt8(words & 0xFF), 0, 16 << 3] : [0x0B, 0x77, 0, 0, 0, 8 << 3]
        return head + (6..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    }

    @Test(arguments: [false, true]) func syncFramesHaveOneChainEachOrTogether(_ enhanced: Bool) throws {
        let frames = (enhanced ? [128, 20, 70] : [128, 128]).map { frame(size: $0, enhanced: enhanced) }
        var bytes = frames.flatMap { $0 }
        let count = bytes.count
        var span = bytes.mutableSpan
        if enhanced {
            try cipher().protectEnhancedAC3(&span, in: 0..<count)
        } else {
            try cipher().protectAC3(&span, in: 0..<count)
        }
        let decryptor = try AESCBC(key: Self.keyBytes.span, .decrypt)
        try decryptor.restart(iv: Self.iv)
        var offset = 0
        for frame in frames {
            var found = Array(bytes[offset..<offset + frame.count])
            #expect(found.prefix(16) == frame.prefix(16))
            #expect((found == frame) == (frame.count < 32))
            if !enhanced { try decryptor.restart(iv: Self.iv) }
            var span = found.mutableSpan
            try decryptor.apply(to: &span, in: 16..<frame.count - frame.count % 16)
            #expect(found == frame)
            offset += frame.count
        }
    }

    @Test(arguments: [false, true]) func whatIsNoSyncFrameIsRefused(_ enhanced: Bool) throws {
        func refuses(_ frame: [UInt8]) -> Bool {
            var bytes = frame
            var span = bytes.mutableSpan
            do {
                if enhanced {
                    try cipher().protectEnhancedAC3(&span, in: 0..<frame.count)
                } else {
                    try cipher().protectAC3(&span, in: 0..<frame.count)
                }
                return false
            } catch {
                return true
            }
        }
        let whole = frame(size: 128, enhanced: enhanced)
        #expect(!refuses(whole))
        for cut in 1..<whole.count { #expect(refuses(Array(whole.prefix(cut)))) }
        #expect(refuses(whole + [0]) && refuses(whole + whole.prefix(127)) && !refuses(whole + whole))
        for (index, value) in [(0, 0), (1, 0), (5, enhanced ? 8 << 3 : 16 << 3), (5, 0xFF)] as [(Int, UInt8)] {
            var broken = whole
            broken[index] = value
            #expect(refuses(broken))
        }
        if !enhanced { #expect(refuses([0x0B, 0x77, 0, 0, 0xC0] + whole[5...])) }
    }

    /// ETSI TS 102 366 V1.4.1, table 4.13: 32 and 640 kbit/s, and the odd word at 44.1 kHz.
    @Test(arguments: [(0x00, 128), (0x25, 2560), (0x40, 138), (0x41, 140), (0x65, 2788), (0x80, 192), (0xA4, 3840)])
    func ac3FramesAreAsLongAsTheTableSays(_ code: Int, _ size: Int) throws {
        var frame = [0x0B, 0x77, 0, 0, UInt8(code), 0x40] + [UInt8](repeating: 0, count: size - 6)
        var span = frame.mutableSpan
        try cipher().protectAC3(&span, in: 0..<size)
        var short = [UInt8](frame.prefix(6)) + [UInt8](repeating: 0, count: size - 7)
        #expect(throws: ProtectionError.self) {
            var span = short.mutableSpan
            try cipher().protectAC3(&span, in: 0..<size - 1)
        }
    }

    @Test func keyWantsAnIVOf16BytesAndNeverPrintsItself() throws {
        let key = try #require(ContentKey(Self.keyBytes))
        #expect(throws: ProtectionError.invalidIV) { try SampleAESKey(key: key, iv: []) }
        let text = "\(try SampleAESKey(key: key, iv: Self.iv))"
        #expect(text.contains("redacted") && !text.contains("105"))
    }
}
