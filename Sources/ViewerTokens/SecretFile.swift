import Glibc
import OpenSSLCrypto

/// A secret in a file of its own, which nobody but its owner may reach.
package struct SecretFile: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path }

    /// The file's bytes, for the caller to `cleanse`; where there is no file, it is made with what `new` gives, which is nil
    /// where there is no randomness to be had.
    ///
    /// Refuses links, files of other users, files that others may read or write, and more than 4096 bytes.
    package func readOrMake(_ new: () -> [UInt8]?) throws(SecretFileError) -> [UInt8] {
        // Exclusive: of two that start at once, one makes the file and the other reads it.
        let made = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if made >= 0 { return try write(to: made, new) }
        guard errno == EEXIST else { throw failure("cannot be created") }
        return try read()
    }

    /// The bytes of a file that is there.
    package func read() throws(SecretFileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("cannot be opened") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("cannot be looked at") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SecretFileError(path: path, reason: "is not a regular file")
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw SecretFileError(path: path, reason: "may be read or written by others (mode \(mode)): chmod 600 it")
        }
        guard status.st_uid == geteuid() || geteuid() == 0 else {
            throw SecretFileError(path: path, reason: "belongs to another user")
        }
        let limit = 4096
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        defer { cleanse(&bytes) }
        let count = Glibc.read(descriptor, &bytes, limit + 1)
        guard count >= 0 else { throw failure("cannot be read") }
        guard count <= limit else { throw SecretFileError(path: path, reason: "has more than \(limit) bytes") }
        return Array(bytes.prefix(count))
    }

    private func write(
        to descriptor: Int32, _ new: () -> [UInt8]?
    ) throws(SecretFileError) -> [UInt8] {
        defer { close(descriptor) }
        guard var bytes = new() else {
            unlink(path)
            throw SecretFileError(path: path, reason: "no random bytes to fill it with")
        }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            let error = failure("cannot be written")
            cleanse(&bytes)
            unlink(path)
            throw error
        }
        return bytes
    }

    private func failure(_ what: String) -> SecretFileError {
        SecretFileError(path: path, reason: "\(what): \(String(cString: strerror(errno)))")
    }
}

/// A secret file that cannot be used: why, in one line.
package struct SecretFileError: Error, Sendable, Equatable, CustomStringConvertible {
    package var path: String
    package var reason: String

    package init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    package var description: String { "\(path): \(reason)" }
}
