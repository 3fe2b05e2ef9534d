package import Files
import Synchronization

/// The clear bytes of a channel's segments: the newest in memory, all of them as plain CMAF files.
///
/// Bounds: `memoryBytes` in memory (the oldest leave first; they stay readable from disk) and the host's
/// `StorageBudget` on disk. Blocking: files are read and written on the caller's thread.
package final class SegmentStore: Sendable {
    package struct Key: Hashable, Sendable {
        package let segment: UInt64
        package let track: String

        package init(segment: UInt64, track: String) {
            self.segment = segment
            self.track = track
        }
    }

    private struct Memory {
        var bytes: [Key: [UInt8]] = [:]
        var order: [Key] = []
        var total = 0
    }

    private let directory: String?
    private let memoryLimit: Int
    private let memory = Mutex(Memory())

    /// - Parameter directory: of this channel; nil keeps everything in memory only.
    package init(directory: String?, memoryBytes: Int) {
        self.directory = directory
        memoryLimit = memoryBytes
    }

    /// Keeps a segment's bytes; returns the error that kept them from the disk, if any: they are then in memory only.
    package func put(_ key: Key, _ bytes: [UInt8]) -> FileError? {
        var failure: FileError?
        if let path = path(key) {
            do { try PlainFile.write(bytes, to: path) } catch {
                // What a full disk took of it is not the segment.
                PlainFile.remove(path)
                failure = error
            }
        }
        memory.withLock { memory in
            if let old = memory.bytes.updateValue(bytes, forKey: key) {
                memory.total -= old.count
                memory.order.removeAll { $0 == key }
            }
            memory.order.append(key)
            memory.total += bytes.count
            var evicted = 0
            while memory.total > memoryLimit, evicted < memory.order.count - 1 {
                if let old = memory.bytes.removeValue(forKey: memory.order[evicted]) { memory.total -= old.count }
                evicted += 1
            }
            memory.order.removeFirst(evicted)
        }
        return failure
    }

    /// The bytes, or nil where they are no longer (or never were) there.
    package func get(_ key: Key) -> [UInt8]? {
        if let bytes = memory.withLock({ $0.bytes[key] }) { return bytes }
        guard let path = path(key) else { return nil }
        return try? PlainFile.read(path, atMost: 256 << 20)
    }

    /// Whether a file of that size is there: what a restart trusts.
    func holdsFile(_ key: Key, byteCount: Int) -> Bool {
        guard let path = path(key) else { return false }
        return PlainFile.size(path) == byteCount
    }

    package func remove(_ key: Key) {
        memory.withLock { memory in
            guard let old = memory.bytes.removeValue(forKey: key) else { return }
            memory.total -= old.count
            memory.order.removeAll { $0 == key }
        }
        if let path = path(key) { PlainFile.remove(path) }
    }

    package var memoryBytes: Int { memory.withLock { $0.total } }

    func makeDirectories(tracks: [String]) throws(FileError) {
        guard let directory else { return }
        for track in tracks { try PlainFile.makeDirectory("\(directory)/\(track)") }
    }

    private func path(_ key: Key) -> String? { directory.map { "\($0)/\(key.track)/\(key.segment).m4s" } }
}

/// The disk space all channels of this host share: a count of bytes against a cap.
package final class StorageBudget: Sendable {
    package let maximumBytes: Int
    private let used = Mutex(0)

    package init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    package var usedBytes: Int { used.withLock { $0 } }

    /// Counts bytes in (or, negative, out); true while the cap is kept.
    package func add(_ bytes: Int) -> Bool {
        used.withLock { used in
            used += bytes
            return used <= maximumBytes
        }
    }
}
