import CommonEncryption
import Media
import MediaMemory
import OpenSSLCrypto
import Testing

@Suite struct SampleProtectorTests {
    private func protector(
        _ scheme: ProtectionScheme, _ codec: CodecConfiguration
    ) throws -> SampleProtector {
        let key = try #require(ContentKey(Fixture.key))
        return try SampleProtector(
            scheme: scheme, key: key, codec: codec, constantIV: scheme == .cbcs ? Fixture.constantIV : nil)
    }

    @Test(arguments: Fixture.all, [ProtectionScheme.cenc, .cbcs])
    func agreesWithShakaPackager(name: String, scheme: ProtectionScheme) throws {
        let fixture = try Fixture(name)
        let expected = try fixture.expectations(scheme)
        try #require(expected.count == fixture.samples.count && expected.count > 5)
        var protector = try protector(scheme, fixture.codec)
        var changed = 0
        for (index, clear) in fixture.samples.enumerated() {
            var sample = clear
            let iv = Fixture.firstIV + UInt64(index)
            let subsamples = try protector.protect(&sample, iv: iv)
            #expect(subsamples == expected[index].subsamples, "sample \(index)")
            #expect(hex(sha256(sample)) == expected[index].sha256, "sample \(index)")
            if scheme == .cenc { #expect(expected[index].iv == String(iv, radix: 16)) }
            if sample != clear { changed += 1 }
        }
        #expect(changed > 0)
    }

    /// All samples at once, in step where they are chains of their own: what Shaka Packager makes of each.
    @Test(arguments: Fixture.all, [ProtectionScheme.cenc, .cbcs])
    func manyAtOnceAgreeWithShakaPackager(name: String, scheme: ProtectionScheme) throws {
        let fixture = try Fixture(name)
        let expected = try fixture.expectations(scheme)
        var protector = try protector(scheme, fixture.codec)
        let clear = fixture.samples.flatMap(\.self)
        var samples: [SampleProtector.ClearSample] = []
        var subsamples: [Subsample] = []
        var offset = 0
        for (index, sample) in fixture.samples.enumerated() {
            samples.append(
                .init(
                    range: offset..<offset + sample.count, iv: Fixture.firstIV + UInt64(index),
                    subsamples: try protector.appendSubsamples(of: sample.span, to: &subsamples)))
            offset += sample.count
        }
        // Not all at the beginning of what is sent, and some of another chunk.
        var draft = MediaDraft(capacity: clear.count + 7)
        draft.append(repeating: 9, count: 7)
        try protector.append(samples[..<3], subsamples: subsamples, of: clear.span, to: &draft)
        try protector.append(samples[3...], subsamples: subsamples, of: clear.span, to: &draft)
        let made = draft.finish()
        #expect(made.count == clear.count + 7 && made.array(0..<7) == Array(repeating: 9, count: 7))
        for (index, sample) in samples.enumerated() {
            let bytes = made.array(sample.range.lowerBound + 7..<sample.range.upperBound + 7)
            #expect(hex(sha256(bytes)) == expected[index].sha256, "sample \(index)")
        }
    }

    @Test func theSameSampleGivesTheSameBytesAgain() throws {
        let fixture = try Fixture("high-cabac-slices")
        for scheme in [ProtectionScheme.cenc, .cbcs] {
            var protector = try protector(scheme, fixture.codec)
            var first: [[UInt8]] = []
            for round in 0..<2 {
                for (index, clear) in fixture.samples.enumerated() {
                    var sample = clear
                    _ = try protector.protect(&sample, iv: UInt64(index))
                    if round == 0 { first.append(sample) } else { #expect(sample == first[index]) }
                }
            }
        }
    }

    /// More blocks than are gathered at once, against one block at a time.
    @Test(arguments: [40_000, 40_960, 40_976, 41_120, 41_121, 100_007, 700_000])
    func longPatternsEqualASimpleOne(size: Int) throws {
        let fixture = try Fixture("baseline-cavlc")
        var protector = try protector(.cbcs, fixture.codec)
        var sample = try lengthened(fixture, protectedSize: size)
        let clear = sample
        let subsamples = try protector.protect(&sample, iv: 0)
        let last = try #require(subsamples.last)
        #expect(Int(last.protected) == size)

        var expected = clear
        let key = Fixture.key
        let cipher = try AESCBC(key: key.span)
        try cipher.restart(iv: Fixture.constantIV)
        var offset = clear.count - size
        while offset + 16 <= clear.count {
            var block = Array(expected[offset..<offset + 16])
            var blockSpan = block.mutableSpan
            try cipher.apply(to: &blockSpan)
            expected.replaceSubrange(offset..<offset + 16, with: block)
            offset += 160
        }
        let same = sample == expected  // outside the macro, which would print both
        #expect(same)
    }

    /// The last slice of a fixture, stretched to `protectedSize` bytes of slice data.
    private func lengthened(_ fixture: Fixture, protectedSize: Int) throws -> [UInt8] {
        let clear = try #require(fixture.samples.last)
        guard case .avc(let record, _, _) = fixture.codec else { throw ProtectionError.invalidIV }
        var decision = try AVCSubsamples(record, scheme: .cbcs)
        let runs = try decision.runs(clear)
        let last = try #require(runs.last)
        var cursor = NALUnitCursor(lengthSize: 4)
        var range = 0..<0
        while let next = try cursor.next(in: clear.span) { range = next }
        let header = range.count - Int(last.protected)
        var writer = ByteWriter()
        writer.write(UInt32(header + protectedSize))
        writer.write(bytes: clear[range.lowerBound..<range.lowerBound + header])
        writer.write(bytes: (0..<protectedSize).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 5) })
        return writer.bytes
    }

    @Test func counterModeIsItsOwnReverse() throws {
        let fixture = try Fixture("aac-lc")
        var protector = try protector(.cenc, fixture.codec)
        for clear in fixture.samples {
            var sample = clear
            let subsamples = try protector.protect(&sample, iv: 77)
            #expect(subsamples.isEmpty)
            #expect(sample != clear)
            let key = Fixture.key
            let cipher = try AESCTR(key: key.span)
            try cipher.restart(high: 77)
            var span = sample.mutableSpan
            try cipher.apply(to: &span)
            #expect(sample == clear)
        }
    }

    @Test(arguments: [0, 1, 15, 16, 17, 33])
    func audioInCBCSKeepsItsRemainderClear(size: Int) throws {
        let fixture = try Fixture("aac-lc")
        var protector = try protector(.cbcs, fixture.codec)
        var sample = (0..<size).map { UInt8($0) }
        let subsamples = try protector.protect(&sample, iv: 0)
        #expect(subsamples.isEmpty)
        let whole = size - size % 16
        #expect(Array(sample[whole...]) == (whole..<size).map { UInt8($0) })
        if whole > 0 { #expect(sample[0..<16] != (0..<16).map { UInt8($0) }[...]) }
    }

    @Test func anIVOfTheWrongKindIsRefused() throws {
        let codec = try Fixture("aac-lc").codec
        let key = try #require(ContentKey(Fixture.key))
        #expect(throws: ProtectionError.invalidIV) {
            _ = try SampleProtector(scheme: .cbcs, key: key, codec: codec, constantIV: nil)
        }
        #expect(throws: ProtectionError.invalidIV) {
            _ = try SampleProtector(scheme: .cbcs, key: key, codec: codec, constantIV: [1, 2, 3])
        }
        #expect(throws: ProtectionError.invalidIV) {
            _ = try SampleProtector(scheme: .cenc, key: key, codec: codec, constantIV: Fixture.constantIV)
        }
    }

    @Test func moreSubsamplesThanSaizCanTellAreRefused() throws {
        let fixture = try Fixture("high-cabac-slices")
        let slice = try #require(fixture.samples.last)
        for (scheme, limit) in [(ProtectionScheme.cenc, 40), (.cbcs, 42)] {
            var protector = try protector(scheme, fixture.codec)
            // Three slices in each copy.
            for copies in [limit / 3, limit / 3 + 1] {
                var sample = Array(repeatElement(slice, count: copies).joined())
                var error: ProtectionError?
                var count = 0
                do throws(ProtectionError) {
                    count = try protector.protect(&sample, iv: 0).count
                } catch let thrown {
                    error = thrown
                }
                if copies * 3 <= limit {
                    #expect(count == copies * 3)
                } else {
                    #expect(error == .tooManySubsamples(copies * 3, limit: limit))
                }
            }
        }
    }
}
