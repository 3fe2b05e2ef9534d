import CLinux
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Copies of what is sent again and again, in a file that is memory and has no name: from there the kernel sends pages as they are
/// (sendfile), where from memory it copies each byte each time.
///
/// What was sent that way may wait in a socket's queue for minutes, here or, over loopback, at its reader, as the pages themselves:
/// whoever wrote to them would change what is received. So each copy has a range that is never written to again, and
/// gives up its pages when nobody sends it any more; those that still wait keep what they hold. That is so of whole pages alone:
/// of a huge one of which only some is given up the kernel clears that part. So no two copies have a part of the same.
/// Bound: `maximumBytes`; at it the oldest copies go, and their media is sent from memory. Where the system gives files of
/// memory huge pages unasked (it does not), a copy takes up to one more than is counted.
package final class SendingFile: Sendable {
    private struct State {
        /// Where the next one begins: addresses only grow, and cost nothing.
        var end = 0
        var bytes = 0
        /// By age; each has a copy, or had one.
        var places: [SendingPlace] = []
    }

    /// Of the file, for this process's own; not to be closed.
    package let descriptor: CInt
    private let maximumBytes: Int
    private let state = Mutex(State())

    /// - Returns: nil where the system gives no such file.
    package init?(maximumBytes: Int) {
        // A file longer than the process may make would end it by a signal, and this one's addresses only grow.
        var longest = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &longest) == 0, longest.rlim_cur == .max else {
            return nil
        }
        descriptor = memfd_create("sending", 1)  // why: 1 is close on exec
        guard descriptor >= 0 else { return nil }
        self.maximumBytes = maximumBytes
    }

    deinit { close(descriptor) }

    /// Bytes of the copies that there are.
    package var bytes: Int { state.withLock { $0.bytes } }

    /// Makes the copy that a place has none of. Does nothing where there is no room, or the system has none.
    func copy(_ span: Span<UInt8>, to place: SendingPlace) {
        guard place.begin() else { return }
        let copy = copy(span)
        place.end(copy)
        if copy != nil { state.withLock { $0.places.append(place) } }
    }

    private func copy(_ span: Span<UInt8>) -> SendingCopy? {
        let room = Self.whole(Self.page, span.count)
        guard room <= maximumBytes / 4 else { return nil }
        makeRoom(for: room)
        let offset = state.withLock { state -> Int? in
            guard state.bytes + room <= maximumBytes else { return nil }
            defer {
                state.end += Self.whole(Self.hugePage, room)
                state.bytes += room
            }
            return state.end
        }
        guard let offset else { return nil }
        let range = SendingRange(file: self, offset: offset, count: room)
        return write(span, at: offset) ? SendingCopy(range, count: span.count) : nil
    }

    /// Those that are still being sent count until they have left: then there may be none yet.
    private func makeRoom(for room: Int) {
        let leaving = state.withLock { state in
            // A copy is never had under the lock: if it were the last of it, it would be given up there.
            state.places.removeAll { $0.isEmpty }
            var leaving: [SendingCopy] = []
            var left = state.bytes
            while left + room > maximumBytes, !state.places.isEmpty {
                guard let copy = state.places.removeFirst().take() else { continue }
                leaving.append(copy)
                left -= copy.room
            }
            return leaving
        }
        // Not under the lock, which what is given up needs.
        withExtendedLifetime(leaving) {}
    }

    private func write(_ span: Span<UInt8>, at offset: Int) -> Bool {
        span.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
                let count = pwrite(descriptor, rest.baseAddress, rest.count, offset + done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                done += count
            }
            return true
        }
    }

    fileprivate func giveUp(_ offset: Int, _ count: Int) {
        _ = sluice_drop_pages(descriptor, offset, Self.whole(Self.hugePage, count))
        state.withLock { $0.bytes -= count }
    }

    private static let page = sysconf(CInt(_SC_PAGESIZE))
    /// The largest that the kernel makes of a file's: what a page of page table entries covers, of 8 bytes each.
    private static let hugePage = page * (page / 8)

    /// The least multiple of a size that holds so many.
    private static func whole(_ size: Int, _ count: Int) -> Int { (count + size - 1) / size * size }
}

/// Some of the file, for one copy and no other after it.
final class SendingRange: Sendable {
    private let file: SendingFile
    fileprivate let offset: Int
    fileprivate let count: Int

    fileprivate init(file: SendingFile, offset: Int, count: Int) {
        (self.file, self.offset, self.count) = (file, offset, count)
    }

    deinit { file.giveUp(offset, count) }
}

/// Where in the file a copy lies.
package struct SendingCopy: Sendable {
    package let range: Range<Int>
    /// A byte that is not to be sent: as long as somebody holds on to it, the range stays.
    package let keeper: MediaBytes
    fileprivate let room: Int

    fileprivate init(_ range: SendingRange, count: Int) {
        self.range = range.offset..<range.offset + count
        keeper = MediaBytes(copying: [0].span, keeping: range)
        room = range.count
    }
}

/// Where the copy of some media is, if there is one. It is made once at a time, and none is let go under the lock: to give
/// one up takes the file's.
final class SendingPlace: Sendable {
    private struct State {
        var isBeingMade = false
        var copy: SendingCopy?
    }

    private let state = Mutex(State())

    var copy: SendingCopy? { state.withLock { $0.copy } }

    var isEmpty: Bool { state.withLock { $0.copy == nil } }

    /// - Returns: whether there is none, and nobody makes it: then `end` is to be called.
    func begin() -> Bool {
        state.withLock { state in
            guard state.copy == nil, !state.isBeingMade else { return false }
            state.isBeingMade = true
            return true
        }
    }

    /// - Parameter copy: nil: there is none.
    func end(_ copy: SendingCopy?) {
        state.withLock { state in
            state.isBeingMade = false
            state.copy = copy
        }
    }

    func take() -> SendingCopy? { state.withLock { $0.copy.take() } }
}
