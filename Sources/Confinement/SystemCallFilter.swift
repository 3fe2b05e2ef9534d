import Glibc

/// Which system calls a worker has, once it has its descriptors: those that reading its encoder, telling its daemon,
/// memory, threads and clocks take.
///
/// What an honest worker never does ends it; so does another architecture's calling convention. Everything else that is
/// not listed fails as on a kernel that does not have it, because a library that asks for more than it needs goes on
/// without: that must not end a publication.
struct SystemCallFilter: Sendable {
    let rules: [SystemCallRule]
    let otherwise = SystemCallRule.Verdict.fail(ENOSYS)

    /// - Parameters:
    ///   - process: the worker's own, the only one that it may send signals to.
    ///   - takesFiles: open files are handed to it over its standard input.
    init(process: pid_t, takesFiles: Bool = false) {
        var rules = Self.allowed.map { SystemCallRule($0, .allow) }
        rules += Self.refused.map { SystemCallRule($0, .fail(EACCES)) }
        rules += Self.fatal.filter { $0 != "recvmsg" }.map { SystemCallRule($0, .kill) }
        // Nothing executable is made at run time, and no memory is shared with anybody.
        rules.append(
            SystemCallRule(
                "mmap", .allow, where: .argument(2, lacks: UInt64(PROT_EXEC)), .argument(3, lacks: UInt64(MAP_SHARED))))
        for call in ["mprotect", "pkey_mprotect"] {
            rules.append(SystemCallRule(call, .allow, where: .argument(2, lacks: UInt64(PROT_EXEC))))
        }
        // Threads, and no processes. clone3, with its flags in memory, is not listed: the C library then takes clone.
        rules.append(SystemCallRule("clone", .allow, where: .argument(0, has: Self.cloneThread)))
        rules.append(SystemCallRule("clone", .kill, where: .argument(0, lacks: Self.cloneThread)))
        rules.append(SystemCallRule("prctl", .allow, where: .argument(0, is: 15)))  // why: PR_SET_NAME
        rules.append(SystemCallRule("prlimit64", .allow, where: .argument(2, is: 0)))  // why: asks, sets nothing
        // abort().
        rules.append(
            SystemCallRule("tgkill", .allow, where: .argument(0, is: UInt64(UInt32(bitPattern: process)))))
        // The pairs between the guard and librtmp; and only over what is connected.
        rules.append(
            SystemCallRule(
                "socketpair", .allow, where: .argument(0, is: UInt64(AF_UNIX)),
                .argument(1, lacks: ~UInt64(Self.streamPairs))))
        rules.append(SystemCallRule("sendto", .allow, where: .argument(4, is: 0)))
        // Descriptors of others; but those that the daemon hands to a worker that plays files.
        if takesFiles {
            rules.append(SystemCallRule("recvmsg", .allow, where: .argument(0, is: UInt64(STDIN_FILENO))))
            rules += ["pread64", "lseek"].map { SystemCallRule($0, .allow) }
        } else {
            rules.append(SystemCallRule("recvmsg", .kill))
        }
        for command in [F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL] {
            rules.append(SystemCallRule("fcntl", .allow, where: .argument(1, is: UInt64(command))))
        }
        self.rules = rules
    }

    /// Why these: strace of ladders of every codec, and what the C library and the Swift runtime take in trouble.
    private static let allowed = [
        // What it has open.
        "read", "write", "readv", "writev", "recvfrom", "shutdown", "close", "poll", "ppoll", "fstat",
        "getpeername", "getsockname", "getsockopt",
        // Memory.
        "brk", "munmap", "mremap", "madvise",
        // Threads and signals.
        "futex", "futex_waitv", "set_robust_list", "rseq", "gettid", "getpid", "sched_yield", "sched_getaffinity",
        "sched_getparam", "sched_getscheduler", "getcpu", "membarrier", "rt_sigaction", "rt_sigprocmask",
        "rt_sigreturn", "sigaltstack", "restart_syscall", "exit", "exit_group",
        // Clocks, which mostly are no system calls.
        "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "times",
        // Facts.
        "getrandom", "getrusage", "uname", "sysinfo", "getuid", "geteuid", "getgid", "getegid",
    ]

    /// Libraries look for files that may be there: librtmp for certificates.
    private static let refused = [
        "open", "openat", "openat2", "creat", "access", "faccessat", "faccessat2", "stat", "lstat", "newfstatat",
        "statx",
        "readlink", "readlinkat",
    ]

    private static let fatal = [
        // Other programs and processes.
        "execve", "execveat", "fork", "vfork", "kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "ptrace",
        "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_open", "pidfd_getfd", "pidfd_send_signal",
        // The network, and every other socket.
        "socket", "connect", "bind", "listen", "accept", "accept4",
        // Descriptors of others.
        "sendmsg", "sendmmsg", "recvmsg", "recvmmsg", "open_by_handle_at",
        // Privileges, and the sandbox itself.
        "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid",
        "capset", "chroot", "pivot_root", "unshare", "setns", "mount", "umount2",
        // Wide and young parts of the kernel.
        "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "add_key",
        "keyctl", "request_key", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load",
        "memfd_create", "memfd_secret", "shmget", "shmat", "personality", "modify_ldt",
    ]

    private static let cloneThread: UInt64 = 0x0001_0000  // why: CLONE_THREAD
    private static let streamPairs = UInt32(SOCK_STREAM.rawValue) | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
}
