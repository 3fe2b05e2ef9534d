import CLinux
import ChunkStream
import Glibc

/// The socket by which a worker is handed open files: its standard input is the other end.
final class FileFeed: Sendable {
    /// Whoever starts the worker closes it.
    let workersEnd: CInt
    private let ours: CInt

    /// Nil where the system has no descriptors left.
    init?() {
        var pair: [CInt] = [-1, -1]
        let type = CInt(SOCK_SEQPACKET.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pair) == 0 else { return nil }
        (ours, workersEnd) = (pair[0], pair[1])
    }

    deinit { close(ours) }

    /// - Parameter descriptor: taken over; nil: there is nothing to play.
    func give(_ descriptor: CInt?, _ offer: FileOffer) {
        let bytes = offer.bytes
        // A worker that has gone is found out elsewhere.
        _ = bytes.withUnsafeBytes { sluice_send_file(ours, $0.baseAddress, UInt($0.count), descriptor ?? -1) }
        if let descriptor { close(descriptor) }
    }

    /// A worker that waits for a file gets none.
    func cutOff() { shutdown(ours, CInt(SHUT_RDWR)) }
}
