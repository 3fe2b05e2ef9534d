import CommonEncryption
import Media
import Testing

@Suite struct AV1SubsamplesTests {
    private func map(_ fixture: Fixture, _ scheme: ProtectionScheme = .cbcs) throws -> AV1Subsamples {
        guard case .av1(let record, _, _) = fixture.codec else { throw ParseError(.invalid, at: 0, "not AV1") }
        return AV1Subsamples(record, scheme: scheme)
    }

    @Test func aSubsampleForEachTile() throws {
        let fixture = try Fixture("av1-aom-groups")
        var map = try map(fixture)
        let counts = try fixture.samples.map { try map.subsamples(of: $0.span).count { $0.protected > 0 } }
        #expect(counts.allSatisfy { $0 == 4 })
    }

    /// Headers refer to the frames before: what does not start at a sync sample is refused, not guessed.
    @Test func startingInTheMiddleIsRefused() throws {
        let fixture = try Fixture("av1-svt")
        var map = try map(fixture)
        let second = fixture.samples[1]
        #expect(throws: ParseError.self) { _ = try map.subsamples(of: second.span) }
    }

    /// Tile list, and two reserved types.
    @Test(arguments: [8, 9, 14] as [UInt8])
    func otherUnitsAreRefused(type: UInt8) throws {
        let fixture = try Fixture("av1-svt")
        var map = try map(fixture)
        let bytes: [UInt8] = [type << 3 | 2, 4, 1, 2, 3, 4]
        let error = #expect(throws: ParseError.self) { _ = try map.subsamples(of: bytes.span) }
        #expect(error?.code == .unsupported)
    }

    @Test func unitsWithoutTilesStayClear() throws {
        let fixture = try Fixture("av1-svt")
        var plain = try map(fixture)
        var padded = try map(fixture)
        // A temporal delimiter, metadata and padding.
        let prefix: [UInt8] = [2 << 3 | 2, 0, 5 << 3 | 2, 3, 1, 2, 0x80, 15 << 3 | 2, 2, 1, 0x80]
        let sample = fixture.samples[0]
        var expected = try plain.subsamples(of: sample.span)
        expected[0].clear += UInt16(prefix.count)
        let bytes = prefix + sample
        #expect(try padded.subsamples(of: bytes.span) == expected)
    }

    @Test func theLastUnitMayGoWithoutItsSize() throws {
        let fixture = try Fixture("av1-svt")
        let sample = fixture.samples[0]
        var cursor = AV1OBUCursor()
        var last: (start: Int, unit: AV1OBU)?
        var start = 0
        while let unit = try cursor.next(in: sample.span) {
            last = (start, unit)
            start = cursor.offset
        }
        let (at, unit) = try #require(last)
        let bytes = sample[..<at] + [sample[at] & 0xFD] + sample[unit.payload]
        var whole = try map(fixture)
        var short = try map(fixture)
        var expected = try whole.subsamples(of: sample.span)
        expected[expected.count - 1].clear -= UInt16(sample.count - bytes.count)
        let array = Array(bytes)
        #expect(try short.subsamples(of: array.span) == expected)
    }

    @Test(arguments: Fixture.av1)
    func cutSamplesNeverTrap(name: String) throws {
        let fixture = try Fixture(name)
        let first = fixture.samples[0]
        var failures = 0
        for count in 1..<min(first.count, 600) {
            var map = try map(fixture)
            do throws(ParseError) {
                let runs = try map.subsamples(of: first.span.extracting(0..<count))
                #expect(runs.total == count)
            } catch {
                failures += 1
                #expect(error.offset <= count)
            }
        }
        // Cut between two units, or in one without a size, it is a sample; nowhere else.
        #expect(failures >= min(first.count, 600) - 3)
    }

    @Test(arguments: Fixture.av1)
    func changedSamplesNeverTrap(name: String) throws {
        let fixture = try Fixture(name)
        var random = SplitMix(state: 0x4156_3031)
        var failures = 0
        for _ in 0..<150 {
            var map = try map(fixture, .cenc)
            do throws(ParseError) {
                for clear in fixture.samples {
                    var sample = clear
                    if random.next(below: 3) == 0 {
                        for _ in 0...random.next(below: 3) {
                            // Mostly in the first bytes, where headers are.
                            let limit = random.next(below: 8) != 0 ? min(32, sample.count) : sample.count
                            sample[random.next(below: limit)] ^= 1 << UInt8(random.next(below: 8))
                        }
                    }
                    let runs = try map.subsamples(of: sample.span)
                    #expect(runs.total == sample.count)
                    #expect(runs.allSatisfy { $0.protected % 16 == 0 })
                }
            } catch {
                failures += 1
            }
        }
        #expect(failures > 0)
    }

    @Test(arguments: Fixture.av1)
    func changedRecordsNeverTrap(name: String) throws {
        guard case .av1(let record, _, _) = try Fixture(name).codec else { return }
        var accepted = 0
        for bit in 0..<record.bytes.count * 8 {
            var changed = record.bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            if let other = try? AV1CodecConfigurationRecord(parsing: changed) {
                accepted += 1
                #expect(!other.rfc6381.isEmpty)
            }
        }
        #expect(accepted > 0 && accepted < record.bytes.count * 8)
    }
}
