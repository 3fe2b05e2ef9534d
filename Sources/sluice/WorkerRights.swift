import CLinux
import ChunkStream
import Foundation
import Glibc
import Logging
import Settings

/// What workers may do on this machine, found out once at the start.
enum WorkerRights {
    /// - Throws: where the configured user is not there, or the system lets nobody become it.
    static func arguments(
        _ configuration: DaemonConfiguration.Worker, _ logger: Logger
    ) throws(StartError) -> WorkerArguments {
        var arguments = WorkerArguments()
        arguments.memory = configuration.memory
        if geteuid() == 0 {
            arguments.user = user(configuration.user ?? "nobody")
            if arguments.user == nil, let name = configuration.user {
                throw StartError(description: "worker.user: workers cannot become '\(name)' here")
            } else if arguments.user == nil {
                logger.warning("workers run as root: they cannot become 'nobody' here; see worker.user")
            }
        } else if let name = configuration.user {
            logger.warning("worker.user (\(name)) is for a daemon that is root: workers have this one's user")
        }
        if sluice_filters_system_calls() == 0 {
            logger.warning("the system takes no filters of system calls (seccomp): workers run without")
        }
        return arguments
    }

    /// Nil where there is no such user, or a container lets nobody become it.
    private static func user(_ name: String) -> WorkerArguments.User? {
        guard let entry = getpwnam(name) else { return nil }
        let user = WorkerArguments.User(id: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
        guard let status = text("/proc/self/status"), let users = text("/proc/self/uid_map"),
            let groups = text("/proc/self/gid_map"), text("/proc/self/setgroups")?.hasPrefix("deny") == false,
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("CapEff:") }),
            let capabilities = line.split(separator: "\t").last.flatMap({ UInt64($0, radix: 16) })
        else { return nil }
        // CAP_SETGID and CAP_SETUID; and CAP_KILL to end a worker that is somebody else's.
        let needed: UInt64 = 1 << 5 | 1 << 6 | 1 << 7
        guard capabilities & needed == needed, holds(users, user.id), holds(groups, user.group) else { return nil }
        return user
    }

    /// Whether a map of user_namespaces(7) has it: lines of the first one, its name outside, and how many.
    private static func holds(_ map: String, _ id: UInt32) -> Bool {
        map.split(separator: "\n").contains { line in
            let numbers = line.split(separator: " ").compactMap { UInt64($0) }
            return numbers.count == 3 && UInt64(id) >= numbers[0] && UInt64(id) - numbers[0] < numbers[2]
        }
    }

    private static func text(_ path: String) -> String? {
        try? String(contentsOfFile: path, encoding: .utf8)
    }
}
