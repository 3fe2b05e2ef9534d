import COpenSSL

/// A refusal by OpenSSL: its own error code, and what was being done.
package struct OpenSSLError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Operation: String, Sendable {
        case allocate = "allocating a cipher context"
        case setKey = "setting a key"
        case setIV = "setting an initialisation vector"
        case encrypt = "encrypting"
        case decrypt = "decrypting"
        /// The tag of an authenticated cipher does not match: changed bytes or another key.
        case authenticate = "authenticating"
        case random = "drawing random bytes"
        case loadKey = "loading a private key"
        case loadPublicKey = "loading a public key"
        case loadCertificate = "loading a certificate"
        /// RSA-OAEP. Says nothing of the reason on purpose: whoever learns it can decrypt step by step.
        case transportKey = "opening what is encrypted for a recipient"
    }

    /// The code of OpenSSL's error queue (`ERR_get_error`); 0 where the library queued none.
    package let code: UInt
    package let during: Operation

    package init(code: UInt, during: Operation) {
        self.code = code
        self.during = during
    }

    package var description: String {
        guard code != 0 else { return "OpenSSL failed \(during.rawValue)" }
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(code, &text, text.count)
        let reason = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return "OpenSSL failed \(during.rawValue): \(reason)"
    }

    /// The oldest queued error of this thread, which is the cause; the rest is dropped with it.
    static func last(_ operation: Operation) -> OpenSSLError {
        let code = ERR_get_error()
        ERR_clear_error()
        return OpenSSLError(code: UInt(code), during: operation)
    }
}

/// Every OpenSSL function used here answers 1 for success.
@inline(__always)
func check(_ result: Int32, _ operation: OpenSSLError.Operation) throws(OpenSSLError) {
    guard result == 1 else { throw .last(operation) }
}
