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

    /// Reads on, on a thread of its own, to the daemon's word to stop. `receive` is not to be called any more.
    package mutating func listen(_ act: @escaping @Sendable (DaemonMessage) -> Void) {
        let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard own >= 0 else { return }
        let listener = Listener(DaemonLink(descriptor: own, frames: frames), act)
        frames = FrameReader()
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(listener)
        let code = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Listener>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, argument.toOpaque())
        if code == 0 { pthread_detach(thread) } else { argument.release() }
    }

    private init(descriptor: CInt, frames: FrameReader) {
        self.descriptor = descriptor
        self.frames = frames
    }

    private final class Listener {
        private var link: DaemonLink
        private let act: @Sendable (DaemonMessage) -> Void

        init(_ link: consuming DaemonLink, _ act: @escaping @Sendable (DaemonMessage) -> Void) {
            self.link = link
            self.act = act
        }

        deinit { close(link.descriptor) }

        func run() {
            do throws(Lost) {
                while true {
                    let message = try link.receive()
                    act(message)
                    if case .stop = message { return }
                }
            } catch {
                // why: the daemon is gone, which whoever writes to it finds out.
                return
            }
        }
    }
}
