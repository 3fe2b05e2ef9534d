import Glibc

/// `192.0.2.1:51234`, `[2001:db8::1]:51234`, or `local` for a socket without a network address.
func peerAddress(of socket: CInt) -> String {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
    let isNamed = withUnsafeMutablePointer(to: &storage) { storage in
        storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            guard getpeername(socket, address, &length) == 0,
                address.pointee.sa_family == AF_INET || address.pointee.sa_family == AF_INET6
            else { return false }
            let flags = NI_NUMERICHOST | NI_NUMERICSERV
            return getnameinfo(
                address, length, &host, socklen_t(host.count), &port, socklen_t(port.count), flags) == 0
        }
    }
    guard isNamed else { return "local" }
    func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    let address = text(host)
    return (address.contains(":") ? "[\(address)]" : address) + ":" + text(port)
}
