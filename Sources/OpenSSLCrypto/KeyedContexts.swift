import COpenSSL
import Synchronization

/// Ciphers of one key that wait to be used again: what OpenSSL makes of a key is made once for each that is wanted at a
/// time.
///
/// They go with the key, wiped. Bound: `maximumWaiting` wait, more are freed.
package final class KeyedContexts: Sendable {
    enum Cipher { case counter, chaining }

    private struct Waiting: @unchecked Sendable {  // why: a context is in here, or somebody's
        let cipher: Cipher
        let context: OpaquePointer
    }

    private static let maximumWaiting = 16
    private let waiting = Mutex([Waiting]())

    package init() {}

    deinit { for one in waiting.withLock({ $0 }) { EVP_CIPHER_CTX_free(one.context) } }

    /// One that nobody else has; nil: one is to be made.
    func take(_ cipher: Cipher) -> OpaquePointer? {
        let taken = waiting.withLock { waiting in
            waiting.lastIndex { $0.cipher == cipher }.map { waiting.remove(at: $0) }
        }
        return taken?.context
    }

    func giveBack(_ context: OpaquePointer, _ cipher: Cipher) {
        let given = Waiting(cipher: cipher, context: context)
        let isKept = waiting.withLock { waiting in
            guard waiting.count < Self.maximumWaiting else { return false }
            waiting.append(given)
            return true
        }
        if !isKept { EVP_CIPHER_CTX_free(context) }
    }
}
