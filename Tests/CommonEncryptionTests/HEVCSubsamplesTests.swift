import CommonEncryption
import Media
import Testing

@Suite struct HEVCSubsamplesTests {
    private func record(_ fixture: Fixture) throws -> HEVCDecoderConfigurationRecord {
        guard case .hevc(let record, _, _) = fixture.codec else { throw ParseError(.invalid, at: 0, "not HEVC") }
        return record
    }

    private func sample(_ nals: [[UInt8]]) -> [UInt8] {
        var writer = ByteWriter()
        for nal in nals {
            writer.write(UInt32(nal.count))
            writer.write(bytes: nal)
        }
        return writer.bytes
    }

    /// Reserved picture types, another layer's slice, and the enhancement layer that Dolby Vision has in type 63.
    @Test(arguments: [[22 << 1, 1], [31 << 1, 1], [10 << 1, 1], [1 << 1, 0x09], [63 << 1, 1]] as [[UInt8]])
    func otherPictureDataIsRefused(header: [UInt8]) throws {
        var map = try HEVCSubsamples(try record(Fixture("hevc-fade")), scheme: .cenc)
        let bytes = sample([header + [UInt8](repeating: 0x11, count: 40)])
        let error = #expect(throws: ParseError.self) { _ = try map.subsamples(of: bytes.span) }
        #expect(error?.code == .unsupported)
    }

    @Test func unitsWithoutPicturesStayClear() throws {
        var map = try HEVCSubsamples(try record(Fixture("hevc-fade")), scheme: .cbcs)
        let sei: [UInt8] = [39 << 1, 1, 5, 1, 0, 0x80]
        let bytes = sample([sei, [], [35 << 1, 1, 0x50]])
        #expect(try map.subsamples(of: bytes.span) == [Subsample(clear: 21, protected: 0)])
        let half = sample([[39 << 1]])
        #expect(throws: ParseError.self) { _ = try map.subsamples(of: half.span) }
    }

    @Test func parameterSetsWithinSamplesCount() throws {
        let fixture = try Fixture("hevc-main10-hrd")
        let own = try record(fixture)
        var foreign = try HEVCSubsamples(try record(Fixture("hevc-refresh")), scheme: .cenc)
        var native = try HEVCSubsamples(own, scheme: .cenc)
        let sets = sample(own.units(.sequenceParameterSet) + own.units(.pictureParameterSet))
        for (index, clear) in fixture.samples.enumerated() {
            let bytes = index == 0 ? sets + clear : clear
            var expected = try native.subsamples(of: clear.span)
            if index == 0 { expected[0].clear += UInt16(sets.count) }
            #expect(try foreign.subsamples(of: bytes.span) == expected)
        }
    }

    @Test(arguments: Fixture.hevc)
    func cutSamplesNeverTrap(name: String) throws {
        let fixture = try Fixture(name)
        let record = try record(fixture)
        let whole = try #require(fixture.samples.min { $0.count < $1.count })
        var failures = 0
        for count in 0..<whole.count {
            var map = try HEVCSubsamples(record, scheme: .cbcs)
            do throws(ParseError) {
                let runs = try map.subsamples(of: whole.span.extracting(0..<count))
                #expect(runs.total == count)
            } catch {
                failures += 1
                #expect(error.offset <= count)
            }
        }
        #expect(failures > 0)
    }

    @Test(arguments: Fixture.hevc)
    func changedSamplesNeverTrap(name: String) throws {
        let fixture = try Fixture(name)
        let record = try record(fixture)
        var random = SplitMix(state: 0x5155_1CE0)
        var failures = 0
        for _ in 0..<1000 {
            var sample = fixture.samples[random.next(below: fixture.samples.count)]
            for _ in 0...random.next(below: 4) {
                // Mostly in the first bytes, where headers are.
                let limit = random.next(below: 2) == 0 ? min(48, sample.count) : sample.count
                sample[random.next(below: limit)] ^= 1 << UInt8(random.next(below: 8))
            }
            var map = try HEVCSubsamples(record, scheme: .cenc)
            do throws(ParseError) {
                let runs = try map.subsamples(of: sample.span)
                #expect(runs.total == sample.count)
                #expect(runs.allSatisfy { $0.protected % 16 == 0 })
            } catch {
                failures += 1
            }
        }
        #expect(failures > 0)
    }
}
