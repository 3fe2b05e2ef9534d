import CTestTLS
import Glibc
import Synchronization

/// An HTTP server on a free loopback port that answers each request with bytes of the test's choice, right or wrong.
package final class CannedServer: Sendable {
    /// A request as it came.
    package struct Request: Sendable {
        /// Method and target, such as `POST /path`.
        package var line: String
        /// With lower-case names.
        package var headers: [String: String]
        package var body: [UInt8]
    }

    package enum Answer: Sendable {
        /// These bytes, then the end of the connection.
        case bytes([UInt8])
        /// Nothing, until the client goes or the server stops.
        case silence

        package static func http(_ status: Int, _ headers: [(String, String)] = [], _ body: [UInt8] = []) -> Answer {
            var head = "HTTP/1.1 \(status) X\r\nContent-Length: \(body.count)\r\nConnection: close\r\n"
            for (name, value) in headers { head += "\(name): \(value)\r\n" }
            return .bytes(Array((head + "\r\n").utf8) + body)
        }

        package static func http(_ status: Int, _ headers: [(String, String)] = [], text: String) -> Answer {
            http(status, headers, Array(text.utf8))
        }
    }

    private struct State {
        var requests: [Request] = []
        var connections: Set<Int32> = []
        var isStopped = false
    }

    package let port: Int
    private let listener: Int32
    private let state = Mutex(State())
    private let answer: @Sendable (Request) -> Answer

    private let tls: ServerTLS?

    package var url: String { "\(tls == nil ? "http" : "https")://127.0.0.1:\(port)" }

    /// Everything asked so far.
    package var requests: [Request] { state.withLock { $0.requests } }

    /// - Parameter tls: nil for plain HTTP.
    package init(tls: ServerTLS? = nil, _ answer: @escaping @Sendable (Request) -> Answer) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = listener
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(socket, pointer, length) == 0 && listen(socket, 64) == 0
                    && getsockname(socket, pointer, &length) == 0
            }
        }
        guard isBound else { throw SetupError(code: errno) }
        port = Int(UInt16(bigEndian: address.sin_port))
        self.tls = tls
        self.answer = answer
        Self.startThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { break }
                let isStopped = state.withLock { state in
                    if !state.isStopped { state.connections.insert(connection) }
                    return state.isStopped
                }
                if isStopped {
                    close(connection)
                    break
                }
                Self.startThread { self.serve(connection) }
            }
            close(listener)
        }
    }

    package struct SetupError: Error { var code: Int32 }

    /// Ends every connection and the threads.
    package func stop() {
        state.withLock { state in
            state.isStopped = true
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func serve(_ connection: Int32) {
        defer {
            state.withLock { _ = $0.connections.remove(connection) }
            close(connection)
        }
        var stream = Connection(socket: connection, session: nil)
        if let tls {
            guard let session = tls.accept(connection) else { return }
            stream = Connection(socket: connection, session: session)
        }
        defer { stream.session.map { SSL_free($0) } }
        guard let request = Self.read(stream) else { return }
        state.withLock { $0.requests.append(request) }
        switch answer(request) {
        case .bytes(let bytes):
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes { bytes in
                    let rest = bytes[sent...]
                    if let session = stream.session {
                        return Int(
                            SSL_write(session, UnsafeRawBufferPointer(rebasing: rest).baseAddress, Int32(rest.count)))
                    }
                    return send(
                        connection, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return }
                sent += count
            }
            if let session = stream.session { SSL_shutdown(session) }
            shutdown(connection, Int32(SHUT_WR))
            _ = Self.receive(stream)
        case .silence:
            while let more = Self.receive(stream), !more.isEmpty {}
        }
    }

    private static func read(_ connection: Connection) -> Request? {
        var bytes: [UInt8] = []
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let head = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) {
                let lines = String(decoding: bytes[..<head], as: UTF8.self).split(separator: "\r\n")
                var request = Request(
                    line: lines[0].split(separator: " ").prefix(2).joined(separator: " "), headers: [:], body: [])
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    let value = parts.count > 1 ? parts[1].drop { $0 == " " } : ""
                    request.headers[parts[0].lowercased()] = String(value)
                }
                let length = request.headers["content-length"].flatMap { Int($0) } ?? 0
                request.body = Array(bytes[(head + 4)...])
                while request.body.count < length {
                    guard let more = receive(connection), !more.isEmpty else { return nil }
                    request.body += more
                }
                return request
            }
            guard let more = receive(connection), !more.isEmpty else { return nil }
            bytes += more
        }
    }

    private static func receive(_ connection: Connection) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count =
            if let session = connection.session {
                Int(SSL_read(session, &bytes, Int32(bytes.count)))
            } else {
                recv(connection.socket, &bytes, bytes.count, 0)
            }
        return count < 0 ? nil : Array(bytes.prefix(count))
    }

    private static func startThread(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                // OpenSSL writes to connections that their client may have closed.
                var signals = sigset_t()
                sigemptyset(&signals)
                sigaddset(&signals, SIGPIPE)
                pthread_sigmask(SIG_BLOCK, &signals, nil)
                if let context { Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, Unmanaged.passRetained(Box(body)).toOpaque())
        pthread_detach(thread)
    }
}
