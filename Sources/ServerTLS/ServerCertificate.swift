import Glibc
package import Logging
package import NIOSSL
package import Settings
import Synchronization

/// The certificate and key of a listener: read anew when told, and when the files have changed. What cannot be used
/// leaves the one before in effect. TLS 1.2 and 1.3.
package final class ServerCertificate: Sendable {
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
    private let section: String
    private let protocols: [String]
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameters:
    ///   - section: of the configuration, for what is said of it.
    ///   - protocols: what is offered by ALPN (RFC 7301), the best first; none: whatever is asked for.
    package init(
        _ files: DaemonConfiguration.TLSFiles, section: String, protocols: [String] = [], logger: Logger
    ) throws(CertificateError) {
        self.files = files
        self.section = section
        self.protocols = protocols
        self.logger = logger
        let stamps = Self.stamps(files)
        do {
            state = Mutex(State(context: try Self.load(files, protocols), stamps: stamps))
        } catch {
            throw CertificateError(setting: "\(section).certificate \(files.certificate)", reason: "\(error)")
        }
    }

    /// What a new connection begins with.
    package var context: NIOSSLContext {
        state.withLock { state in
            if Self.stamps(files) != state.stamps { read(&state) }
            return state.context
        }
    }

    package func reload() { state.withLock { read(&$0) } }

    private func read(_ state: inout State) {
        state.stamps = Self.stamps(files)
        do {
            state.context = try Self.load(files, protocols)
            logger.notice("\(section).certificate was read anew", metadata: ["file": "\(files.certificate)"])
        } catch {
            logger.error(
                "\(section).certificate cannot be used, the one before stays in effect: \(error)",
                metadata: ["file": "\(files.certificate)"])
        }
    }

    private static func stamps(_ files: DaemonConfiguration.TLSFiles) -> [Stamp] {
        [Stamp(files.certificate), Stamp(files.privateKey)]
    }

    private static func load(_ files: DaemonConfiguration.TLSFiles, _ protocols: [String]) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
        let key = try NIOSSLPrivateKey(file: files.privateKey, format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = protocols
        return try NIOSSLContext(configuration: configuration)
    }
}
