package import ChunkStream
import Glibc

/// The worker's end of the socket pair to the daemon. Blocking: a daemon that is busy holds the worker back, and that
/// the encoder.
package struct DaemonLink: ~Copyable {
    /// The daemon is gone, or speaks something else.
    package struct Lost: Error, CustomStringConvertible {
        package let description: String
    }

    private let descriptor: CInt
    private var frames = FrameReader()

    package init(descriptor: CInt) { self.descriptor = descriptor }

    package func send(_ message: WorkerMessage) throws(Lost) {
        let bytes = message.serialize()
        var done = 0
        while done < bytes.count {
            let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                throw Lost(description: "the daemon does not listen: \(String(cString: strerror(errno)))")
            }
            done += written
        }
    }

    package mutating func receive() throws(Lost) -> DaemonMessage {
        while true {
            do {
                if let frame = try frames.next() { return try DaemonMessage(type: frame.type, body: frame.body) }
            } catch {
                throw Lost(description: "the daemon's message makes no sense: \(error)")
            }
            let count = withUnsafeTemporaryAllocation(byteCount: 1 << 14, alignment: 8) { buffer in
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                if count > 0 { frames.append(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
                return count
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Lost(description: "the daemon closed its connection") }
        }
    }
}
