import CLinux
import Glibc

/// What the worker takes from itself before it reads the first byte of an encoder.
enum Confinement {
    static func apply() {
        // The Swift runtime would catch a crash to print stacks and registers; and a signal sent by hand would not end
        // the process at all.
        for crash in [SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP, SIGQUIT] { signal(crash, SIG_DFL) }
        // No new privileges by exec; no core file, which would hold the picture; die with the daemon.
        _ = sluice_refuse_new_privileges()
        _ = sluice_refuse_dumps()
        _ = sluice_die_with_parent()
        limit(RLIMIT_CORE, 0)
        // Three, the socket pair between guard and librtmp, its replacement, and the guard's wake-ups.
        limit(RLIMIT_NOFILE, 32)
        // Address space, of which the encoders' thread stacks are most.
        limit(RLIMIT_AS, 6 << 30)
    }

    private static func limit(_ resource: __rlimit_resource, _ value: rlim_t) {
        var limits = rlimit(rlim_cur: value, rlim_max: value)
        _ = setrlimit(__rlimit_resource_t(resource.rawValue), &limits)
    }
}
