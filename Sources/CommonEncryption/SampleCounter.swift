import IPSecMB
package import OpenSSLCrypto

/// AES-128 in counter mode as cenc has it: a sample's IV is the first half of each counter block, the second one counts
/// blocks from 0, and the key stream goes on over all that is protected of a sample. ISO/IEC 23001-7:2023, clauses 9.3 and
/// 9.5.2.3.
///
/// By libipsec-mb, which is twice as fast, where the processor has what it takes; else by OpenSSL. The same bytes.
package struct SampleCounter: ~Copyable {
    private enum Way: ~Copyable {
        case inStep(ChainsInStep, SecretBytes)
        case openSSL(AESCTR)
    }

    private let way: Way

    /// - Parameter prefersOpenSSL: for tests.
    package init(key: ContentKey, prefersOpenSSL: Bool = false) throws(OpenSSLError) {
        if !prefersOpenSSL, let chains = ChainsInStep.take() {
            way = .inStep(chains, chains.schedule(of: key.bytes))
        } else {
            way = .openSSL(try AESCTR(key: key.bytes))
        }
    }

    deinit {
        if case .inStep(let chains, _) = way { chains.giveBack() }
    }

    /// Enciphers `count` bytes at `source` into as many at `target`, which may be the same place.
    ///
    /// - Parameters:
    ///   - iv: the sample's.
    ///   - position: bytes of the sample that were enciphered before. They come in order and without gaps: OpenSSL's key
    ///     stream goes on from where it is, and begins at 0.
    package func encrypt(
        _ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, count: Int, iv: UInt64, at position: Int
    ) throws(OpenSSLError) {
        guard count > 0 else { return }
        switch way {
        case .inStep(let chains, let schedule):
            let isDone = unsafe chains.encrypt(
                source, to: target, count: count, schedule: schedule, iv: iv, at: position)
            guard isDone else { throw OpenSSLError(code: 0, during: .encrypt) }
        case .openSSL(let cipher):
            if position == 0 { try cipher.restart(high: iv) }
            try unsafe cipher.apply(source, to: target, count: count)
        }
    }
}
