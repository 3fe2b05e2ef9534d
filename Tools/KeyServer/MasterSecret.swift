import CommonEncryption
import Glibc
import Media
package import OpenSSLCrypto

/// What every key is derived from: 32 bytes. Never prints.
package struct MasterSecret: Sendable {
    package static let size = 32

    private let bytes: SecretBytes

    private init(moving bytes: inout [UInt8]) {
        self.bytes = SecretBytes(copying: bytes.span)
        cleanse(&bytes)
    }

    /// A new secret that nobody keeps: keys change with the next start.
    package static func random() throws(OpenSSLError) -> MasterSecret {
        var bytes = try randomBytes(size)
        return MasterSecret(moving: &bytes)
    }

    /// The first 16 bytes of HMAC-SHA-256(secret, "sluice-keyserver" ++ KID).
    func key(for keyID: KeyID) -> ContentKey {
        var digest = hmacSHA256((Array("sluice-keyserver".utf8) + keyID.bytes).span, key: bytes.span)
        defer { cleanse(&digest) }
        guard let key = ContentKey(copying: digest.span.extracting(first: ContentKey.size)) else {
            preconditionFailure("not 16 bytes")  // why: the digest has 32
        }
        return key
    }
}

extension MasterSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "MasterSecret(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A secret file that cannot be used: why, in one line.
package struct SecretFileError: Error, Sendable, Equatable, CustomStringConvertible {
    package var path: String
    package var reason: String

    package var description: String { "\(path): \(reason)" }
}

extension MasterSecret {
    /// Reads a secret file, or creates it: mode 0600, 32 random bytes. Refuses one that others may read.
    package static func file(_ path: String) throws(SecretFileError) -> MasterSecret {
        // Exclusive: of two that start at once, one creates the file and the other reads it.
        let created = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if created >= 0 { return try create(created, path) }
        guard errno == EEXIST else { throw failure(path, "cannot be created") }
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(path, "cannot be opened") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(path, "cannot be looked at") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SecretFileError(path: path, reason: "is not a regular file")
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw SecretFileError(path: path, reason: "may be read or written by others (mode \(mode)): chmod 600 it")
        }
        guard status.st_uid == geteuid() || geteuid() == 0 else {
            throw SecretFileError(path: path, reason: "belongs to another user")
        }
        var bytes = [UInt8](repeating: 0, count: size + 1)
        defer { cleanse(&bytes) }
        let count = read(descriptor, &bytes, size + 1)
        guard count >= 0 else { throw failure(path, "cannot be read") }
        guard count == size else {
            throw SecretFileError(path: path, reason: "must have exactly \(size) bytes; remove it to have it made anew")
        }
        var secret = Array(bytes.prefix(size))
        return MasterSecret(moving: &secret)
    }

    private static func create(_ descriptor: Int32, _ path: String) throws(SecretFileError) -> MasterSecret {
        defer { close(descriptor) }
        guard var bytes = try? randomBytes(size) else {
            unlink(path)
            throw SecretFileError(path: path, reason: "no random bytes to fill it with")
        }
        guard write(descriptor, bytes, size) == size, fsync(descriptor) == 0 else {
            cleanse(&bytes)
            let error = failure(path, "cannot be written")
            unlink(path)
            throw error
        }
        return MasterSecret(moving: &bytes)
    }

    private static func failure(_ path: String, _ what: String) -> SecretFileError {
        SecretFileError(path: path, reason: "\(what): \(String(cString: strerror(errno)))")
    }
}
