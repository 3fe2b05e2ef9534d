import Glibc
import LoopbackSocket

/// One player: a connection, and what it waits for on it.
struct Client {
    enum Wish: Hashable {
        /// A playlist that lists the place; nil: whatever is there.
        case playlist(Place?)
        case part(Place)
    }

    let descriptor: Int32
    var wish: Wish = .playlist(nil)
    /// The head, and a playlist's body, as far as they have come.
    var text: [UInt8] = []
    /// Of the body, once the head is there: all of it, and what has not come.
    private(set) var length = 0
    private var left: Int?

    /// Connects, and waits for that.
    init(port: UInt16) throws {
        guard let connected = LoopbackSocket.connect(port: port) else {
            throw Failure(reason: "cannot connect: errno \(errno)")
        }
        descriptor = connected
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Requests are small, and none is sent before the answer to the last one is there: they fit.
    func ask(_ request: [UInt8]) throws {
        let sent = request.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard sent == request.count else { throw Failure(reason: "cannot ask: errno \(errno)") }
    }

    /// Takes what came.
    /// - Returns: whether the answer is whole.
    mutating func take(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
        if let left {
            if case .playlist = wish { text.append(contentsOf: bytes) }
            guard bytes.count <= left else { throw Failure(reason: "more than the answer") }
            self.left = left - bytes.count
            return left == bytes.count
        }
        text.append(contentsOf: bytes)
        guard let end = AnswerText.endOfHead(text) else { return false }
        let head = text.prefix(end)
        guard head.starts(with: "HTTP/1.1 200 ".utf8) else {
            throw Failure(reason: "answered \(String(decoding: head.prefix(40), as: UTF8.self)) to \(wish)")
        }
        guard let length = AnswerText.length(head), text.count - end <= length else {
            throw Failure(reason: "an answer of no length, or more than it")
        }
        self.length = length
        left = length - (text.count - end)
        return left == 0
    }

    mutating func wants(_ wish: Wish) {
        self.wish = wish
        text.removeAll(keepingCapacity: true)
        left = nil
    }
}

struct Failure: Error, CustomStringConvertible {
    let reason: String
    var description: String { reason }
}
