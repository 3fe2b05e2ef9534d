import OpenSSLCrypto

/// AES-128-CBC with the constant IV of cbcs, with or without a pattern. ISO/IEC 23001-7:2023, clauses 9.6 and 10.4.
struct PatternCBC: ~Copyable {
    /// Of each `stride` bytes, the first block is encrypted: pattern 1:9 of video.
    static let stride = 160

    private typealias Block = SIMD2<UInt64>

    private let cipher: AESCBC
    private let constantIV: [UInt8]

    /// - Parameter constantIV: 16 bytes.
    init(key: ContentKey, constantIV: [UInt8]) throws(OpenSSLError) {
        cipher = try AESCBC(key: key.bytes)
        self.constantIV = constantIV
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
                    for index in 0..<count {
                        // A block as one value: a call of memmove for each would take as long as the cipher.
                        let block = unsafe first.loadUnaligned(fromByteOffset: index * Self.stride, as: Block.self)
                        unsafe gathered.storeBytes(of: block, toByteOffset: index * size, as: Block.self)
                    }
                    var blocks = unsafe MutableSpan<UInt8>(
                        _unsafeBytes: UnsafeMutableRawBufferPointer(rebasing: gathered[..<(count * size)]))
                    do throws(OpenSSLError) { try cipher.apply(to: &blocks) } catch { failure = error }
                    for index in 0..<count {
                        let block = unsafe gathered.load(fromByteOffset: index * size, as: Block.self)
                        unsafe first.storeBytes(of: block, toByteOffset: index * Self.stride, as: Block.self)
                    }
                    done += count
                }
            }
        }
        if let failure { throw failure }
    }
}
