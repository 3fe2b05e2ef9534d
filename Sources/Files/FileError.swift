#if canImport(Glibc)
    import Glibc
#endif

/// What a system call on a file said: the call, the path and `errno`.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    package let operation: String
    package let path: String
    package let code: Int32

    package init(operation: String, path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// The disk takes its time, and is not waited for; what was asked of it is done in its turn.
    package static func late(_ path: String) -> FileError {
        FileError(operation: "wait for", path: path, code: ETIMEDOUT)
    }

    package var isLate: Bool { self == .late(path) }

    /// So much waits for the disk already that this was not even asked.
    package static func tooMuchWaits(_ path: String) -> FileError {
        FileError(operation: "wait for", path: path, code: EBUSY)
    }

    /// No space, or none for this user.
    package var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }

    /// The file system takes nothing at all: it was mounted, or became, read-only.
    package var isReadOnly: Bool { code == EROFS }

    package var description: String {
        if isLate { return "the disk does not answer in time: \(path)" }
        return "\(operation) \(path): \(String(cString: strerror(code)))"
    }
}
