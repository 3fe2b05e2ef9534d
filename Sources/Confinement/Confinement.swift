import CLinux
package import ChunkStream
import Glibc

/// What the worker takes from itself before it reads the first byte of an encoder.
package enum Confinement {
    /// Why it must not go on: it would have more than it was to have.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// On the process's only thread.
    package static func apply(_ arguments: WorkerArguments) throws(Failure) {
        // The Swift runtime would catch a crash to print stacks and registers; and a signal sent by hand would not end
        // the process at all.
        for crash in [SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP, SIGQUIT] { signal(crash, SIG_DFL) }
        // Past that limit a write fails; it does not end the process.
        signal(SIGXFSZ, SIG_IGN)
        offerItself()
        for limit in ResourceLimit.all(memory: arguments.memory) { try limit.set() }
        if let user = arguments.user { try become(user) }
        try dropCapabilities()
        // No new privileges by exec; no core file, which would hold the picture, and no debugger; die with the daemon.
        guard sluice_refuse_new_privileges() == 0, sluice_refuse_dumps() == 0, sluice_die_with_parent() == 0 else {
            throw Failure(description: "prctl: error \(errno)")
        }
        // The daemon has said so where there is none.
        guard SystemCallFilter.isAvailable else { return }
        do throws(SystemCallFilter.Failure) {
            try SystemCallFilter(process: getpid(), takesFiles: arguments.work == .files || arguments.work == .examine)
                .load()
        } catch {
            throw Failure(description: "\(error)")
        }
    }

    /// Where the machine has no memory left, a worker goes before the daemon.
    private static func offerItself() {
        let file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        let score = Array("500".utf8)
        _ = score.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        close(file)
    }

    private static func become(_ user: WorkerArguments.User) throws(Failure) {
        guard setgroups(0, nil) == 0, setgid(user.group) == 0, setuid(user.id) == 0,
            getuid() == user.id, geteuid() == user.id, getgid() == user.group, getegid() == user.group
        else { throw Failure(description: "cannot become user \(user.id), group \(user.group): error \(errno)") }
    }

    /// Those of a daemon that is root, or was given some to bind a port.
    private static func dropCapabilities() throws(Failure) {
        guard sluice_drop_capabilities() == 0 else { throw Failure(description: "capset: error \(errno)") }
    }
}
