import Foundation
import Glibc
import Logging

/// Tells systemd what the daemon does, where that started it with `Type=notify`.
///
/// One datagram a message, to the socket that NOTIFY_SOCKET names: sd_notify(3), which keeps this protocol stable for
/// programs that do not link its library.
enum ServiceManager {
    /// - Parameter message: assignments, one a line.
    static func tell(_ message: String, _ logger: Logger) {
        guard let path = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"], !path.isEmpty else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        // A name that is in no file system begins with 0, which the variable writes as "@".
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard name.count <= room else {
            logger.warning("NOTIFY_SOCKET is too long a name: systemd is not told that the daemon is ready")
            return
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let offset = MemoryLayout.offset(of: \sockaddr_un.sun_path) ?? 2
        let length = socklen_t(offset + name.count)
        let socket = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        let bytes = Array(message.utf8)
        let sent = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
        if sent < 0 {
            logger.warning("cannot tell systemd what the daemon does", metadata: ["errno": "\(errno)"])
        }
    }
}
