import ChunkStream
import Glibc
import Media

/// The daemon's end of the socket pair to a worker. Blocking; for one thread.
struct WorkerChannel: ~Copyable {
    enum ReadResult {
        case message(WorkerMessage)
        /// The worker has closed its end: it is gone.
        case closed
        case timedOut
    }

    private let descriptor: CInt
    private var frames = FrameReader()

    /// Takes the descriptor over.
    init(descriptor: CInt) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// How long `next` waits for bytes before it answers `.timedOut`.
    func setTimeout(seconds: UInt32) {
        var timeout = timeval(tv_sec: Int(seconds), tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    mutating func next() throws(ParseError) -> ReadResult {
        while true {
            if let frame = try frames.next() { return .message(try WorkerMessage(type: frame.type, body: frame.body)) }
            var failure: CInt = 0
            let count = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 8) { buffer in
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                failure = errno
                if count > 0 { frames.append(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
                return count
            }
            if count > 0 { continue }
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
