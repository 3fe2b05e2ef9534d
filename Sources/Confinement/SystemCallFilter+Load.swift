import CLinux
import CSeccomp
import Glibc

extension SystemCallFilter {
    /// Why the filter is not in force.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Whether the kernel takes filters from this process: containers may deny it.
    static var isAvailable: Bool { sluice_filters_system_calls() != 0 }

    /// Puts the filter into force for the calling thread, and those that it starts from here on: for ever. The thread
    /// must have given up new privileges, or be root's.
    func load() throws(Failure) {
        guard let context = seccomp_init(Self.action(otherwise)) else {
            throw Failure(description: "no memory for a filter of system calls")
        }
        defer { seccomp_release(context) }
        try check(seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, UInt32(SCMP_ACT_KILL_PROCESS)), "architecture")
        // A binary tree instead of a list.
        try check(seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimisation")
        for rule in rules {
            let number = seccomp_syscall_resolve_name(rule.name)
            // Not on this architecture, or younger than this library: then it is not listed, and fails.
            guard number >= 0 else { continue }
            let conditions = rule.conditions.map(Self.comparison)
            try check(
                conditions.withUnsafeBufferPointer {
                    seccomp_rule_add_array(
                        context, Self.action(rule.verdict), number, UInt32($0.count), $0.baseAddress)
                }, rule.name)
        }
        try check(seccomp_load(context), "load")
    }

    private func check(_ code: CInt, _ what: String) throws(Failure) {
        guard code < 0 else { return }
        throw Failure(description: "no filter of system calls: \(what): \(String(cString: strerror(-code)))")
    }

    private static func action(_ verdict: SystemCallRule.Verdict) -> UInt32 {
        switch verdict {
        case .allow: UInt32(SCMP_ACT_ALLOW)
        case .fail(let code): sluice_seccomp_errno(code)
        case .kill: UInt32(SCMP_ACT_KILL_PROCESS)
        }
    }

    private static func comparison(_ condition: SystemCallRule.Condition) -> scmp_arg_cmp {
        switch condition.test {
        case .equals(let value): scmp_arg_cmp(arg: condition.argument, op: SCMP_CMP_EQ, datum_a: value, datum_b: 0)
        case .masked(let mask, let value):
            scmp_arg_cmp(arg: condition.argument, op: SCMP_CMP_MASKED_EQ, datum_a: mask, datum_b: value)
        }
    }
}
