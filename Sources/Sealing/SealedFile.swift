package import Files
package import OpenSSLCrypto

#if canImport(Glibc)
    import Glibc
#endif

/// A record on disk that only this host can read: replaced whole, and bound to what it is.
///
/// A power failure leaves the record of before or the new one. An earlier record of the same file, put back by
/// somebody who can write the disk, is not told from the newest.
package struct SealedFile: Sendable {
    package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// Changed, torn, another file's, or sealed under another host key.
        case tampered(path: String)
        case unreadable(FileError)
        case unwritable(FileError)
        case sealing(path: String, OpenSSLError)

        package var description: String {
            switch self {
            case .tampered(let path):
                "\(path) was changed, or is not of this host: it does not open under this host key"
            case .unreadable(let error), .unwritable(let error): "\(error)"
            case .sealing(let path, let error): "cannot seal \(path): \(error)"
            }
        }
    }

    package static let maximumBytes = 64 << 20

    package let path: String
    private let key: SealingKey
    private let context: [String]

    /// - Parameter context: what the file is, such as `["keys", channel, contract]`.
    package init(path: String, key: SealingKey, context: [String]) {
        self.path = path
        self.key = key
        self.context = ["file"] + context
    }

    /// The record; nil where there is no file.
    package func read() throws(Failure) -> SecretBytes? {
        let sealed: [UInt8]?
        do throws(FileError) {
            sealed = try PlainFile.readIfThere(path, atMost: Self.maximumBytes + SealingKey.overhead)
        } catch { throw .unreadable(error) }
        guard let sealed else { return nil }
        guard let record = key.openSecret(sealed.span, context: context) else { throw .tampered(path: path) }
        return record
    }

    /// Puts a record in the place of the one before; when this returns it is on the disk.
    /// The caller still has to `cleanse` its own copy.
    /// - Parameter record: at most `maximumBytes`; more throws.
    package func replace(with record: Span<UInt8>) throws(Failure) {
        guard record.count <= Self.maximumBytes else {
            throw .unwritable(FileError(operation: "write", path: path, code: EFBIG))
        }
        let sealed: [UInt8]
        do throws(OpenSSLError) { sealed = try key.seal(record, context: context) } catch {
            throw .sealing(path: path, error)
        }
        do throws(FileError) { try PlainFile.replace(sealed, at: path) } catch { throw .unwritable(error) }
    }

    /// Takes a file that does not open out of the way, for somebody to look at: `read` answers nil from then on.
    /// - Returns: its new path.
    package func setAside() throws(Failure) -> String {
        do throws(FileError) { return try PlainFile.setAside(path) } catch { throw .unwritable(error) }
    }

    /// The record is not needed any more.
    package func remove() { PlainFile.remove(path) }
}
