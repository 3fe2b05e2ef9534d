import CLinux
import Foundation
import Glibc

/// The least that a crowd can cost: a server of one playlist and its parts that does nothing but write bytes that were made
/// ahead, to whoever asks, and at each beat to all who wait. Two threads of epoll(7), each with a listener of its own.
///
/// It parses nothing that it need not, checks nothing, and believes its clients. What players of it wait beside players of the
/// origin is what the machine takes to write to them and to be them.
struct FloorServer {
    private let port: UInt16
    private let beat: Double
    /// In four parts each.
    private static let partsOfASegment = 4

    /// - Parameter beat: seconds from one part to the next.
    init(port: UInt16, beat: Double) {
        self.port = port
        self.beat = beat
    }

    /// - Parameter listening: told the port, when both threads listen.
    func run(threads count: Int, listening: @escaping @Sendable (UInt16) -> Void) throws {
        let begin = Self.now()
        let first = try Self.listen(port)
        let others = try (1..<count).map { _ in try Self.listen(first.port).descriptor }
        for listener in others {
            Thread.detachNewThread { [beat] in
                var loop = Loop(listener: listener, begin: begin, beat: beat)
                loop.run()
            }
        }
        listening(first.port)
        var loop = Loop(listener: first.descriptor, begin: begin, beat: beat)
        loop.run()
    }

    private static func listen(_ port: UInt16) throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && Glibc.listen(descriptor, 1024) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard bound else { throw Failure(reason: "cannot listen: errno \(errno)") }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// One thread's connections.
    private struct Loop {
        let listener: Int32
        let begin: Double
        let beat: Double
        private let poll = sluice_epoll_create()
        /// The last part that is there, of all.
        private var newest = 0
        private var waiting: [(descriptor: Int32, part: Int)] = []
        private var playlist: [UInt8] = []
        /// As long as the origin's, of the benchmark's channel.
        private let media = FloorServer.answer(type: "video/mp4", [UInt8](repeating: 0x41, count: 18_900))
        private var buffer = [UInt8](repeating: 0, count: 4096)
        private var numbers: [Int] = []

        init(listener: Int32, begin: Double, beat: Double) {
            self.listener = listener
            self.begin = begin
            self.beat = beat
            sluice_epoll_add(poll, listener, UInt32(sluice_event_input), UInt64(listener), 0)
            playlist = FloorServer.playlist(newest)
        }

        mutating func run() {
            var events = [sluice_event](repeating: sluice_event(), count: 64)
            while true {
                let next = begin + Double(newest + 1) * beat
                let milliseconds = max(0, (next - FloorServer.now()) * 1000).rounded(.up)
                let count = sluice_epoll_wait(poll, &events, 64, Int32(milliseconds))
                for event in events.prefix(Int(max(count, 0))) {
                    let descriptor = Int32(event.data)
                    if descriptor == listener { accept() } else { answer(descriptor) }
                }
                if FloorServer.now() >= next { beats() }
            }
        }

        private func accept() {
            let descriptor = sluice_accept(listener)
            guard descriptor >= 0 else { return }
            var one: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
            sluice_epoll_add(poll, descriptor, UInt32(sluice_event_input), UInt64(descriptor), 0)
        }

        private mutating func beats() {
            newest += 1
            playlist = FloorServer.playlist(newest)
            let due = waiting.filter { $0.part <= newest }
            waiting.removeAll { $0.part <= newest }
            for (descriptor, _) in due { FloorServer.send(playlist, to: descriptor) }
        }

        /// A request comes whole: it is small, and none is sent before the answer to the last one.
        private mutating func answer(_ descriptor: Int32) {
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            guard count > 0 else {
                close(descriptor)
                waiting.removeAll { $0.descriptor == descriptor }
                return
            }
            let asksToWait = readNumbers(count)
            // Of what is waited for: m3u8, segment, part, HTTP/1.1; of a part: segment, part, m4s, HTTP/1.1.
            guard asksToWait, numbers.count == 6 else {
                return FloorServer.send(numbers.count == 5 ? media : playlist, to: descriptor)
            }
            let part = numbers[2] * FloorServer.partsOfASegment + numbers[3]
            if part <= newest { return FloorServer.send(playlist, to: descriptor) }
            waiting.append((descriptor, part))
        }

        /// The numbers of the request's first line.
        /// - Returns: whether it has a query.
        private mutating func readNumbers(_ count: Int) -> Bool {
            numbers.removeAll(keepingCapacity: true)
            var (hasQuery, isNumber) = (false, false)
            for index in 0..<count {
                switch buffer[index] {
                case 13: return hasQuery
                case 48...57:
                    let digit = Int(buffer[index] - 48)
                    if isNumber { numbers[numbers.count - 1] = numbers[numbers.count - 1] * 10 + digit }
                    if !isNumber { numbers.append(digit) }
                    isNumber = true
                case let other:
                    isNumber = false
                    if other == UInt8(ascii: "?") { hasQuery = true }
                }
            }
            return hasQuery
        }
    }

    /// There is room for it: the client has taken all that came before.
    private static func send(_ bytes: [UInt8], to descriptor: Int32) {
        bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.send(
                    descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
                guard count > 0 else { return }
                sent += count
            }
        }
    }

    private static func playlist(_ newest: Int) -> [UInt8] {
        let (segment, part) = ((newest + 1) / partsOfASegment, (newest + 1) % partsOfASegment)
        let lines = String(repeating: "#EXT-X-PART:DURATION=0.50000,URI=\"000000000000/0.0.m4s\"\n", count: 50)
        return answer(
            type: "application/vnd.apple.mpegurl",
            Array("#EXTM3U\n\(lines)#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"media/\(segment).\(part).m4s\"\n".utf8))
    }

    private static func answer(type: String, _ body: [UInt8]) -> [UInt8] {
        let filler = String(repeating: "x", count: 380)
        return Array(
            "HTTP/1.1 200 OK\r\nserver: floor\r\nx: \(filler)\r\ncontent-type: \(type)\r\ncontent-length: \(body.count)\r\n\r\n"
                .utf8) + body
    }
}
