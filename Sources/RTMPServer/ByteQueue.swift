import Glibc

/// A bounded buffer between two sockets: filled at the end, judged in the middle, drained at the start.
struct ByteQueue {
    /// What one read or write on a socket came to.
    enum Transfer: Equatable {
        case moved(Int)
        case wouldBlock
        case closed
        case failed(CInt)
    }

    var bytes: [UInt8]
    /// First byte that is not drained yet.
    private(set) var start = 0
    /// First byte that may not be drained yet.
    private(set) var judged = 0
    /// First free byte.
    private(set) var end = 0

    init(capacity: Int) { bytes = Array(repeating: 0, count: capacity) }

    var hasRoom: Bool { end - start < bytes.count }
    var isHalfFull: Bool { end - start >= bytes.count / 2 }
    var hasOutput: Bool { judged > start }
    /// What waits for judgement.
    var unjudged: Range<Int> { judged..<end }

    mutating func accept(_ count: Int) { judged += count }

    /// Drops everything, judged or not.
    mutating func removeAll() {
        start = 0
        judged = 0
        end = 0
    }

    /// Reads what is there from a non-blocking socket, as far as there is room.
    mutating func fill(from socket: CInt) -> Transfer {
        if start > 0 {
            // At most a partial header stays behind when the other side keeps up.
            bytes.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return }
                memmove(base, base + start, end - start)
            }
            judged -= start
            end -= start
            start = 0
        }
        let count = bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            return recv(socket, base + end, buffer.count - end, CInt(MSG_DONTWAIT))
        }
        if count > 0 { end += count }
        return Self.transfer(count)
    }

    /// Writes what is judged to a non-blocking socket, as far as that takes it.
    mutating func drain(into socket: CInt) -> Transfer {
        let count = bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            return send(
                socket, base + start, judged - start, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
        }
        if count > 0 { start += count }
        if start == end { removeAll() }
        return Self.transfer(count)
    }

    private static func transfer(_ count: Int) -> Transfer {
        if count > 0 { return .moved(count) }
        if count == 0 { return .closed }
        let code = errno
        return code == EAGAIN || code == EWOULDBLOCK || code == EINTR ? .wouldBlock : .failed(code)
    }
}
