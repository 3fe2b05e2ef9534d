import ChunkStream
import Glibc
import Testing

@testable import Confinement

@Suite struct WorkerArgumentsTests {
    /// This process's own rights and the usual memory.
    static let mine = WorkerArguments()

    @Test func theyComeBackAsTheyWere() throws {
        var arguments = WorkerArguments()
        #expect(WorkerArguments(arguments.words) == arguments)
        arguments.work = .slate
        arguments.soundOffset = 77
        arguments.user = .init(id: 65534, group: 99)
        arguments.memory = 1 << 30
        #expect(arguments.words == ["slate", "--sound", "77", "--user", "65534:99", "--memory", "1073741824"])
        #expect(WorkerArguments(arguments.words) == arguments)
        #expect(WorkerArguments([]) == WorkerArguments())
        for work in WorkerArguments.Work.allCases {
            arguments = WorkerArguments()
            arguments.work = work
            #expect(WorkerArguments(arguments.words) == arguments)
        }
    }

    @Test(arguments: [
        ["slates"], [""], ["--sound", "1"], ["slate", "--sound", "-1"], ["--user"], ["--user", "nobody"],
        ["--user", "1"], ["--user", "1:"], ["--user", "-1:1"],
        ["--user", "1:2:3"], ["--memory", ""], ["--memory", "1GiB"], ["--memory", "1", "slate"], ["--other", "1"],
    ]) func anythingElseIsRefused(_ words: [String]) {
        #expect(WorkerArguments(words) == nil)
    }

    @Test func limitsAreThoseOfTheWorker() async {
        await #expect(processExitsWith: .exitCode(7)) {
            var arguments = WorkerArguments()
            arguments.memory = 1 << 30
            try Confinement.apply(arguments)
            for limit in ResourceLimit.all(memory: arguments.memory) {
                var now = rlimit()
                getrlimit(__rlimit_resource_t(limit.resource.rawValue), &now)
                guard now.rlim_max <= limit.value, now.rlim_cur <= limit.value else { exit(1) }
            }
            // Past its memory, it gets none.
            guard malloc(900 << 20) != nil, malloc(200 << 20) == nil else { exit(2) }
            exit(7)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become somebody else"))
    func rootIsLeftForGood() async {
        await #expect(processExitsWith: .exitCode(7)) {
            var arguments = WorkerArguments()
            arguments.user = .init(id: 65534, group: 65533)
            try Confinement.apply(arguments)
            guard getuid() == 65534, geteuid() == 65534, getgid() == 65533, getegid() == 65533 else { exit(1) }
            exit(7)
        }
    }
}
