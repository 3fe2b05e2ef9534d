package import Files

/// A file in the storage folder that says which host key the rest of it is sealed under, so that another key is
/// refused at once instead of everything there being taken for damaged. Holds no secret.
package struct HostKeyMark: Sendable {
    package enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        case file(FileError)
        /// By their fingerprints.
        case otherKey(path: String, sealed: String, given: String)
        case missingKey(path: String, sealed: String)

        package var description: String {
            switch self {
            case .file(let error): "\(error)"
            case .otherKey(let path, let sealed, let given):
                "what is stored was sealed under the host key \(sealed), and this is \(given): bring that key back, or "
                    + "remove \(path) to go on without what was stored"
            case .missingKey(let path, let sealed):
                "what is stored was sealed under the host key \(sealed), which is not there: bring it back, or remove "
                    + "\(path) to go on without what was stored"
            }
        }
    }

    private let path: String

    /// - Parameter directory: the storage folder; it need not be there yet.
    package init(directory: String) { path = directory + "/host-key-id" }

    /// The fingerprint of the key that was used here before; nil where none was.
    package func fingerprint() throws(Failure) -> String? {
        do throws(FileError) {
            guard let bytes = try PlainFile.readIfThere(path, atMost: 1024) else { return nil }
            let text = String(decoding: bytes.prefix { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
            return text.isEmpty ? "(unreadable)" : text
        } catch { throw .file(error) }
    }

    /// To be called before a new key is made.
    package func requireNone() throws(Failure) {
        if let sealed = try fingerprint() { throw .missingKey(path: path, sealed: sealed) }
    }

    /// Checks that this is the key of before, and notes it where it is the first one.
    package func check(_ key: HostKey) throws(Failure) {
        let given = key.fingerprint
        if let sealed = try fingerprint() {
            guard sealed == given else { throw .otherKey(path: path, sealed: sealed, given: given) }
            return
        }
        do throws(FileError) {
            if let slash = path.lastIndex(of: "/") { try PlainFile.makeDirectory(String(path[..<slash])) }
            _ = try PlainFile.create(Array("\(given)\n".utf8), at: path)
        } catch { throw .file(error) }
    }
}
