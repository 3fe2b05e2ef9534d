import ChunkStream
import Confinement
import FFmpeg
import Glibc
import Ingest
import RTMPServer

/// The worker of one publication. Standard input is the encoder's socket, or one by which files come, standard output one end of a socket pair to
/// the daemon that started it, standard error a pipe for its last words; it has no environment and no other descriptors,
/// and its arguments are `WorkerArguments`.
@main
enum SluiceIngest {
    static func main() {
        guard let arguments = WorkerArguments(Array(CommandLine.arguments.dropFirst())),
            !arguments.work.isPublication || isSocket(STDIN_FILENO), isSocket(STDOUT_FILENO)
        else {
            complain("sluice-ingest is started by sluice, with the encoder's socket as standard input")
            exit(2)
        }
        // A daemon that has gone is an error of write, not the end of the process before it could say why.
        signal(SIGPIPE, SIG_IGN)
        // Minutes of work for a clip, beside channels that are on air. A last picture is waited for.
        if arguments.work == .slate { _ = nice(10) }
        do throws(Confinement.Failure) { try Confinement.apply(arguments) } catch {
            complain("sluice-ingest: \(error)")
            exit(1)
        }
        // FFmpeg and x264 would write a line for every broken frame; what matters is counted and told to the daemon.
        FFmpegLog.install(upTo: .error) { _, _ in }
        do {
            switch arguments.work {
            case .publication: try publish()
            case .files:
                var publication = FilePublication(
                    source: .socket(STDIN_FILENO), link: DaemonLink(descriptor: STDOUT_FILENO), clock: clock)
                try publication.run()
            case .examine:
                var examination = FileExamination(
                    link: DaemonLink(descriptor: STDOUT_FILENO), descriptor: STDIN_FILENO)
                try examination.run()
            case .slate, .still, .inspect:
                var job = SlateJob(
                    link: DaemonLink(descriptor: STDOUT_FILENO), work: arguments.work, files: readFiles(),
                    soundOffset: arguments.soundOffset.map { Int($0) })
                try job.run()
            }
        } catch {
            complain("sluice-ingest: \(error)")
            exit(1)
        }
    }

    private static let clock = IngestPublication.Clock(
        wall: { milliseconds(CLOCK_REALTIME) }, monotonic: { milliseconds(CLOCK_BOOTTIME) },
        sleep: { _ = usleep(UInt32(clamping: $0) &* 1000) })  // why: media ahead of the clock waits

    private static func publish() throws {
        var limits = RTMPLimits()
        limits.idleTimeout = .seconds(10)
        // The daemon's rtmp.handshakeTimeoutSeconds comes first, which is at most this.
        limits.setupTimeout = .seconds(120)
        var publication = IngestPublication(
            session: try RTMPSession(socket: STDIN_FILENO, limits: limits),
            link: DaemonLink(descriptor: STDOUT_FILENO), clock: clock)
        try publication.run()
    }

    /// Standard input to its end; nothing where it is more than an image and a clip should be.
    private static func readFiles() -> [UInt8] {
        var files: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while files.count <= 96 << 20 {
            let count = block.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return files }
            files += block[..<count]
        }
        return []
    }

    private static func isSocket(_ descriptor: CInt) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    private static func complain(_ text: String) {
        let line = Array((text + "\n").utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

private func milliseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
