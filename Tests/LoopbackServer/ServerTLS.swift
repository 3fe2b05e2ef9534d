import CTestTLS

/// The server's side of TLS for a `CannedServer`, from PEM files.
package final class ServerTLS: @unchecked Sendable {  // why: OpenSSL's contexts may be used by several threads
    private let context: OpaquePointer

    package struct SetupError: Error {}

    /// - Parameter clientAuthority: where given, only clients with a certificate by it are served.
    package init(certificate: String, key: String, clientAuthority: String? = nil) throws {
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw SetupError() }
        self.context = context
        guard SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM) == 1,
            SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1
        else { throw SetupError() }
        if let clientAuthority {
            guard SSL_CTX_load_verify_file(context, clientAuthority) == 1 else { throw SetupError() }
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        }
    }

    deinit { SSL_CTX_free(context) }

    /// The TLS side of an accepted connection; nil where the client does not get that far.
    func accept(_ connection: Int32) -> OpaquePointer? {
        guard let session = SSL_new(context) else { return nil }
        guard SSL_set_fd(session, connection) == 1, SSL_accept(session) == 1 else {
            SSL_free(session)
            ERR_clear_error()
            return nil
        }
        return session
    }
}

/// A connection, with TLS or without.
struct Connection {
    let socket: Int32
    let session: OpaquePointer?
}
