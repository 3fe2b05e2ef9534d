import IPSecMB
import OpenSSLCrypto

/// AES-128-CBC with the constant IV of cbcs, with or without a pattern. ISO/IEC 23001-7:2023, clauses 9.6 and 10.4.
struct PatternCBC: ~Copyable {
    /// Of each `stride` bytes, the first block is encrypted: pattern 1:9 of video.
    static let stride = 160

    private typealias Block = SIMD2<UInt64>

    private let cipher: AESCBC
    private let constantIV: [UInt8]
    /// For many at a time, where the processor has what it takes.
    private let inStep: (chains: ChainsInStep, schedule: SecretBytes)?

    /// - Parameters:
    ///   - constantIV: 16 bytes.
    ///   - isForMany: whether `encrypt(_:chains:hasPattern:)` will be called.
    init(key: ContentKey, constantIV: [UInt8], isForMany: Bool = false) throws(OpenSSLError) {
        cipher = try AESCBC(key: key.bytes)
        self.constantIV = constantIV
        inStep = isForMany ? ChainsInStep.take().map { ($0, $0.schedule(of: key.bytes)) } : nil
    }

    deinit { inStep?.chains.giveBack() }

    /// Encrypts ranges that are a chain each, as `encryptPattern` or `encryptWhole` does, several in step.
    /// - Parameter ranges: within `bytes`; none overlaps another one.
    func encrypt(
        _ bytes: inout MutableSpan<UInt8>, chains ranges: [Range<Int>], hasPattern: Bool
    ) throws(OpenSSLError) {
        guard let inStep, ranges.count > 1 else {
            for range in ranges { try encryptOne(&bytes, range, hasPattern) }
            return
        }
        var next = 0
        while next < ranges.count {
            var some: [Range<Int>] = []
            while next < ranges.count, some.count < ChainsInStep.bestChains {
                let range = ranges[next]
                next += 1
                let count = Self.blocks(in: range, hasPattern) * AESCBC.blockSize
                if count > ChainsInStep.stepBytes {
                    try encryptOne(&bytes, range, hasPattern)
                } else if count > 0 {
                    some.append(range)
                }
            }
            guard some.isEmpty || encryptInStep(&bytes, some, hasPattern, inStep) else {
                throw OpenSSLError(code: 0, during: .encrypt)
            }
        }
    }

    private func encryptOne(
        _ bytes: inout MutableSpan<UInt8>, _ range: Range<Int>, _ hasPattern: Bool
    ) throws(OpenSSLError) {
        if hasPattern { try encryptPattern(&bytes, in: range) } else { try encryptWhole(&bytes, in: range) }
    }

    /// How many blocks of a range are encrypted.
    private static func blocks(in range: Range<Int>, _ hasPattern: Bool) -> Int {
        guard hasPattern else { return range.count / AESCBC.blockSize }
        return range.count < AESCBC.blockSize ? 0 : (range.count - AESCBC.blockSize) / stride + 1
    }

    /// - Returns: false where the library refused.
    private func encryptInStep(
        _ bytes: inout MutableSpan<UInt8>, _ ranges: [Range<Int>], _ hasPattern: Bool,
        _ inStep: (chains: ChainsInStep, schedule: SecretBytes)
    ) -> Bool {
        let size = AESCBC.blockSize
        let counts = ranges.map { Self.blocks(in: $0, hasPattern) }
        let room = hasPattern ? counts.reduce(0, +) * size : 0
        precondition(
            ranges.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= bytes.count }, "ranges within the bytes")
        return unsafe bytes.withUnsafeMutableBytes { bytes in
            unsafe constantIV.withUnsafeBufferPointer { iv in
                unsafe withUnsafeTemporaryAllocation(byteCount: max(room, size), alignment: size) { gathered in
                    guard let start = bytes.baseAddress, let iv = iv.baseAddress, let scratch = gathered.baseAddress
                    else { return false }
                    var steps: [ChainsInStep.Step] = []
                    steps.reserveCapacity(ranges.count)
                    var done = 0
                    for (range, count) in zip(ranges, counts) {
                        let first = unsafe start + range.lowerBound
                        let place = unsafe hasPattern ? scratch + done : first
                        if hasPattern { unsafe Self.gather(first, count, to: place) }
                        let target = unsafe place.assumingMemoryBound(to: UInt8.self)
                        steps.append(
                            unsafe ChainsInStep.Step(
                                schedule: inStep.schedule, iv: iv, source: target, target: target, count: count * size))
                        done += count * size
                    }
                    guard inStep.chains.encrypt(steps) else { return false }
                    guard hasPattern else { return true }
                    done = 0
                    for (range, count) in zip(ranges, counts) {
                        unsafe Self.scatter(scratch + done, count, to: start + range.lowerBound)
                        done += count * size
                    }
                    return true
                }
            }
        }
    }

    /// A block as one value: a call of memmove for each would take as long as the cipher.
    private static func gather(_ first: UnsafeMutableRawPointer, _ count: Int, to place: UnsafeMutableRawPointer) {
        for index in 0..<count {
            let block = unsafe first.loadUnaligned(fromByteOffset: index * stride, as: Block.self)
            unsafe place.storeBytes(of: block, toByteOffset: index * AESCBC.blockSize, as: Block.self)
        }
    }

    private static func scatter(_ place: UnsafeMutableRawPointer, _ count: Int, to first: UnsafeMutableRawPointer) {
        for index in 0..<count {
            let block = unsafe place.load(fromByteOffset: index * AESCBC.blockSize, as: Block.self)
            unsafe first.storeBytes(of: block, toByteOffset: index * stride, as: Block.self)
        }
    }

    /// Encrypts the whole blocks of `range` as one chain; the rest of it stays clear.
    func encryptWhole(_ bytes: inout MutableSpan<UInt8>, in range: Range<Int>) throws(OpenSSLError) {
        guard range.count >= AESCBC.blockSize else { return }
        try restart()
        try continueWhole(&bytes, in: range)
    }

    /// Starts the chain anew.
    func restart() throws(OpenSSLError) { try cipher.restart(iv: constantIV) }

    /// Encrypts the whole blocks of `range` in the chain of what was encrypted before.
    func continueWhole(_ bytes: inout MutableSpan<UInt8>, in range: Range<Int>) throws(OpenSSLError) {
        try cipher.apply(to: &bytes, in: range.lowerBound..<range.upperBound - range.count % AESCBC.blockSize)
    }

    /// Encrypts one block in ten of `range` as one chain; a block that does not fit whole stays clear.
    ///
    /// The blocks are gathered, encrypted with one call and put back: one call for each would cost more
    /// than the cipher itself.
    func encryptPattern(_ bytes: inout MutableSpan<UInt8>, in range: Range<Int>) throws(OpenSSLError) {
        let size = AESCBC.blockSize
        guard range.count >= size else { return }
        try cipher.restart(iv: constantIV)
        let total = (range.count - size) / Self.stride + 1
        let atOnce = 256
        var failure: OpenSSLError?
        unsafe bytes.withUnsafeMutableBytes { bytes in
            unsafe withUnsafeTemporaryAllocation(byteCount: atOnce * size, alignment: size) { gathered in
                var done = 0
                while done < total, failure == nil {
                    let count = min(atOnce, total - done)
                    let first = unsafe bytes.baseAddress! + range.lowerBound + done * Self.stride
                    guard let scratch = gathered.baseAddress else { return }
                    unsafe Self.gather(first, count, to: scratch)
                    var blocks = unsafe MutableSpan<UInt8>(
                        _unsafeBytes: UnsafeMutableRawBufferPointer(rebasing: gathered[..<(count * size)]))
                    do throws(OpenSSLError) { try cipher.apply(to: &blocks) } catch { failure = error }
                    unsafe Self.scatter(scratch, count, to: first)
                    done += count
                }
            }
        }
        if let failure { throw failure }
    }
}
