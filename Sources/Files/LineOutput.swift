import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Lines for standard error, or another descriptor that somebody else reads: written by a thread of its own, as the
/// reader may be slow, or gone, or a full disk.
///
/// Whoever has something to say never waits, and is never ended by it. Policy at the bound: what comes on top is left out
/// and counted, as is what could not be written, and the next line that goes out is told how many.
package final class LineOutput: Sendable {
    private struct Entry {
        var bytes: [UInt8]
        /// Lines that were left out before this one, and of which it tells.
        var lost: UInt64
    }

    private struct State {
        var waiting: [Entry] = []
        /// Of all that wait, and of those that are being written.
        var byteCount = 0
        var isScheduled = false
        /// Not told of yet.
        var lost: UInt64 = 0
        var isEnded = false
        /// The last line has no end: the descriptor took half of it.
        var isTorn = false
    }

    private let descriptor: Int32
    private let maximumBytes: Int
    private let queue = DispatchQueue(label: "log")  // why: its thread may stand still in the kernel
    private let state = Mutex(State())

    /// - Parameter descriptor: stays the caller's. It may be one that never waits: there it is waited for.
    package init(_ descriptor: Int32, maximumBytes: Int = 1 << 20) {
        self.descriptor = descriptor
        self.maximumBytes = maximumBytes
    }

    /// - Parameters:
    ///   - line: with its end.
    ///   - tellLoss: the line that says how many were left out before this one.
    package func add(_ line: [UInt8], tellLoss: (UInt64) -> [UInt8]) {
        let isFirst = state.withLock { state -> Bool in
            guard !state.isEnded else { return false }
            let bytes = state.lost == 0 ? line : tellLoss(state.lost) + line
            guard state.byteCount + bytes.count <= maximumBytes else {
                state.lost += 1
                return false
            }
            state.waiting.append(Entry(bytes: bytes, lost: state.lost))
            state.byteCount += bytes.count
            state.lost = 0
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if isFirst { queue.async { self.writeWaiting() } }
    }

    /// Returns when all that came before is written, or left out; after so long in any case: a reader that does not read
    /// is not to keep the program from its end.
    package func finish(atMost milliseconds: Int = 2000) {
        guard state.withLock({ $0.byteCount > 0 }) else { return }
        let isDone = DispatchSemaphore(value: 0)
        queue.async {
            self.writeWaiting()
            isDone.signal()
        }
        _ = isDone.wait(timeout: .now() + .milliseconds(milliseconds))
    }

    /// The same at the program's end, with its last words if it has any: what others still say comes after them no more.
    package func end(with words: [UInt8] = [], atMost milliseconds: Int = 2000) {
        state.withLock { state in
            state.isEnded = true
            guard !words.isEmpty else { return }
            // However much waits: they are what somebody will look for.
            state.waiting.append(Entry(bytes: words, lost: 0))
            state.byteCount += words.count
        }
        finish(atMost: milliseconds)
    }

    private func writeWaiting() {
        var (entries, isTorn) = state.withLock { state in
            state.isScheduled = false
            defer { state.waiting = [] }
            return (state.waiting, state.isTorn)
        }
        for entry in entries {
            let bytes = isTorn ? [UInt8(ascii: "\n")] + entry.bytes : entry.bytes
            let written = Self.write(bytes, to: descriptor)
            if written > 0 { isTorn = bytes[written - 1] != UInt8(ascii: "\n") }
            state.withLock { state in
                state.isTorn = isTorn
                state.byteCount -= entry.bytes.count
                if written < bytes.count { state.lost += entry.lost + 1 }
            }
        }
    }

    /// Writes all of it, and waits where the descriptor takes no more for the moment.
    /// - Returns: how many bytes it took; fewer than all of them where it failed.
    package static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int {
        var done = 0
        while done < bytes.count {
            let written = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done)
            }
            if written > 0 {
                done += written
            } else if written < 0, errno == EAGAIN {
                var one = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&one, 1, -1)
            } else if written == 0 || errno != EINTR {
                break
            }
        }
        return done
    }
}
