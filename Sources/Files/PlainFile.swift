#if canImport(Glibc)
    import Glibc
#endif

/// Whole files, read and written on the caller's thread.
package enum PlainFile {
    /// Whether a call returns before or after the disk has what it wrote.
    package enum Durability: Sendable {
        /// Survives the end of this process, not of the machine.
        case cached
        /// Survives a power failure: the file's data is flushed, and so is the directory where a name is new.
        case flushed
    }

    /// Creates or replaces a file, readable by the owner only.
    package static func write(_ bytes: [UInt8], to path: String) throws(FileError) { try write(bytes.span, to: path) }

    /// Creates or replaces a file, readable by the owner only.
    package static func write(_ bytes: Span<UInt8>, to path: String) throws(FileError) {
        try withDescriptor(path, flags: O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC) { descriptor throws(FileError) in
            try writeAll(bytes, to: descriptor, path: path)
        }
    }

    /// Adds to the end of a file in one system call where the kernel takes it whole; what it took of it goes again where
    /// it does not.
    ///
    /// With `.flushed` the file must be there already, or its name may be lost with the power.
    package static func append(
        _ bytes: [UInt8], to path: String, _ durability: Durability = .cached
    ) throws(FileError) {
        try withDescriptor(path, flags: O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC) { descriptor throws(FileError) in
            let old = length(descriptor)
            do throws(FileError) { try writeAll(bytes, to: descriptor, path: path) } catch {
                // Half a line is not to stay, unless somebody else has written behind it.
                if let old, let new = length(descriptor), new > old, new < old + off_t(bytes.count) {
                    _ = ftruncate(descriptor, old)
                }
                throw error
            }
            if durability == .flushed { try flush(descriptor, path) }
        }
    }

    /// Replaces a file so that a crash, or a power failure, leaves either the old or the new one; afterwards the new.
    /// - Parameter isForOthers: whether other users may read it; what it replaces does not matter.
    package static func replace(
        _ bytes: [UInt8], at path: String, isForOthers: Bool = false
    ) throws(FileError) {
        let new = path + ".new"
        let mode: mode_t = isForOthers ? 0o644 : 0o600
        do throws(FileError) {
            try withDescriptor(new, flags: O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode) {
                descriptor throws(FileError) in
                try writeAll(bytes, to: descriptor, path: new)
                try flush(descriptor, new)
            }
            try rename(new, to: path)
        } catch {
            remove(new)
            throw error
        }
    }

    /// Makes a file that is not there yet, for the owner only; whole, or not at all.
    /// - Returns: false where there is one: it is left as it is.
    package static func create(_ bytes: [UInt8], at path: String) throws(FileError) -> Bool {
        let new = "\(path).\(getpid())"
        defer { remove(new) }
        try withDescriptor(new, flags: O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC) { descriptor throws(FileError) in
            try writeAll(bytes, to: descriptor, path: new)
            try flush(descriptor, new)
        }
        guard link(new, path) == 0 else {
            guard errno == EEXIST else { throw failure("link", path) }
            return false
        }
        try flushDirectory(of: path)
        return true
    }

    /// Gives a file another name, for good; one that has the name is replaced.
    package static func rename(_ old: String, to new: String) throws(FileError) {
        guard Glibc.rename(old, new) == 0 else { throw failure("rename", new) }
        try flushDirectory(of: new)
    }

    /// Takes a damaged file out of the way, for somebody to look at: its name with `.damaged-` and a number.
    /// - Returns: its new path.
    package static func setAside(_ path: String) throws(FileError) -> String {
        var number = 1
        while size("\(path).damaged-\(number)") != nil { number += 1 }
        let aside = "\(path).damaged-\(number)"
        try rename(path, to: aside)
        return aside
    }

    /// Keeps a copy of a damaged file's bytes, for somebody to look at, beside it.
    /// - Returns: the copy's path.
    package static func copyAside(_ bytes: [UInt8], of path: String) throws(FileError) -> String {
        var number = 1
        while try !create(bytes, at: "\(path).damaged-\(number)") { number += 1 }
        return "\(path).damaged-\(number)"
    }

    /// The names in a directory, but `.` and `..`, in no order.
    package static func names(in directory: String) throws(FileError) -> [String] {
        guard let stream = opendir(directory) else { throw failure("opendir", directory) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// When a file was last written, in seconds from the epoch; nil where there is none.
    package static func modified(_ path: String) -> Int64? {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_mtim.tv_sec) : nil
    }

    package static func read(_ path: String, atMost limit: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        try withDescriptor(path, flags: O_RDONLY | O_CLOEXEC) { descriptor throws(FileError) in
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw failure("stat", path) }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw FileError(
                    operation: "read", path: path, code: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
            }
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

    /// The same; nil where there is no such file. Everything else that keeps it from being read is thrown.
    package static func readIfThere(_ path: String, atMost limit: Int) throws(FileError) -> [UInt8]? {
        do throws(FileError) { return try read(path, atMost: limit) } catch {
            guard error.code == ENOENT else { throw error }
            return nil
        }
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

    /// Flushes the names in the directory that a file lies in.
    private static func flushDirectory(of path: String) throws(FileError) {
        let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        try withDescriptor(directory, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC) { descriptor throws(FileError) in
            // Some file systems cannot flush a directory, and need not.
            guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure("fsync", directory) }
        }
    }

    private static func withDescriptor(
        _ path: String, flags: Int32, _ mode: mode_t = 0o600, _ body: (Int32) throws(FileError) -> Void
    ) throws(FileError) {
        let descriptor = open(path, flags, mode)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        try body(descriptor)
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(FileError) {
        try writeAll(bytes.span, to: descriptor, path: path)
    }

    private static func writeAll(_ bytes: Span<UInt8>, to descriptor: Int32, path: String) throws(FileError) {
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

    private static func length(_ descriptor: Int32) -> off_t? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status.st_size : nil
    }

    private static func flush(_ descriptor: Int32, _ path: String) throws(FileError) {
        guard fdatasync(descriptor) == 0 else { throw failure("fdatasync", path) }
    }

    private static func failure(_ operation: String, _ path: String) -> FileError {
        FileError(operation: operation, path: path, code: errno)
    }
}
