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
/// gives up its pages when nobody sends it any more; those that still wait keep what they hold.
/// Bound: `maximumBytes`; at it the oldest copies go, and their media is sent from memory.
package final class SendingFile: Sendable {
    private struct State {
        var end = 0
        var bytes = 0
        /// By age.
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

    /// Does nothing where there is no room, or the system has none.
    func copy(_ span: Span<UInt8>, to place: SendingPlace) {
        let room = (span.count + Self.page - 1) / Self.page * Self.page
        guard room <= maximumBytes / 4 else { return }
        makeRoom(for: room)
        let offset = state.withLock { state -> Int? in
            guard state.bytes + room <= maximumBytes else { return nil }
            defer {
                state.end += room
                state.bytes += room
            }
            return state.end
        }
        guard let offset else { return }
        let range = SendingRange(file: self, offset: offset, count: room)
        guard write(span, at: offset) else { return }
        place.copy = SendingCopy(range, count: span.count)
        state.withLock { $0.places.append(place) }
    }

    /// Those that are still being sent count until they have left: then there may be none yet.
    private func makeRoom(for room: Int) {
        let leaving = state.withLock { state in
            state.places.removeAll { $0.copy == nil }
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
        _ = sluice_drop_pages(descriptor, offset, count)
        state.withLock { $0.bytes -= count }
    }

    private static let page = 4096
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

/// Where the copy of some media is, if there is one.
final class SendingPlace: Sendable {
    private let state = Mutex<SendingCopy?>(nil)

    var copy: SendingCopy? {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    func take() -> SendingCopy? { state.withLock { $0.take() } }
}
