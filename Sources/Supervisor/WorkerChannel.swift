import ChunkStream
import Glibc
import Media
import Synchronization

/// The daemon's end of the socket pair to a worker. Blocking; for one thread.
struct WorkerChannel: ~Copyable {
    enum ReadResult {
        case message(WorkerMessage)
        /// The worker has closed its end: it is gone.
        case closed
        case timedOut
    }

    /// For other threads: says one more thing as long as the channel is open.
    final class Whisper: Sendable {
        private let descriptor: Mutex<CInt>

        fileprivate init(_ descriptor: CInt) { self.descriptor = Mutex(descriptor) }

        /// Never blocks; false where the worker takes nothing at the moment, or is gone.
        func send(_ message: DaemonMessage) -> Bool {
            guard let bytes = try? message.serialize() else { return false }
            return descriptor.withLock { descriptor in
                let flags = CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)
                return descriptor >= 0
                    && bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) } == bytes.count
            }
        }

        fileprivate func end() {
            descriptor.withLock { descriptor in
                close(descriptor)
                descriptor = -1
            }
        }
    }

    private let descriptor: CInt
    let whisper: Whisper
    private var frames = FrameReader()
    private var patience = Duration.seconds(3600)
    /// When the message under way began.
    private var began: SuspendingClock.Instant?

    /// Takes the descriptor over.
    init(descriptor: CInt) {
        self.descriptor = descriptor
        whisper = Whisper(descriptor)
    }

    deinit { whisper.end() }

    /// How long `next` waits before it answers `.timedOut`: for bytes, and for the rest of a message that has begun.
    mutating func setTimeout(seconds: UInt32) {
        patience = .seconds(Int64(seconds))
        var timeout = timeval(tv_sec: Int(seconds), tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    mutating func next() throws(ParseError) -> ReadResult {
        while true {
            // Read where it lies: there are megabytes of it.
            let message = try frames.next { (type, body) throws(ParseError) in try WorkerMessage(type: type, body: body)
            }
            if let message {
                began = nil
                return .message(message)
            }
            let now = SuspendingClock.now
            if let began, now - began > patience { return .timedOut }
            var failure: CInt = 0
            let count = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 8) { buffer in
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                failure = errno
                if count > 0 { frames.append(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
                return count
            }
            if count > 0 {
                if began == nil { began = SuspendingClock.now }
                continue
            }
            if count == 0 { return .closed }
            switch failure {
            case EINTR: continue
            case EAGAIN: return .timedOut
            default: return .closed
            }
        }
    }

    /// False where the worker no longer listens.
    func send(_ message: DaemonMessage) -> Bool {
        guard let bytes = try? message.serialize() else { return false }
        var done = 0
        while done < bytes.count {
            let written = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done, CInt(MSG_NOSIGNAL))
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return false }
            done += written
        }
        return true
    }
}
