import Glibc
import Logging
import NIOSSL
import Settings
import Synchronization

/// The certificate and key of RTMPS: read anew when told, and when the files have changed. What cannot be used leaves
/// the one before in effect.
final class ServerCertificate: Sendable {
    /// What tells that a file is another one.
    private struct Stamp: Equatable {
        var seconds = 0
        var nanoseconds = 0
        var size = 0
        var node: UInt = 0

        init(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return }
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
            size = Int(status.st_size)
            node = UInt(status.st_ino)
        }
    }

    private struct State {
        var context: NIOSSLContext
        var stamps: [Stamp]
    }

    private let files: DaemonConfiguration.TLSFiles
    private let logger: Logger
    private let state: Mutex<State>

    init(_ files: DaemonConfiguration.TLSFiles, logger: Logger) throws(SocketError) {
        self.files = files
        self.logger = logger
        let stamps = Self.stamps(files)
        do {
            state = Mutex(State(context: try Self.load(files), stamps: stamps))
        } catch {
            throw SocketError(operation: "use rtmps.certificate \(files.certificate)", reason: "\(error)")
        }
    }

    /// What a new connection begins with.
    var context: NIOSSLContext {
        state.withLock { state in
            if Self.stamps(files) != state.stamps { read(&state) }
            return state.context
        }
    }

    func reload() { state.withLock { read(&$0) } }

    private func read(_ state: inout State) {
        state.stamps = Self.stamps(files)
        do {
            state.context = try Self.load(files)
            logger.notice("rtmps.certificate was read anew", metadata: ["file": "\(files.certificate)"])
        } catch {
            logger.error(
                "rtmps.certificate cannot be used, the one before stays in effect: \(error)",
                metadata: ["file": "\(files.certificate)"])
        }
    }

    private static func stamps(_ files: DaemonConfiguration.TLSFiles) -> [Stamp] {
        [Stamp(files.certificate), Stamp(files.privateKey)]
    }

    private static func load(_ files: DaemonConfiguration.TLSFiles) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
        let key = try NIOSSLPrivateKey(file: files.privateKey, format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        return try NIOSSLContext(configuration: configuration)
    }
}
