import CommonEncryption
import IPSecMB
import MediaMemory
import OpenSSLCrypto

/// One segment on its way: how far it is enciphered, and with what to go on.
final class Chain {
    private let job: AES128Job
    private var draft: MediaDraft?
    private let target: UnsafeMutablePointer<UInt8>
    /// The IV, then what was enciphered last.
    private let iv: UnsafeMutablePointer<UInt8>
    private var done = 0
    // Made where they are wanted, and kept.
    private var cipher: AESCBC?
    private var schedule: SecretBytes?

    init(_ job: AES128Job) {
        self.job = job
        let draft = job.draft()
        target = draft.start
        self.draft = consume draft
        iv = .allocate(capacity: AESCBC.blockSize)
        iv.initialize(from: job.iv, count: AESCBC.blockSize)
    }

    deinit { iv.deallocate() }

    var isDone: Bool { done == job.count }

    /// Of the next step: what is to be read elsewhere ends where the last block begins.
    private var nextCount: Int {
        let end = done < job.countFromSource ? job.countFromSource : job.count
        return min(end - done, ChainsInStep.stepBytes)
    }

    /// Enciphers what comes next, alone.
    func advance() throws(OpenSSLError) {
        let count = nextCount
        let key = job.key
        if cipher == nil { cipher = try AESCBC(key: key.bytes) }
        try restart()
        try withSource { (source) throws(OpenSSLError) in
            try cipher?.apply(source, to: target + done, count: count)
        }
        advanced(by: count)
    }

    private func restart() throws(OpenSSLError) {
        try cipher?.restart(iv: Array(UnsafeBufferPointer(start: iv, count: AESCBC.blockSize)))
    }

    /// Enciphers what comes next of all of them.
    /// - Returns: false where the library refused: then none is to be sent.
    static func advance(_ chains: [Chain], _ inStep: ChainsInStep) -> Bool {
        var steps: [ChainsInStep.Step] = []
        steps.reserveCapacity(chains.count)
        for chain in chains {
            let key = chain.job.key
            let schedule = chain.schedule ?? inStep.schedule(of: key.bytes)
            chain.schedule = schedule
            chain.withSource { source in
                steps.append(
                    ChainsInStep.Step(
                        schedule: schedule, iv: chain.iv, source: source, target: chain.target + chain.done,
                        count: chain.nextCount))
            }
        }
        // Sources are the jobs', which outlive this.
        guard withExtendedLifetime(chains, { inStep.encrypt(steps) }) else { return false }
        for (chain, step) in zip(chains, steps) { chain.advanced(by: step.count) }
        return true
    }

    private func advanced(by count: Int) {
        done += count
        iv.update(from: target + done - AESCBC.blockSize, count: AESCBC.blockSize)
    }

    private func withSource<Failure: Error>(
        _ body: (UnsafePointer<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        guard done < job.countFromSource, let source = job.source else { return try body(target + done) }
        try source.span.withUnsafeBufferPointer { (bytes) throws(Failure) in
            guard let start = bytes.baseAddress else { return }
            try body(start + done)
        }
    }

    /// Once it is done.
    func finish() -> MediaBytes {
        precondition(isDone, "nothing goes out before it is encrypted")
        guard let draft = draft.take() else { preconditionFailure("a segment goes out once") }  // why: our own mistake
        return draft.finish()
    }
}
