import CommonEncryption
import IPSecMB
import OpenSSLCrypto

/// What one thread of the desk is at: some segments, a step of each at a time.
struct EncryptionRun {
    private struct Entry {
        var chain: Chain
        var then: @Sendable (EncryptionDesk.Outcome) -> Void
        var wasInStep = false
        var failure: OpenSSLError?
    }

    private var entries: [Entry] = []
    /// Taken where there is more than one.
    var inStep: ChainsInStep?

    /// Segments under way.
    var count: Int { entries.count }

    mutating func take(_ orders: [EncryptionDesk.Order]) {
        for order in orders { entries.append(Entry(chain: Chain(order.job), then: order.then)) }
    }

    /// One step of each; what is done goes out.
    /// - Returns: how much is.
    mutating func advance() -> EncryptionDesk.Counters {
        if entries.count > 1, inStep == nil { inStep = ChainsInStep.take() }
        if entries.count > 1, let inStep {
            advance(inStep)
        } else {
            // One chain alone is OpenSSL's: it makes half as much again of it.
            for index in entries.indices {
                do throws(OpenSSLError) { try entries[index].chain.advance() } catch {
                    entries[index].failure = error
                }
            }
        }
        var counters = EncryptionDesk.Counters()
        for entry in entries where entry.failure != nil || entry.chain.isDone {
            counters.segments += 1
            counters.inStep += entry.wasInStep ? 1 : 0
            entry.then(entry.failure.map { .failure(.cipher($0)) } ?? .success(entry.chain.finish()))
        }
        entries.removeAll { $0.failure != nil || $0.chain.isDone }
        return counters
    }

    private mutating func advance(_ inStep: ChainsInStep) {
        let isDone = Chain.advance(entries.map(\.chain), inStep)
        for index in entries.indices {
            entries[index].wasInStep = true
            if !isDone { entries[index].failure = OpenSSLError(code: 0, during: .encrypt) }
        }
    }
}
