import Dispatch
import Glibc
import Synchronization

/// A folder, or one file of it: what is in it, and word of every change. inotify(7).
package final class WatchedFolder: Sendable {
    private struct State {
        /// Negative: not watched.
        var descriptor: CInt = -1
        var source: (any DispatchSourceRead)?
        /// Renamed in since the last look.
        var arrived: Set<String> = []
    }

    let path: String
    /// Nil: all that are in it.
    private let only: String?
    private let state = Mutex(State())
    private let onChange: @Sendable () -> Void

    /// More than anybody would play one after the other.
    static let mostEntries = 10_000

    /// - Parameters:
    ///   - only: the name of a file in it that alone counts; a link is followed.
    ///   - onChange: called on another thread.
    init(_ path: String, only: String? = nil, onChange: @escaping @Sendable () -> Void) {
        self.path = path
        self.only = only
        self.onChange = onChange
    }

    deinit { stop() }

    /// Watches from now on, where the folder is there and that is possible.
    func watch() {
        state.withLock { state in
            guard state.descriptor < 0 else { return }
            let descriptor = inotify_init1(CInt(IN_CLOEXEC | IN_NONBLOCK))
            guard descriptor >= 0 else { return }
            let events =
                IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF
                | IN_MOVE_SELF
            guard inotify_add_watch(descriptor, path, UInt32(events) | UInt32(IN_ONLYDIR)) >= 0 else {
                close(descriptor)
                return
            }
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
            source.setEventHandler { [weak self] in self?.heard(descriptor) }
            source.setCancelHandler { close(descriptor) }
            state.descriptor = descriptor
            state.source = source
            source.resume()
        }
    }

    func stop() {
        state.withLock { state in
            state.source?.cancel()
            state.source = nil
            state.descriptor = -1
        }
    }

    private func heard(_ descriptor: CInt) {
        var arrived: Set<String> = []
        var isGone = false
        var block = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = block.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            block.withUnsafeBytes { bytes in
                var place = 0
                // wd, mask, cookie, len: four numbers of 32 bits; then the name.
                while place + 16 <= count {
                    let mask = bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self)
                    let length = Int(bytes.loadUnaligned(fromByteOffset: place + 12, as: UInt32.self))
                    guard length <= count - place - 16 else { return }
                    let name = bytes[place + 16..<place + 16 + length].prefix { $0 != 0 }
                    if mask & UInt32(IN_MOVED_TO) != 0 { arrived.insert(String(decoding: name, as: UTF8.self)) }
                    if mask & UInt32(IN_IGNORED | IN_MOVE_SELF | IN_DELETE_SELF) != 0 { isGone = true }
                    place += 16 + length
                }
            }
        }
        state.withLock { $0.arrived.formUnion(arrived) }
        // Another may come in its place: looked for with the next look.
        if isGone { stop() }
        onChange()
    }

    /// What is in it now; nothing where it is not there.
    /// - Returns: also which of them were renamed in since the last time.
    func look() -> (entries: [FilePlan.Entry], arrived: Set<String>) {
        watch()
        let arrived = state.withLock { state in
            defer { state.arrived = [] }
            return state.arrived
        }
        if let only { return (entry(only, follows: true).map { [$0] } ?? [], arrived) }
        return (Self.names(in: path).compactMap { entry($0, follows: false) }, arrived)
    }

    /// The regular files of a folder that would be played, in the order in which they would be.
    package static func files(in path: String) -> [String] {
        WatchedFolder(path) {}.look().entries.map(\.name).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while names.count < mostEntries, let item = readdir(folder) {
            let name = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            if let name, !isPassedOver(name) { names.append(name) }
        }
        return names
    }

    /// Hidden, or by its name not finished.
    private static func isPassedOver(_ name: String) -> Bool {
        name.hasPrefix(".") || name.hasSuffix("~")
            || [".part", ".partial", ".tmp", ".filepart", ".crdownload"].contains(where: name.hasSuffix)
    }

    /// Nil for what is no regular file.
    private func entry(_ name: String, follows: Bool) -> FilePlan.Entry? {
        var status = stat()
        guard fstatat(AT_FDCWD, "\(path)/\(name)", &status, follows ? 0 : AT_SYMLINK_NOFOLLOW) == 0,
            status.st_mode & S_IFMT == S_IFREG
        else { return nil }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return FilePlan.Entry(
            name: name,
            identity: .init(
                inode: UInt64(status.st_ino), size: Int64(status.st_size),
                changedAt: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)),
            age: Int64(now.tv_sec &- status.st_mtim.tv_sec) &* 1000)
    }

    /// Opens a file of it for reading, and nothing that is not a regular file.
    /// - Throws: why not, as the system says.
    func open(_ name: String) throws(SocketError) -> CInt {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (only == nil ? O_NOFOLLOW : 0)
        let descriptor = Glibc.open("\(path)/\(name)", flags)
        guard descriptor >= 0 else { throw SocketError(operation: "open it") }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw SocketError(operation: "play it", reason: "it is no regular file")
        }
        return descriptor
    }
}
