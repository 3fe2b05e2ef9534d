import Glibc
import Testing

@testable import Confinement

@Suite struct SystemCallFilterTests {
    private let filter = SystemCallFilter(process: 42)

    @Test func whatReachesOthersIsNeverAllowed() {
        let allowed = Set(filter.rules.filter { $0.verdict == .allow && $0.conditions.isEmpty }.map(\.name))
        for name in [
            "open", "openat", "openat2", "creat", "execve", "execveat", "fork", "vfork", "clone", "clone3", "kill",
            "tkill",
            "tgkill", "socket", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg", "ptrace", "mmap",
            "mprotect", "prctl", "prlimit64", "setuid", "capset", "ioctl", "bpf", "io_uring_setup", "unlink", "rename",
        ] { #expect(!allowed.contains(name), "\(name)") }
    }

    @Test func noCallHasTwoVerdictsAtOnce() {
        let plain = filter.rules.filter(\.conditions.isEmpty).map(\.name)
        #expect(Set(plain).count == plain.count)
        let conditional = Set(filter.rules.filter { !$0.conditions.isEmpty }.map(\.name))
        #expect(conditional.isDisjoint(with: plain))
    }

    /// Only who plays files takes descriptors, and only over its standard input.
    @Test func filesComeOverStandardInputAlone() {
        #expect(filter.rules.filter { $0.name == "recvmsg" } == [SystemCallRule("recvmsg", .kill)])
        #expect(!filter.rules.contains { ["pread64", "lseek"].contains($0.name) })
        let player = SystemCallFilter(process: 42, takesFiles: true)
        #expect(
            player.rules.filter { $0.name == "recvmsg" }
                == [SystemCallRule("recvmsg", .allow, where: .argument(0, is: 0))])
        #expect(
            player.rules.filter { !filter.rules.contains($0) }.map(\.name).sorted() == ["lseek", "pread64", "recvmsg"])
    }

    @Test func whatIsNotListedFailsAsIfTheKernelHadItNot() {
        #expect(filter.otherwise == .fail(ENOSYS))
    }

    @Test(.enabled(if: SystemCallFilter.isAvailable, "this kernel, or this container, takes no filters"))
    func anHonestWorkerLives() async {
        await #expect(processExitsWith: .exitCode(7)) {
            try Self.confine()
            // Memory, threads, clocks, randomness: as a ladder has them.
            var threads = [pthread_t](repeating: 0, count: 4)
            for index in threads.indices {
                guard pthread_create(&threads[index], nil, { _ in malloc(1 << 20) }, nil) == 0 else { exit(1) }
            }
            for thread in threads { pthread_join(thread, nil) }
            var random = SystemRandomNumberGenerator()
            usleep(1000)
            // Files are not there, sockets of pairs are, and an unknown call is one that fails.
            guard open("/etc/passwd", O_RDONLY) < 0, errno == EACCES else { exit(2) }
            var pair: [CInt] = [-1, -1]
            guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0,
                send(pair[0], &pair, 1, 0) == 1, recv(pair[1], &pair, 1, 0) == 1
            else { exit(3) }
            guard socketpair(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0, &pair) < 0, errno == ENOSYS else { exit(4) }
            guard mmap(nil, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED else {
                exit(5)
            }
            guard random.next() != random.next(), rmdir("/nowhere") < 0, errno == ENOSYS else { exit(6) }
            exit(7)
        }
    }

    @Test(.enabled(if: SystemCallFilter.isAvailable, "this kernel, or this container, takes no filters"))
    func aSocketEndsTheProcess() async {
        await #expect(processExitsWith: .signal(SIGSYS)) {
            try Self.confine()
            _ = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        }
    }

    @Test(.enabled(if: SystemCallFilter.isAvailable, "this kernel, or this container, takes no filters"))
    func anotherProgramEndsTheProcess() async {
        await #expect(processExitsWith: .signal(SIGSYS)) {
            try Self.confine()
            var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("/bin/true"), nil]
            execv("/bin/true", &arguments)
        }
    }

    @Test(.enabled(if: SystemCallFilter.isAvailable, "this kernel, or this container, takes no filters"))
    func anotherProcessEndsTheProcess() async {
        await #expect(processExitsWith: .signal(SIGSYS)) {
            try Self.confine()
            var child = pid_t()
            var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("/bin/true"), nil]
            posix_spawn(&child, "/bin/true", nil, nil, &arguments, nil)
        }
    }

    @Test(.enabled(if: SystemCallFilter.isAvailable, "this kernel, or this container, takes no filters"))
    func abortIsStillAnAbort() async {
        await #expect(processExitsWith: .signal(SIGABRT)) {
            try Self.confine()
            abort()
        }
    }

    private static func confine() throws {
        try Confinement.apply(WorkerArgumentsTests.mine)
    }
}
