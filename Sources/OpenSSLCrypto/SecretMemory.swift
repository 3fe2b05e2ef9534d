import COpenSSL

#if canImport(Glibc)
    import Glibc
#endif

/// Where secrets lie: OpenSSL's secure heap, whose pages are between guard pages, left out of core files, and locked
/// so that they are never swapped out, as far as the user's limit on locked memory allows.
///
/// Set up once, at its first use. Bound: `maximumBytes`; what no longer fits lies in ordinary memory, wiped like all.
package enum SecretMemory {
    package enum Protection: String, Sendable {
        /// Never swapped out, in no core file.
        case locked
        /// In no core file; the limit on locked memory (`ulimit -l`) is too low for the rest.
        case unlocked
        /// Ordinary memory: the system refused.
        case ordinary
    }

    /// Room for a quarter of a million keys; a page counts only once it is touched.
    static let maximumBytes = 4 << 20
    private static let smallestPiece = 16

    /// How the memory is protected on this machine.
    package static let protection: Protection = {
        let size = arenaSize(lockLimit: raisedLockLimit())
        return switch CRYPTO_secure_malloc_init(size, smallestPiece) {
        case 1: .locked
        case 2: .unlocked
        default: .ordinary
        }
    }()

    /// The largest power of two within the limit; where that is too small to be of use, all without the lock.
    static func arenaSize(lockLimit: UInt64) -> Int {
        guard lockLimit >= 1 << 15 else { return maximumBytes }
        var size = maximumBytes
        while UInt64(size) > lockLimit { size /= 2 }
        return size
    }

    private static func raisedLockLimit() -> UInt64 {
        let resource = __rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 0 }
        if limit.rlim_cur < limit.rlim_max {
            let wanted = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
            if withUnsafePointer(to: wanted, { setrlimit(resource, $0) }) == 0 { limit = wanted }
        }
        return UInt64(limit.rlim_cur)
    }

    /// - Parameter count: 0 or more.
    static func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if protection != .ordinary, let start = CRYPTO_secure_malloc(max(count, 1), nil, 0) {
            return UnsafeMutableRawBufferPointer(start: start, count: count)
        }
        // A full heap queues an error, which is none of the next call's.
        ERR_clear_error()
        return .allocate(byteCount: count, alignment: 16)
    }

    static func wipeAndFree(_ memory: UnsafeMutableRawBufferPointer) {
        OPENSSL_cleanse(memory.baseAddress, memory.count)
        guard let start = memory.baseAddress else { return }
        if CRYPTO_secure_allocated(start) == 1 {
            CRYPTO_secure_free(start, nil, 0)
        } else {
            memory.deallocate()
        }
    }
}
