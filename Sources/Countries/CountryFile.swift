import CLinux
import Glibc

/// A file of a database as it is now, open.
struct CountryFile: ~Copyable {
    /// Which file, and which state of it.
    struct State: Hashable {
        let device, inode: UInt
        let size: Int
        let seconds, nanoseconds: Int
    }

    /// Bytes; ten times the largest that there is.
    private static let maximumBytes = 1 << 30

    let descriptor: Int32
    let state: State
    private let path: String

    init(path: String) throws(CountryDatabaseError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw CountryDatabaseError(cause: .system(errno), path: path) }
        var status = stat()
        var code = fstat(descriptor, &status) == 0 ? 0 : errno
        if code == 0, status.st_mode & S_IFMT != S_IFREG { code = EINVAL }
        if code == 0, status.st_size > Self.maximumBytes { code = EFBIG }
        guard code == 0 else {
            close(descriptor)
            throw CountryDatabaseError(cause: .system(code), path: path)
        }
        self.init(
            descriptor: descriptor,
            state: State(
                device: status.st_dev, inode: status.st_ino, size: status.st_size,
                seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec), path: path)
    }

    private init(descriptor: Int32, state: State, path: String) {
        self.descriptor = descriptor
        self.state = state
        self.path = path
    }

    deinit { close(descriptor) }

    /// What is in it, in memory: nobody can write into that, or cut it off.
    borrowing func copy() throws(CountryDatabaseError) -> CountryFile {
        let memory = memfd_create("countries", 1)  // why: 1 is close on exec
        guard memory >= 0 else { throw CountryDatabaseError(cause: .system(errno), path: path) }
        let copy = CountryFile(descriptor: memory, state: state, path: path)
        var done = 0
        while done < state.size {
            let count = sendfile(memory, descriptor, &done, state.size - done)
            // Cut off meanwhile: the library says what that makes of it.
            if count == 0 { break }
            guard count > 0 || errno == EINTR else { throw CountryDatabaseError(cause: .system(errno), path: path) }
        }
        return copy
    }
}
