import Glibc

/// A limit of setrlimit(2) on a worker, soft and hard.
struct ResourceLimit: Sendable {
    let name: String
    let resource: __rlimit_resource
    let value: UInt64

    /// - Parameter memory: bytes that it may write to.
    static func all(memory: UInt64) -> [ResourceLimit] {
        [
            ResourceLimit(name: "core", resource: RLIMIT_CORE, value: 0),
            // It has no file to write to; and if it had one, it could not.
            ResourceLimit(name: "fsize", resource: RLIMIT_FSIZE, value: 0),
            // Three, the socket pairs between guard and librtmp, and its replacement.
            ResourceLimit(name: "nofile", resource: RLIMIT_NOFILE, value: 32),
            // What is written to: heap and stacks of threads, of which this bounds the number too. A limit on processes
            // would count all that the user has, those of other workers too; the filter allows none.
            ResourceLimit(name: "data", resource: RLIMIT_DATA, value: memory),
            // The C library reserves 64 MiB and more for each thread that allocates, and uses little of it.
            ResourceLimit(
                name: "as", resource: RLIMIT_AS, value: memory.multipliedReportingOverflow(by: 4).partialValue),
        ]
    }

    func set() throws(Confinement.Failure) {
        var limits = rlimit()
        let resource = __rlimit_resource_t(resource.rawValue)
        guard getrlimit(resource, &limits) == 0 else { throw Confinement.Failure(description: "getrlimit: \(name)") }
        // One that is lower already stays.
        let value = min(rlim_t(value), limits.rlim_max)
        limits = rlimit(rlim_cur: value, rlim_max: value)
        guard setrlimit(resource, &limits) == 0 else {
            throw Confinement.Failure(description: "setrlimit: \(name): error \(errno)")
        }
    }
}
