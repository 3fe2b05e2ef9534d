package import Files
package import OpenSSLCrypto

#if canImport(Glibc)
    import Glibc
#endif

/// The file that a host key is kept in.
package struct HostKeyFile: Sendable {
    package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        case file(FileError)
        /// Others than its owner may read or change it; the mode's last nine bits.
        case open(path: String, mode: UInt32)
        /// It belongs neither to this user nor to root.
        case foreign(path: String, owner: UInt32)
        case text(path: String, HostKeyText.Failure)
        case random(OpenSSLError)

        package var description: String {
            switch self {
            case .file(let error): "cannot use the host key: \(error)"
            case .open(let path, let mode):
                "others than its owner can reach the host key \(path) (mode \(String(mode, radix: 8))); chmod 600 it"
            case .foreign(let path, let owner):
                "the host key \(path) belongs to user \(owner), neither to this one nor to root; chown it"
            case .text(let path, let failure): "the host key \(path) \(failure)"
            case .random(let error): "cannot make a host key: \(error)"
            }
        }
    }

    package let path: String

    package init(path: String) { self.path = path }

    /// The key in the file; where there is none, a new one is made there, with mode 0600.
    package func readOrMake() throws(Failure) -> (key: HostKey, isNew: Bool) {
        if let key = try read() { return (key, false) }
        let isNew = try make()
        // Another process may have been faster: what counts is what lies there.
        guard let key = try read() else { throw .file(FileError(operation: "open", path: path, code: ENOENT)) }
        return (key, isNew)
    }

    /// The key in the file; nil where there is no file.
    package func read() throws(Failure) -> HostKey? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT else { throw .file(FileError(operation: "stat", path: path, code: errno)) }
            return nil
        }
        guard status.st_mode & 0o077 == 0 else { throw .open(path: path, mode: status.st_mode & 0o777) }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw .foreign(path: path, owner: status.st_uid)
        }
        var text: [UInt8]
        do throws(FileError) { text = try PlainFile.read(path, atMost: HostKeyText.maximumBytes) } catch {
            throw .file(error)
        }
        do throws(HostKeyText.Failure) { return try HostKey(parsing: &text) } catch { throw .text(path: path, error) }
    }

    private func make() throws(Failure) -> Bool {
        var key: [UInt8]
        do throws(OpenSSLError) { key = try randomBytes(HostKey.size) } catch { throw .random(error) }
        defer { cleanse(&key) }
        var text: [UInt8] = []
        text.reserveCapacity(2 * HostKey.size + 1)
        defer { cleanse(&text) }
        let digits = Array("0123456789abcdef".utf8)
        for byte in key {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        text.append(UInt8(ascii: "\n"))
        do throws(FileError) {
            if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
                try PlainFile.makeDirectory(String(path[..<slash]))
            }
            return try PlainFile.create(text, at: path)
        } catch { throw .file(error) }
    }
}
