import CLinux
import Glibc
import Settings

/// A TCP socket that encoders connect to. It never blocks.
final class ListeningSocket: Sendable {
    /// A connection and where it comes from. The descriptor belongs to whoever has the value.
    struct Connection: Sendable {
        /// Names it to the `Reception`.
        var id: UInt64 = 0
        var descriptor: CInt
        let peer: IPAddress
        let port: UInt16
        /// TLS ends in this process; the descriptor is then one end of a socket pair.
        var isSecure = false
        /// Of a connection under TLS.
        var activity: TLSFront.Activity?
    }

    let descriptor: CInt
    let address: ListenAddress
    let port: UInt16
    let isSecure: Bool

    /// Binds and listens.
    ///
    /// - Parameters:
    ///   - sharesPort: another socket takes IPv4's connections to the same port; else an IPv6 socket takes both.
    ///   - isSecure: its connections speak TLS.
    init(_ address: ListenAddress, sharesPort: Bool = false, isSecure: Bool = false) throws(SocketError) {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(address.host, String(address.port), &hints, &list)
        guard code == 0, let found = list else {
            throw SocketError(operation: "resolve \(address)", reason: String(cString: gai_strerror(code)))
        }
        defer { freeaddrinfo(list) }
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(found.pointee.ai_family, type, 0)
        guard descriptor >= 0 else { throw SocketError(operation: "open a socket for \(address)") }
        var on: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        if found.pointee.ai_family == AF_INET6 {
            var isOnly: CInt = sharesPort ? 1 : 0
            setsockopt(
                descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY, &isOnly, socklen_t(MemoryLayout<CInt>.size))
        }
        guard bind(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0, listen(descriptor, 1024) == 0
        else {
            let refusal = ListenRefusal(
                code: errno, port: Int(address.port), setting: isSecure ? "rtmps.listen" : "rtmp.listen")
            let error = SocketError(operation: "listen on \(address)", reason: "\(refusal)")
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.address = address
        self.isSecure = isSecure
        port = Self.address(of: descriptor, getsockname)?.port ?? 0
    }

    deinit { close(descriptor) }

    /// One socket for each address; of two for the same port, one for each family.
    static func open(_ addresses: [ListenAddress], isSecure: Bool = false) throws(SocketError) -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        for address in addresses {
            let sharesPort = address.port != 0 && addresses.contains { $0.port == address.port && !$0.isIPv6 }
            sockets.append(try ListeningSocket(address, sharesPort: sharesPort, isSecure: isSecure))
        }
        return sockets
    }

    /// What `accept` has to give.
    enum Accepted {
        case connection(Connection)
        /// Nobody waits.
        case none
        /// Out of descriptors or memory: something must end first.
        case busy
    }

    func accept() -> Accepted {
        while true {
            let accepted = sluice_accept(descriptor)
            if accepted < 0 {
                switch AcceptFailure(errno) {
                case .connectionLost: continue
                case .nobody: return .none
                case .busy: return .busy
                }
            }
            guard let (peer, port) = Self.address(of: accepted, getpeername) else {
                close(accepted)
                continue
            }
            var on: CInt = 1
            setsockopt(accepted, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
            setsockopt(accepted, SOL_SOCKET, SO_KEEPALIVE, &on, socklen_t(MemoryLayout<CInt>.size))
            return .connection(Connection(descriptor: accepted, peer: peer, port: port, isSecure: isSecure))
        }
    }

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
    /// Nobody waits any more.
    case nobody
    /// Out of descriptors, memory or permission: what is open must end first; wait for that, not in a spin.
    case busy

    init(_ code: CInt) {
        switch code {
        case EAGAIN: self = .nobody
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

extension ListeningSocket.Connection {
    func close() { _ = Glibc.close(descriptor) }

    /// How long nothing has come from the encoder: by the relay under TLS, else by the kernel's clock of the connection.
    /// None where its worker has not read all that came: who is made to wait is not silent.
    ///
    /// - Parameter copy: a descriptor of it that is still open.
    func idleMilliseconds(by copy: CInt) -> Int64? {
        var unread: CInt = 0
        if ioctl(copy, UInt(FIONREAD), &unread) == 0, unread > 0 { return 0 }
        if let activity { return activity.idleMilliseconds }
        var info = tcp_info()
        var size = socklen_t(MemoryLayout<tcp_info>.size)
        guard getsockopt(copy, CInt(IPPROTO_TCP), TCP_INFO, &info, &size) == 0 else { return nil }
        return Int64(info.tcpi_last_data_recv)
    }
}
