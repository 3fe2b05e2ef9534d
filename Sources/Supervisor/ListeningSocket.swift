import CLinux
import Glibc
import Settings

/// A TCP socket that encoders connect to. Blocking; closed by `shutDown` from any thread.
final class ListeningSocket: Sendable {
    /// A connection and where it comes from.
    struct Connection: Sendable {
        let descriptor: CInt
        let peer: IPAddress
        let port: UInt16
    }

    private let descriptor: CInt
    let port: UInt16

    /// Binds and listens.
    init(_ address: ListenAddress) throws(SocketError) {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(address.host, String(address.port), &hints, &list)
        guard code == 0, let found = list else {
            throw SocketError(operation: "resolve \(address)", reason: String(cString: gai_strerror(code)))
        }
        defer { freeaddrinfo(list) }
        let descriptor = socket(found.pointee.ai_family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SocketError(operation: "open a socket for \(address)") }
        var on: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        guard bind(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0, listen(descriptor, 128) == 0
        else {
            let error = SocketError(operation: "listen on \(address)")
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        port = Self.address(of: descriptor, getsockname)?.port ?? 0
    }

    deinit { close(descriptor) }

    /// The next connection; nil after `shutDown`.
    func accept() -> Connection? {
        while true {
            let accepted = sluice_accept(descriptor)
            if accepted < 0 {
                switch AcceptFailure(errno) {
                case .connectionLost: continue
                case .busy: poll(nil, 0, 100)
                case .over: return nil
                }
                continue
            }
            guard let (peer, port) = Self.address(of: accepted, getpeername) else {
                close(accepted)
                continue
            }
            var on: CInt = 1
            setsockopt(accepted, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
            setsockopt(accepted, SOL_SOCKET, SO_KEEPALIVE, &on, socklen_t(MemoryLayout<CInt>.size))
            return Connection(descriptor: accepted, peer: peer, port: port)
        }
    }

    /// Ends `accept` on its thread.
    func shutDown() { shutdown(descriptor, CInt(SHUT_RDWR)) }

    private static func address(
        of descriptor: CInt, _ get: (CInt, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?) -> CInt
    ) -> (address: IPAddress, port: UInt16)? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard get(descriptor, address, &length) == 0 else { return nil }
                switch CInt(address.pointee.sa_family) {
                case AF_INET:
                    return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { v4 in
                        withUnsafeBytes(of: v4.pointee.sin_addr) { IPAddress(bytes: Array($0)) }
                            .map { ($0, UInt16(bigEndian: v4.pointee.sin_port)) }
                    }
                case AF_INET6:
                    return address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { v6 in
                        withUnsafeBytes(of: v6.pointee.sin6_addr) { IPAddress(bytes: Array($0)) }
                            .map { ($0, UInt16(bigEndian: v6.pointee.sin6_port)) }
                    }
                default: return nil
                }
            }
        }
    }
}

/// What becomes of the listener when `accept` fails. accept(2): errors of the network come by it as well.
enum AcceptFailure: Equatable {
    /// The next one may be better at once.
    case connectionLost
    /// Out of descriptors, memory or permission: what is open must end first; wait for that, not in a spin.
    case busy
    /// The socket is shut down or closed.
    case over

    init(_ code: CInt) {
        switch code {
        case EINVAL, EBADF, ENOTSOCK: self = .over
        case EINTR, ECONNABORTED, EPROTO: self = .connectionLost
        default: self = .busy
        }
    }
}

/// Why a socket could not be had.
package struct SocketError: Error, Sendable, CustomStringConvertible {
    package let operation: String
    package let reason: String

    init(operation: String, reason: String) {
        self.operation = operation
        self.reason = reason
    }

    /// With the reason that `errno` gives.
    init(operation: String) { self.init(operation: operation, reason: String(cString: strerror(errno))) }

    package var description: String { "cannot \(operation): \(reason)" }
}
