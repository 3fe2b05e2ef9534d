/// What the daemon tells a worker by its command line:
/// `sluice-ingest [files|slate|still|inspect|examine] [--sound OFFSET] [--user UID:GID] [--memory BYTES]`.
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

    /// What it is started for. Its standard input is the encoder's socket, a socket by which files are handed to it, or
    /// files.
    package enum Work: String, Sendable, Hashable, CaseIterable {
        case publication = ""
        /// Plays files in place of an encoder.
        case files
        /// Makes what stands in for the picture: of an image or a clip; of nothing, black.
        case slate
        /// The same of the last picture of a CMAF segment, behind its header.
        case still
        /// Says whether a slate can be made of the files.
        case inspect
        /// Says whether the file can be played in place of an encoder.
        case examine

        /// Whether an encoder's socket, or a socket like it, is its standard input.
        package var isPublication: Bool { self == .publication || self == .files }
    }

    package var work = Work.publication
    /// Where the second file begins in its standard input, with sound for the image in the first.
    package var soundOffset: UInt32?
    /// Nil: the daemon's own.
    package var user: User?
    /// Bytes of memory that it may write to, stacks of threads too.
    package var memory: UInt64 = 6 << 30

    package init() {}

    package var words: [String] {
        var words = work == .publication ? [] : [work.rawValue]
        if let soundOffset { words += ["--sound", "\(soundOffset)"] }
        if let user { words += ["--user", "\(user.id):\(user.group)"] }
        return words + ["--memory", "\(memory)"]
    }

    /// - Parameter words: without the program's name.
    /// - Returns: nil where they say anything else.
    package init?(_ words: [String]) {
        var rest = words[...]
        if let work = rest.first.flatMap({ $0.isEmpty ? nil : Work(rawValue: $0) }) {
            self.work = work
            rest.removeFirst()
        }
        while let option = rest.popFirst() {
            guard let value = rest.popFirst() else { return nil }
            switch option {
            case "--user":
                let numbers = value.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
                guard numbers.count == 2, let id = numbers[0], let group = numbers[1] else { return nil }
                user = User(id: id, group: group)
            case "--sound":
                guard !work.isPublication, let offset = UInt32(value) else { return nil }
                soundOffset = offset
            case "--memory":
                guard let bytes = UInt64(value) else { return nil }
                memory = bytes
            default: return nil
            }
        }
    }
}
