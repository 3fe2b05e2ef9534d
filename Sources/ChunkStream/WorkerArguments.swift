/// What the daemon tells a worker by its command line: `sluice-ingest [slate] [--user UID:GID] [--memory BYTES]`.
///
/// None of it is a secret: everybody on the machine may read it.
package struct WorkerArguments: Sendable, Hashable {
    /// Whose rights a worker takes that is started as root.
    package struct User: Sendable, Hashable {
        package let id: UInt32
        package let group: UInt32

        package init(id: UInt32, group: UInt32) {
            self.id = id
            self.group = group
        }
    }

    /// Makes what stands in for the picture; its standard input is an image, or nothing.
    package var makesSlate = false
    /// Nil: the daemon's own.
    package var user: User?
    /// Bytes of memory that it may write to, stacks of threads too.
    package var memory: UInt64 = 6 << 30

    package init() {}

    package var words: [String] {
        var words = makesSlate ? ["slate"] : []
        if let user { words += ["--user", "\(user.id):\(user.group)"] }
        return words + ["--memory", "\(memory)"]
    }

    /// - Parameter words: without the program's name.
    /// - Returns: nil where they say anything else.
    package init?(_ words: [String]) {
        var rest = words[...]
        if rest.first == "slate" {
            makesSlate = true
            rest.removeFirst()
        }
        while let option = rest.popFirst() {
            guard let value = rest.popFirst() else { return nil }
            switch option {
            case "--user":
                let numbers = value.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
                guard numbers.count == 2, let id = numbers[0], let group = numbers[1] else { return nil }
                user = User(id: id, group: group)
            case "--memory":
                guard let bytes = UInt64(value) else { return nil }
                memory = bytes
            default: return nil
            }
        }
    }
}
