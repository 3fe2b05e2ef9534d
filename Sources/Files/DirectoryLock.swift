#if canImport(Glibc)
    import Glibc
#endif

/// A directory that one process has for itself, for as long as the value lives.
///
/// The lock is the kernel's (flock(2)), on the directory: it ends with the process, however that ends, leaves no file that
/// somebody has to remove, and can be had where the disk takes no writes.
package struct DirectoryLock: ~Copyable, Sendable {
    private let descriptor: Int32

    /// Takes the lock without waiting for it.
    /// - Throws: `FileError`; `isTaken` where somebody else has it, another code where the file system has no locks.
    package init(_ directory: String) throws(FileError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(operation: "open", path: directory, code: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            throw FileError(operation: "lock", path: directory, code: code)
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}

extension FileError {
    /// Another process, or another `DirectoryLock` of this one, has the lock.
    package var isTaken: Bool { operation == "lock" && code == EWOULDBLOCK }
}
