import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A file that is only added to, and that somebody else may rename or remove: `reopen` begins the one of its name. Calls
/// block on the disk.
package final class LogFile: Sendable {
    private struct State {
        var descriptor: Int32
        /// The last line has no end: the disk took half of what it was given.
        var isTorn = false
    }

    package let path: String
    private let state: Mutex<State>

    /// Readable by the owner and the group. A pipe that nobody reads is an error, not a wait.
    package init(path: String) throws(FileError) {
        self.path = path
        state = Mutex(State(descriptor: try Self.open(path)))
    }

    deinit { state.withLock { _ = close($0.descriptor) } }

    /// - Parameter lines: whole ones. Where this throws some of them may be there.
    package func append(_ lines: [UInt8]) throws(FileError) {
        try state.withLock { state throws(FileError) in
            var rest = state.isTorn ? [UInt8(ascii: "\n")] + lines : lines
            while !rest.isEmpty {
                let written = rest.withUnsafeBytes { write(state.descriptor, $0.baseAddress, $0.count) }
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw FileError(operation: "write", path: path, code: errno) }
                state.isTorn = rest[written - 1] != UInt8(ascii: "\n")
                rest.removeFirst(written)
            }
        }
    }

    /// Where this throws, the file that was open stays so.
    package func reopen() throws(FileError) {
        let new = try Self.open(path)
        state.withLock { state in
            close(state.descriptor)
            state = State(descriptor: new)
        }
    }

    private static func open(_ path: String) throws(FileError) -> Int32 {
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        let descriptor = Glibc.open(path, flags, 0o640)
        guard descriptor >= 0 else { throw FileError(operation: "open", path: path, code: errno) }
        _ = fcntl(descriptor, F_SETFL, O_APPEND)
        return descriptor
    }
}
