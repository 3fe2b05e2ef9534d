import Glibc

/// An encoder's connection with a `ChunkGuard` in it: a thread of its own reads the encoder, and the socket that
/// librtmp gets carries only what the guard accepted.
struct GuardedSocket: ~Copyable {
    let control: GuardControl
    /// The end of a socket pair on which librtmp speaks with the encoder. It stays open as long as this value.
    private let libraryEnd: CInt
    private let thread: pthread_t

    /// - Parameter encoder: a connected stream socket; it belongs to this value, also when this throws.
    init(encoder: CInt, limits: RTMPLimits) throws(RTMPError) {
        var ends: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            let code = errno
            close(encoder)
            throw RTMPError(.system, "socketpair: error \(code)")
        }
        do throws(RTMPError) {
            let control = try GuardControl()
            let pump = Unmanaged.passRetained(
                Work(GuardPump(encoder: encoder, library: ends[1], control: control, limits: limits)))
            var thread = pthread_t()
            let code = pthread_create(&thread, nil, runPump, pump.toOpaque())
            guard code == 0 else {
                pump.release()
                throw RTMPError(.system, "pthread_create: error \(code)")
            }
            self.control = control
            self.thread = thread
        } catch {
            close(ends[0])
            close(ends[1])
            close(encoder)
            throw error
        }
        libraryEnd = ends[0]
    }

    /// Ends the connection: what was answered is delivered first, for at most a few seconds.
    deinit {
        control.stop("the session is over")
        close(libraryEnd)
        pthread_join(thread, nil)
    }

    /// A descriptor of its own for librtmp, which closes what it was given whenever something fails.
    func makeLibrarySocket() throws(RTMPError) -> CInt {
        let descriptor = fcntl(libraryEnd, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { throw RTMPError(.system, "dup: error \(errno)") }
        return descriptor
    }
}

private final class Work {
    var pump: GuardPump

    init(_ pump: GuardPump) { self.pump = pump }
}

private func runPump(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<Work>.fromOpaque(context).takeRetainedValue().pump.run()
    return nil
}
