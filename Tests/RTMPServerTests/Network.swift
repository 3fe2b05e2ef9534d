import Glibc

struct SocketFailure: Error { var code = errno }

/// A listening socket on loopback, on a port that the system chose.
struct Listener: ~Copyable {
    let descriptor: CInt
    let port: UInt16

    init() throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SocketFailure() }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isListening else { throw SocketFailure() }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }

    func acceptOne() throws -> CInt {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { throw SocketFailure() }
        return connection
    }
}

/// Both ends of a connection, for an encoder made of bytes.
func connectedPair() throws -> (server: CInt, client: CInt) {
    var ends: [CInt] = [-1, -1]
    guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
        throw SocketFailure()
    }
    return (ends[0], ends[1])
}

/// Writes all of `bytes`; false when the other side is gone.
@discardableResult func writeAll(_ bytes: [UInt8], to socket: CInt) -> Bool {
    var offset = 0
    while offset < bytes.count {
        let count = bytes[offset...].withUnsafeBytes { send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
        guard count > 0 else { return false }
        offset += count
    }
    return true
}

/// Everything up to the end of the stream.
func readAll(from socket: CInt) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = recv(socket, &buffer, buffer.count, 0)
        guard count > 0 else { return bytes }
        bytes += buffer[..<count]
    }
}
