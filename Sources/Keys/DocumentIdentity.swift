import Glibc
import OpenSSLCrypto

/// The certificate for which a provider encrypts keys, with its private key. SPEKE, "Content key encryption".
package final class DocumentIdentity: Sendable {
    /// DER, as requests carry it.
    package let certificate: [UInt8]
    let privateKey: RSAPrivateKey

    /// Why files are no identity, in words an operator can act on.
    package struct Fault: Error, Sendable, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// Reads two PEM files: a certificate with an RSA key of at least 2048 bits, and that key without a passphrase.
    package init(certificateFile: String, privateKeyFile: String) throws(Fault) {
        let certificate = try Self.load(certificateFile) { bytes throws(OpenSSLError) in
            try X509Certificate(pem: bytes)
        }
        privateKey = try Self.load(privateKeyFile) { bytes throws(OpenSSLError) in try RSAPrivateKey(pem: bytes) }
        guard certificate.belongs(to: privateKey) else {
            throw Fault(description: "\(privateKeyFile) is not the private key of the certificate \(certificateFile)")
        }
        self.certificate = certificate.der
    }

    private static func load<Value: ~Copyable>(
        _ path: String, _ parse: (Span<UInt8>) throws(OpenSSLError) -> Value
    ) throws(Fault) -> Value {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Fault(description: "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 256 << 10)
        defer { cleanse(&bytes) }
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                read(
                    descriptor, UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).baseAddress,
                    buffer.count - count)
            }
            guard got >= 0 else { throw Fault(description: "\(path) cannot be read") }
            if got == 0 { break }
            count += got
        }
        do throws(OpenSSLError) {
            return try parse(bytes.span.extracting(0..<count))
        } catch {
            let wanted =
                error.during == .loadKey
                ? "the PEM of an RSA private key of at least \(RSAPrivateKey.minimumBits) bits without a passphrase"
                : "the PEM of a certificate with an RSA key of at least \(RSAPrivateKey.minimumBits) bits"
            throw Fault(description: "\(path) is not \(wanted)")
        }
    }
}
