import CommonEncryption
import Media
import Testing

@Suite struct AVCSubsamplesTests {
    private func record(lengthSize: Int = 4) throws -> AVCDecoderConfigurationRecord {
        guard case .avc(let record, _, _) = try Fixture("baseline-cavlc").codec else {
            throw ParseError(.invalid, at: 0, "not AVC")
        }
        var bytes = record.bytes
        bytes[4] = 0xFC | UInt8(lengthSize - 1)
        return try AVCDecoderConfigurationRecord(parsing: bytes)
    }

    /// A slice NAL unit of the fixture whose slice header is followed by exactly `size` bytes.
    private func slice(slicedData size: Int) throws -> (nal: [UInt8], header: Int) {
        let sample = try Fixture("baseline-cavlc").samples[1]
        var cursor = NALUnitCursor(lengthSize: 4)
        let next = try cursor.next(in: sample.span)
        let first = try #require(next)
        let sets = try AVCParameterSets(try record())
        let header = try SliceHeader(parsing: sample.span.extracting(first), parameterSets: sets).byteCount
        let start = Array(sample[first.lowerBound..<first.lowerBound + header])
        return (start + [UInt8](repeating: 0x55, count: size), header)
    }

    private func sample(_ nals: [[UInt8]], lengthSize: Int = 4) -> [UInt8] {
        nals.flatMap { nal in
            (0..<lengthSize).map { UInt8(truncatingIfNeeded: nal.count >> (8 * (lengthSize - 1 - $0))) } + nal
        }
    }

    @Test(arguments: [0, 1, 15, 16, 17, 31, 32, 100])
    func cencProtectsWholeBlocksAtTheEnd(size: Int) throws {
        let (nal, header) = try slice(slicedData: size)
        var decision = try AVCSubsamples(try record(), scheme: .cenc)
        let runs = try decision.runs(sample([nal]))
        let protected = size - size % 16
        #expect(runs == [Subsample(clear: UInt16(4 + header + size % 16), protected: UInt32(protected))])
    }

    @Test(arguments: [0, 1, 15, 16, 17, 100])
    func cbcsProtectsAllAfterTheHeader(size: Int) throws {
        let (nal, header) = try slice(slicedData: size)
        var decision = try AVCSubsamples(try record(), scheme: .cbcs)
        #expect(
            try decision.runs(sample([nal]))
                == [Subsample(clear: UInt16(4 + header), protected: UInt32(size))])
    }

    @Test(arguments: [1, 2, 4])
    func lengthFieldsOfEverySize(lengthSize: Int) throws {
        let (nal, header) = try slice(slicedData: 64)
        var decision = try AVCSubsamples(try record(lengthSize: lengthSize), scheme: .cenc)
        let clear = UInt16(lengthSize + header)
        #expect(
            try decision.runs(sample([nal, nal], lengthSize: lengthSize))
                == [Subsample(clear: clear, protected: 64), Subsample(clear: clear, protected: 64)])
    }

    @Test func clearUnitsMergeAndEmptyOnesCount() throws {
        let (nal, header) = try slice(slicedData: 32)
        let sei: [UInt8] = [6, 5, 1, 0, 0x80]
        var decision = try AVCSubsamples(try record(), scheme: .cenc)
        #expect(
            try decision.runs(sample([sei, [], sei, nal, sei, [9, 0xF0]]))
                == [
                    Subsample(clear: UInt16(9 + 4 + 9 + 4 + header), protected: 32),
                    Subsample(clear: 9 + 6, protected: 0),
                ])
        #expect(try decision.runs(sample([sei])) == [Subsample(clear: 9, protected: 0)])
        #expect(try decision.runs([UInt8]()).isEmpty)
    }

    @Test func longClearRunsAreSplit() throws {
        let (nal, header) = try slice(slicedData: 48)
        for size in [65_535, 65_536, 140_000] {
            let sei = [6] + [UInt8](repeating: 0xFF, count: size - 1 - 4 - 4 - header)
            var decision = try AVCSubsamples(try record(), scheme: .cbcs)
            let runs = try decision.runs(sample([sei, nal]))
            var expected = [Subsample](repeating: Subsample(clear: 65_535, protected: 0), count: (size - 1) / 65_535)
            expected.append(Subsample(clear: UInt16(size - (size - 1) / 65_535 * 65_535), protected: 48))
            #expect(runs == expected)
        }
    }

    @Test(arguments: [2, 3, 4, 19, 20, 21] as [UInt8])
    func otherPictureDataIsRefused(type: UInt8) throws {
        var decision = try AVCSubsamples(try record(), scheme: .cenc)
        let error = #expect(throws: ParseError.self) {
            try decision.runs(self.sample([[0x60 | type] + [UInt8](repeating: 0x11, count: 40)]))
        }
        #expect(error?.code == .unsupported)
    }

    @Test func aMissingParameterSetIsRefused() throws {
        // pic_parameter_set_id 30 after first_mb_in_slice 0 and slice_type 7: 1, 0001000, 000011111.
        let nal: [UInt8] = [0x65, 0b1000_1000, 0b0000_1111, 0b1000_0000, 0x55, 0x55, 0x55]
        var decision = try AVCSubsamples(try record(), scheme: .cenc)
        #expect(throws: ParseError.self) { try decision.runs(self.sample([nal])) }
    }

    @Test func parameterSetsWithinSamplesCount() throws {
        // The fixture's own sample starts with none; give the decision another record first.
        let fixture = try Fixture("main-mbaff")
        guard case .avc(let own, _, _) = fixture.codec else { return }
        var foreign = try AVCSubsamples(try record(), scheme: .cenc)
        var native = try AVCSubsamples(own, scheme: .cenc)
        let sets = own.sequenceParameterSets + own.pictureParameterSets
        let prefixed = sample(sets) + fixture.samples[0]
        let runs = try foreign.runs(prefixed)
        var expected = try native.runs(fixture.samples[0])
        expected[0].clear += UInt16(sample(sets).count)
        #expect(runs == expected)
        #expect(
            try foreign.runs(fixture.samples[1]) == native.runs(fixture.samples[1]))
    }

    @Test(arguments: Fixture.videos)
    func truncatedSamplesNeverTrap(name: String) throws {
        let fixture = try Fixture(name)
        guard case .avc(let record, _, _) = fixture.codec else { return }
        let whole = try #require(fixture.samples.min { $0.count < $1.count })
        var failures = 0
        for count in 0..<whole.count {
            var decision = try AVCSubsamples(record, scheme: .cbcs)
            do throws(ParseError) {
                let runs = try decision.runs(Array(whole[..<count]))
                #expect(runs.total == count)
            } catch {
                failures += 1
                #expect(error.offset <= count)
            }
        }
        #expect(failures > 0)
    }

    @Test(arguments: Fixture.videos)
    func changedSamplesNeverTrap(name: String) throws {
        let fixture = try Fixture(name)
        guard case .avc(let record, _, _) = fixture.codec else { return }
        var random = SplitMix(state: 0x5155_1CE0)
        var failures = 0
        for _ in 0..<2000 {
            var sample = fixture.samples[random.next(below: fixture.samples.count)]
            for _ in 0...random.next(below: 4) {
                // Mostly in the first bytes, where headers are.
                let limit = random.next(below: 2) == 0 ? min(48, sample.count) : sample.count
                sample[random.next(below: limit)] = UInt8(random.next(below: 256))
            }
            var decision = try AVCSubsamples(record, scheme: .cenc)
            do throws(ParseError) {
                let runs = try decision.runs(sample)
                #expect(runs.total == sample.count)
                #expect(runs.allSatisfy { $0.protected % 16 == 0 })
            } catch {
                failures += 1
            }
        }
        #expect(failures > 0)
    }
}

extension AVCSubsamples {
    mutating func runs(_ sample: [UInt8]) throws(ParseError) -> [Subsample] {
        try subsamples(of: sample.span)
    }
}

extension [Subsample] {
    var total: Int { reduce(0) { sum, run in sum + Int(run.clear) + Int(run.protected) } }
}

/// A small generator with a fixed seed (Steele, Lea, Flood 2014).
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
