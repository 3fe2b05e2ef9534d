/// What the kernel is to do with a system call of a worker.
struct SystemCallRule: Sendable, Hashable {
    enum Verdict: Sendable, Hashable {
        case allow
        /// The call fails with this error number.
        case fail(CInt)
        /// The process ends by SIGSYS.
        case kill
    }

    /// What must hold of one argument, as a 64-bit number; seccomp(2) sees no memory behind pointers.
    struct Condition: Sendable, Hashable {
        enum Test: Sendable, Hashable {
            case equals(UInt64)
            /// The bits of `mask` are those of `value`.
            case masked(mask: UInt64, equals: UInt64)
        }

        /// From 0.
        let argument: UInt32
        let test: Test
    }

    /// As the kernel calls it; one that an architecture does not have is no rule there.
    let name: String
    let verdict: Verdict
    /// All of them must hold.
    let conditions: [Condition]

    init(_ name: String, _ verdict: Verdict, where conditions: Condition...) {
        self.name = name
        self.verdict = verdict
        self.conditions = conditions
    }
}

extension SystemCallRule.Condition {
    static func argument(_ argument: UInt32, is value: UInt64) -> Self {
        Self(argument: argument, test: .equals(value))
    }

    static func argument(_ argument: UInt32, has mask: UInt64) -> Self {
        Self(argument: argument, test: .masked(mask: mask, equals: mask))
    }

    static func argument(_ argument: UInt32, lacks mask: UInt64) -> Self {
        Self(argument: argument, test: .masked(mask: mask, equals: 0))
    }
}
