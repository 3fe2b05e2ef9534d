#if canImport(Glibc)
    import Glibc
#endif

/// What a system call on a file said: the call, the path and `errno`.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    package let operation: String
    package let path: String
    package let code: Int32

    package var description: String { "\(operation) \(path): \(String(cString: strerror(code)))" }
}

/// Whole files, read and written on the caller's thread.
package enum PlainFile {
    /// Creates or replaces a file, readable by the owner only.
    package static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
        try withDescriptor(path, flags: O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC) { descriptor throws(FileError) in
            try writeAll(bytes, to: descriptor, path: path)
        }
    }

    /// Adds to the end of a file in one system call where the kernel takes it whole.
    package static func append(_ bytes: [UInt8], to path: String) throws(FileError) {
        try withDescriptor(path, flags: O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC) { descriptor throws(FileError) in
            try writeAll(bytes, to: descriptor, path: path)
        }
    }

    /// Replaces a file so that a crash leaves either the old or the new one.
    package static func replace(_ bytes: [UInt8], at path: String) throws(FileError) {
        try write(bytes, to: path + ".new")
        guard rename(path + ".new", path) == 0 else { throw failure("rename", path) }
    }

    package static func read(_ path: String, atMost limit: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        try withDescriptor(path, flags: O_RDONLY | O_CLOEXEC) { descriptor throws(FileError) in
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw failure("stat", path) }
            let size = Int(status.st_size)
            guard size <= limit else { throw FileError(operation: "read", path: path, code: EFBIG) }
            var failed: FileError?
            bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                while count < size {
                    let taken = Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
                    if taken < 0, errno == EINTR { continue }
                    if taken < 0 { failed = failure("read", path) }
                    if taken <= 0 { break }
                    count += taken
                }
            }
            if let failed { throw failed }
        }
        return bytes
    }

    /// Nil where there is no such file.
    package static func size(_ path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    package static func remove(_ path: String) { _ = unlink(path) }

    /// Makes a directory and those above it, for the owner only; one that is there is fine.
    package static func makeDirectory(_ path: String) throws(FileError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw failure("mkdir", path)
        }
        try makeDirectory(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("mkdir", path) }
    }

    private static func withDescriptor(
        _ path: String, flags: Int32, _ body: (Int32) throws(FileError) -> Void
    ) throws(FileError) {
        let descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        try body(descriptor)
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let written = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw failure("write", path) }
            done += written
        }
    }

    private static func failure(_ operation: String, _ path: String) -> FileError {
        FileError(operation: operation, path: path, code: errno)
    }
}
