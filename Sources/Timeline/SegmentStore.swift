package import Files
package import Media
import MediaMemory
package import OpenSSLCrypto
package import Sealing
import Synchronization

/// How a channel's media is sealed on the disk.
package struct WindowSeal: Sendable {
    package let key: SealingKey
    package let channel: String
    /// Whether new segments are sealed; those that are already are read in any case.
    package var isWriting = true

    /// - Parameter key: of the host key, for `.segments`.
    package init(key: SealingKey, channel: String) {
        self.key = key
        self.channel = channel
    }
}

/// Why media is not on the disk, or cannot be read from it.
package enum StorageError: Error, Sendable, Equatable, CustomStringConvertible {
    case file(FileError)
    case sealing(path: String, OpenSSLError)
    /// Changed, torn, in another's place, or sealed under another host key.
    case tampered(path: String)
    /// Sealed, and this daemon was started without a host key.
    case noKey(path: String)
    /// Not the media that was put there.
    case malformed(path: String, ParseError)

    package var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .sealing(let path, let error): "cannot seal \(path): \(error)"
        case .tampered(let path): "\(path) was changed, or is not of this host: it does not open under the host key"
        case .noKey(let path): "\(path) is sealed, and there is no host key"
        case .malformed(let path, let error): "\(path) is not what was stored: \(error)"
        }
    }

    var isDiskFull: Bool {
        if case .file(let error) = self { error.isDiskFull } else { false }
    }

    /// Whether it will be on the disk for all that.
    var isLate: Bool {
        if case .file(let error) = self { error.isLate } else { false }
    }
}

/// The bytes of a channel's segments: the newest in memory, all of them in files, sealed or clear.
///
/// A sealed segment is told from a clear one by its name, and by the segment's own record, which says what it must be.
/// Bounds: `memoryBytes` in memory (the oldest leave first; they stay readable from disk) and the host's
/// `StorageBudget` on disk. Files are written and removed by the channel's `DiskQueue`, and read on the caller's thread.
package final class SegmentStore: Sendable {
    package struct Key: Hashable, Sendable {
        package let segment: UInt64
        package let track: String

        package init(segment: UInt64, track: String) {
            self.segment = segment
            self.track = track
        }
    }

    package typealias Form = WindowSegment.FileForm

    private struct Memory {
        var media: [Key: ClearMedia] = [:]
        var order: [Key] = []
        var total = 0
        /// Those that the disk does not have.
        var unstored: Set<Key> = []
        /// Of them, those that wait for the disk.
        var pending: Set<Key> = []
        /// Of them, those that it was asked to take and did not.
        var refused: Set<Key> = []
        /// Nothing is to go to the disk.
        var isAlone = false
    }

    private struct Removals {
        var paths: [String] = []
        /// A job will come for them.
        var isWaiting = false
        /// There were too many.
        var hasLeft = false
    }

    private static let maximumRemovals = 1 << 16
    /// A longer file is not read, nor is one made.
    static let maximumFileBytes = 1 << 30
    /// What a segment of a track may have.
    static let maximumMediaBytes = maximumFileBytes - SealingKey.overhead

    private let directory: String?
    private let seal: WindowSeal?
    private let memoryLimit: Int
    private let disk: DiskQueue
    private let account: StorageBudget.Account?
    private let memory = Mutex(Memory())
    private let removals = Mutex(Removals())

    /// - Parameters:
    ///   - directory: of this channel; nil keeps everything in memory only.
    ///   - seal: nil writes clear files. Both forms are read, sealed ones only with the key.
    ///   - account: where what it stores is counted.
    package init(
        directory: String?, seal: WindowSeal? = nil, memoryBytes: Int, disk: DiskQueue,
        account: StorageBudget.Account? = nil
    ) {
        self.directory = directory
        self.seal = seal
        memoryLimit = memoryBytes
        self.disk = disk
        self.account = account
    }

    /// How segments are written.
    package var form: Form { seal?.isWriting ?? false ? .sealed : .clear }

    /// What a file is longer than what is in it.
    package static func overhead(_ form: Form) -> Int { form == .sealed ? SealingKey.overhead : 0 }

    /// Keeps a segment's media in memory; the disk gets it by `save`.
    /// - Returns: the newest segment of which something is nowhere any more.
    package func keep(_ key: Key, _ media: ClearMedia) -> UInt64? {
        if directory == nil { account?.add(media.bytes.count + Self.overhead(form)) }
        let (lost, leaving) = memory.withLock { memory in
            var leaving: [ClearMedia] = []
            if directory != nil { memory.unstored.insert(key) }
            if let old = memory.media.updateValue(media, forKey: key) {
                memory.total -= old.memoryBytes
                memory.order.removeAll { $0 == key }
                leaving.append(old)
            }
            memory.order.append(key)
            memory.total += media.memoryBytes
            var evicted = 0
            var lost: UInt64?
            while memory.total > memoryLimit, evicted < memory.order.count - 1 {
                let key = memory.order[evicted]
                if let old = memory.media.removeValue(forKey: key) {
                    memory.total -= old.memoryBytes
                    leaving.append(old)
                }
                // That it was never stored is known until its segment is dropped.
                if memory.unstored.contains(key) { lost = max(lost ?? 0, key.segment) }
                memory.pending.remove(key)
                memory.refused.remove(key)
                evicted += 1
            }
            memory.order.removeFirst(evicted)
            return (lost, leaving)
        }
        // Not under the lock, which event loops take: megabytes are given back to the system.
        withExtendedLifetime(leaving) {}
        return lost
    }

    /// Puts what is kept in memory on the disk.
    /// - Returns: why the disk has not got it, if so. Where it is late it gets it in its turn, as long as it is in memory.
    package func save(_ key: Key) -> StorageError? {
        guard let path = path(key, form) else { return nil }
        let isWanted = memory.withLock { memory in
            guard !memory.isAlone, memory.media[key] != nil else { return false }
            return memory.pending.insert(key).inserted
        }
        guard isWanted else { return nil }
        switch disk.perform({ [self] in saveNow(key, path) }) {
        case .done(let failure): return failure
        case .late: return .file(.late(path))
        case .refused:
            memory.withLock { memory in if memory.pending.remove(key) != nil { memory.refused.insert(key) } }
            return .file(.tooMuchWaits(path))
        }
    }

    /// Puts on the disk what it has refused, in its turn, where that is in memory still: otherwise it would be gone with its place
    /// there, and with it all that is older. Where it refuses again, it is refused still.
    package func saveAgain() {
        let keys = memory.withLock { memory in
            memory.isAlone
                ? [] : memory.order.filter { memory.refused.contains($0) && memory.pending.insert($0).inserted }
        }
        for key in keys {
            let isPosted = path(key, form).map { path in disk.post { [self] in _ = saveNow(key, path) } } ?? false
            if !isPosted { memory.withLock { _ = $0.pending.remove(key) } }
        }
    }

    private func saveNow(_ key: Key, _ path: String) -> StorageError? {
        guard let bytes = memory.withLock({ $0.pending.contains(key) ? $0.media[key]?.bytes : nil }) else { return nil }
        let failure = write(key, bytes, path)
        let isWanted = memory.withLock { memory in
            guard memory.pending.remove(key) != nil else { return false }
            if failure == nil {
                memory.unstored.remove(key)
                memory.refused.remove(key)
            } else {
                memory.refused.insert(key)
            }
            return true
        }
        if !isWanted {
            PlainFile.remove(path)
        } else if failure == nil {
            account?.add(bytes.count + Self.overhead(form))
        }
        return failure
    }

    /// From now on nothing goes to the disk, where what was decided about it cannot be written down; or again.
    /// - Returns: whether nothing did.
    @discardableResult
    package func keepToMemory(_ isAlone: Bool) -> Bool {
        memory.withLock { memory in
            defer { memory.isAlone = isAlone }
            return memory.isAlone
        }
    }

    /// Whether the disk does not have it.
    func isInMemoryOnly(_ key: Key) -> Bool { memory.withLock { $0.unstored.contains(key) } }

    /// Removes the file of what is in memory too, and only of that.
    /// - Returns: whether there is no such file now, nor will be.
    package func forgetFile(_ key: Key, _ form: Form) -> Bool {
        guard let path = path(key, form) else { return true }
        let (isPending, forgotten) = memory.withLock { memory -> (Bool, Int?) in
            guard let bytes = memory.media[key]?.bytes else { return (false, nil) }
            let isStored = memory.unstored.insert(key).inserted
            memory.refused.remove(key)
            return (memory.pending.remove(key) != nil, isStored ? bytes.count : 0)
        }
        if let forgotten, forgotten > 0 { account?.add(-(forgotten + Self.overhead(form))) }
        if !isPending, PlainFile.size(path) == nil { return true }
        guard forgotten != nil else { return false }
        let outcome = disk.perform {
            PlainFile.remove(path)
            return PlainFile.size(path) == nil
        }
        if case .done(let isGone) = outcome { return isGone }
        return false
    }

    private func write(_ key: Key, _ bytes: MediaBytes, _ path: String) -> StorageError? {
        var sealed: [UInt8]?
        do throws(OpenSSLError) {
            if let seal, seal.isWriting {
                sealed = try seal.key.seal(bytes.span, context: Self.context(key, seal))
            }
        } catch { return .sealing(path: path, error) }
        do throws(FileError) {
            if let sealed { try PlainFile.write(sealed, to: path) } else { try PlainFile.write(bytes.span, to: path) }
        } catch {
            // What a full disk took of it is not the segment.
            PlainFile.remove(path)
            return .file(error)
        }
        return nil
    }

    /// The clear media; nil where it is no longer (or never was) there.
    /// - Throws: where there is a file that cannot be used. It is never served.
    package func get(_ key: Key, _ form: Form) throws(StorageError) -> ClearMedia? {
        if let media = inMemory(key) { return media }
        guard let bytes = try read(key, form), let path = path(key, form) else { return nil }
        do throws(ParseError) { return try ClearMedia(copying: bytes) } catch { throw .malformed(path: path, error) }
    }

    func inMemory(_ key: Key) -> ClearMedia? { memory.withLock { $0.media[key] } }

    /// The clear bytes, from the disk alone; nil and throws as `get`.
    func read(_ key: Key, _ form: Form) throws(StorageError) -> [UInt8]? {
        guard let path = path(key, form) else { return nil }
        let content: [UInt8]?
        do throws(FileError) { content = try PlainFile.readIfThere(path, atMost: Self.maximumFileBytes) } catch {
            throw .file(error)
        }
        guard let content, form == .sealed else { return content }
        guard let seal else { throw .noKey(path: path) }
        guard let bytes = seal.key.open(content.span, context: Self.context(key, seal)) else {
            throw .tampered(path: path)
        }
        return bytes
    }

    /// Whether a file of that size is there: what a restart trusts of what has long been written.
    func holdsFile(_ key: Key, _ form: Form, byteCount: Int) -> Bool {
        guard let path = path(key, form), form == .clear || seal != nil else { return false }
        return PlainFile.size(path) == byteCount + Self.overhead(form)
    }

    /// Whether `get` has something to give, without reading it.
    func holds(_ key: Key, _ form: Form, byteCount: Int) -> Bool {
        inMemory(key) != nil || holdsFile(key, form, byteCount: byteCount)
    }

    /// - Parameter byteCount: of its clear bytes.
    package func remove(_ key: Key, _ form: Form, byteCount: Int) {
        let (isStored, leaving) = memory.withLock { memory in
            memory.pending.remove(key)
            memory.refused.remove(key)
            let isStored = memory.unstored.remove(key) == nil
            let old = memory.media.removeValue(forKey: key)
            if let old {
                memory.total -= old.memoryBytes
                memory.order.removeAll { $0 == key }
            }
            return (isStored, old)
        }
        withExtendedLifetime(leaving) {}
        if isStored { account?.add(-(byteCount + Self.overhead(form))) }
        if let path = path(key, form) { removeSoon(path) }
    }

    /// However many go at once, one job at a time waits for the disk.
    private func removeSoon(_ path: String) {
        let isFirst = removals.withLock { removals in
            guard removals.paths.count < Self.maximumRemovals else {
                removals.hasLeft = true
                return false
            }
            removals.paths.append(path)
            defer { removals.isWaiting = true }
            return !removals.isWaiting
        }
        if isFirst { postRemovals() }
    }

    private func postRemovals() {
        let isPosted = disk.post { [self] in
            let paths = removals.withLock { removals in
                defer { removals.paths.removeLast(min(64, removals.paths.count)) }
                return removals.paths.suffix(64)
            }
            for path in paths { PlainFile.remove(path) }
            let isMore = removals.withLock { removals in
                removals.isWaiting = !removals.paths.isEmpty
                return removals.isWaiting
            }
            if isMore { postRemovals() }
        }
        // They go with the next one.
        if !isPosted { removals.withLock { $0.isWaiting = false } }
    }

    /// Whether files were left behind that nothing lists; said once.
    func takeHasLeftFiles() -> Bool {
        removals.withLock { removals in
            defer { removals.hasLeft = false }
            return removals.hasLeft
        }
    }

    package var memoryBytes: Int { memory.withLock { $0.total } }

    func makeDirectories(tracks: [String]) -> StorageError? {
        guard let directory else { return nil }
        let outcome = disk.perform { () -> FileError? in
            do throws(FileError) {
                for track in tracks { try PlainFile.makeDirectory("\(directory)/\(track)") }
                return nil
            } catch { return error }
        }
        switch outcome {
        case .done(let failure): return failure.map { .file($0) }
        case .late: return .file(.late(directory))
        case .refused: return .file(.tooMuchWaits(directory))
        }
    }

    /// The name's ending, by the form.
    static func fileExtension(_ form: Form) -> String { form == .sealed ? "sealed" : "m4s" }

    private func path(_ key: Key, _ form: Form) -> String? {
        directory.map { "\($0)/\(key.track)/\(key.segment).\(Self.fileExtension(form))" }
    }

    private static func context(_ key: Key, _ seal: WindowSeal) -> [String] {
        ["segment", seal.channel, key.track, String(key.segment)]
    }
}
