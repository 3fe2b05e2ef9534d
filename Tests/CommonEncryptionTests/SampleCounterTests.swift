import CommonEncryption
import Media
import MediaMemory
import OpenSSLCrypto
import Testing

@Suite struct SampleCounterTests {
    /// What ISO/IEC 23001-7:2023, clause 9.5.2.3 says: one key stream over all that is protected of a sample.
    private func expected(_ sample: [UInt8], _ runs: [Subsample], iv: UInt64) throws -> [UInt8] {
        let key = Fixture.key
        let cipher = try AESCTR(key: key.span)
        try cipher.restart(high: iv)
        var sample = sample
        var offset = 0
        for run in runs {
            offset += Int(run.clear)
            var bytes = sample.mutableSpan
            try cipher.apply(to: &bytes, in: offset..<offset + Int(run.protected))
            offset += Int(run.protected)
        }
        return sample
    }

    /// Runs as no codec of ours has them: of no bytes, and ending within a block.
    private func layout(_ random: inout SplitMix) -> [Subsample] {
        (0..<Int(random.next() % 12)).map { _ in
            let clear = UInt16(random.next() % 40)
            let lengths: [UInt32] = [0, 1, 16, UInt32(random.next() % 70), UInt32(random.next() % 30_000)]
            return Subsample(clear: clear, protected: lengths[Int(random.next() % 5)])
        }
    }

    @Test(arguments: [false, true]) func anyLayoutIsOneKeyStream(prefersOpenSSL: Bool) throws {
        let key = try #require(ContentKey(Fixture.key))
        let counter = try SampleCounter(key: key, prefersOpenSSL: prefersOpenSSL)
        var random = SplitMix(state: 5)
        var cutWithinBlocks = 0
        for round in 0..<200 {
            let runs = layout(&random)
            let clear = (0..<runs.total).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            let iv = random.next()
            var sample = clear
            var (offset, enciphered) = (0, 0)
            for run in runs {
                offset += Int(run.clear)
                if enciphered % 16 != 0 { cutWithinBlocks += 1 }
                try sample.withUnsafeMutableBufferPointer { (buffer) throws(OpenSSLError) in
                    guard let start = buffer.baseAddress else { return }
                    try counter.encrypt(
                        start + offset, to: start + offset, count: Int(run.protected), iv: iv, at: enciphered)
                }
                offset += Int(run.protected)
                enciphered += Int(run.protected)
            }
            let expected = try expected(clear, runs, iv: iv)
            let same = sample == expected  // outside the macro, which would print both
            #expect(same, "round \(round): \(runs)")
        }
        #expect(cutWithinBlocks > 100)
    }

    /// The same by way of the protector, several samples behind each other.
    @Test func samplesOfAnyLayoutAreEachTheirOwnKeyStream() throws {
        let key = try #require(ContentKey(Fixture.key))
        let protector = try SampleProtector(scheme: .cenc, key: key, codec: try Fixture("baseline-cavlc").codec)
        var random = SplitMix(state: 6)
        var (clear, made): ([UInt8], [UInt8]) = ([], [])
        var samples: [SampleProtector.ClearSample] = []
        var subsamples: [Subsample] = []
        for _ in 0..<60 {
            let runs = layout(&random)
            let sample = (0..<runs.total).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            let iv = random.next()
            let places = subsamples.count..<subsamples.count + runs.count
            samples.append(.init(range: clear.count..<clear.count + sample.count, iv: iv, subsamples: places))
            subsamples += runs
            clear += sample
            made += try expected(sample, runs, iv: iv)
        }
        var draft = MediaDraft(capacity: clear.count)
        try protector.append(samples[...], subsamples: subsamples, of: clear.span, to: &draft)
        let same = draft.finish().array == made
        #expect(same)
    }
}
