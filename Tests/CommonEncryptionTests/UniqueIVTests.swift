import CommonEncryption
import Media
import OpenSSLCrypto
import Testing

/// Under one key no counter block may come twice: not in a day of every rendition, not within the longest sample.
@Suite struct UniqueIVTests {
    private struct Rendition {
        /// Samples a second are `timescale / duration`; both in ticks.
        var timescale: Int64
        var duration: Int64
    }

    /// Two ladders that share one key, as under SHARED: pictures at every usual rate, sound of every codec.
    private static let renditions: [Rendition] = [
        (90000, 1500), (90000, 1800), (90000, 3000), (90000, 3600), (90000, 3003),  // 60, 50, 30, 25, 30000/1001
        (48000, 1024), (44100, 1024), (48000, 1536), (48000, 960),  // AAC, AC-3, Opus
    ].map { Rendition(timescale: $0.0, duration: $0.1) }

    /// Each IV is above the one before in its rendition, and those of no two renditions share their first byte: all are
    /// different without being held in memory. 25 million of them.
    @Test(.timeLimit(.minutes(5))) func aDayOfEveryRendition() {
        let start: Int64 = 1_767_225_600
        var total = 0
        for (index, rendition) in Self.renditions.enumerated() {
            let track = UInt8(index) &* 31 &+ 3
            var time = start * rendition.timescale
            let end = time + 86_400 * rendition.timescale
            var previous: UInt64 = 0
            var wrong = 0
            while time < end {
                let iv = InitializationVector.cencIV(trackIndex: track, decodeTime: time)
                if iv <= previous || UInt8(truncatingIfNeeded: iv >> 56) != track { wrong += 1 }
                previous = iv
                time += rendition.duration
                total += 1
            }
            #expect(wrong == 0)
        }
        let tracks = Set(Self.renditions.indices.map { UInt8($0) &* 31 &+ 3 })
        #expect(tracks.count == Self.renditions.count)
        #expect(total > 25_000_000)
    }

    /// The times of an IV count to 2^56 ticks: with the finest timescale that a track may have that is for as long as
    /// no two times in use can meet.
    @Test func timesDoNotWrapInUse() {
        let finest: Int64 = 96_000
        let years = (Int64(1) << 56) / finest / 86_400 / 365
        #expect(years > 20_000)
        let now: Int64 = 1_767_225_600 * finest
        #expect(now < Int64(1) << 56)
        // The next one's first block is 2^64 blocks away; a sample's size has 32 bits, so at most 2^28 blocks.
        let this = InitializationVector.cencIV(trackIndex: 7, decodeTime: now)
        let next = InitializationVector.cencIV(trackIndex: 7, decodeTime: now + 1)
        let blocks = (UInt64(UInt32.max) + 15) / 16
        #expect(UInt128(this) << 64 + UInt128(blocks) < UInt128(next) << 64)
        let last = InitializationVector.cencIV(trackIndex: 6, decodeTime: (Int64(1) << 56) - 1)
        #expect(UInt128(last) << 64 + UInt128(blocks) < UInt128(7) << 120)
    }

    /// The key stream of a sample of 70,000 blocks is block for block the cipher over IV and counter: the counter
    /// carries beyond 16 bits and never into the IV.
    @Test func theCounterRunsInItsOwnHalf() throws {
        let key = Fixture.key
        let iv = InitializationVector.cencIV(trackIndex: 255, decodeTime: 0x00FF_FFFF_FFFF_FFFF)
        var stream = [UInt8](repeating: 0, count: 70_000 * 16)
        let counter = try AESCTR(key: key.span)
        try counter.restart(high: iv)
        var span = stream.mutableSpan
        try counter.apply(to: &span)
        let cipher = try AESCBC(key: key.span)
        for block in [0, 1, 2, 255, 256, 257, 65_535, 65_536, 69_999] as [UInt64] {
            try cipher.restart(iv: [UInt8](repeating: 0, count: 16))
            var expected = ByteWriter()
            expected.write(iv)
            expected.write(block)
            var bytes = expected.bytes
            var one = bytes.mutableSpan
            try cipher.apply(to: &one)
            #expect(bytes == Array(stream[Int(block) * 16..<Int(block) * 16 + 16]), "block \(block)")
        }
    }
}
