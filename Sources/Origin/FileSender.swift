import MediaMemory
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#endif

/// Writes media that is sent again and again from the file its copy lies in, which spares the kernel a copy of its own. Of
/// one event loop: NIO lets one at a time use a handle.
final class FileSender {
    private let file: SendingFile
    private let handle: NIOFileHandle
    private let threads: NIOThreadPool

    /// - Parameters:
    ///   - threads: which copy.
    /// - Returns: nil where there are no descriptors left.
    init?(_ file: SendingFile, threads: NIOThreadPool = .singleton) {
        let descriptor = fcntl(file.descriptor, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { return nil }
        self.file = file
        self.threads = threads
        handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
    }

    deinit { try? handle.close() }

    /// - Returns: nil: it is to be sent from memory, this time.
    func parts(of media: MediaBytes) -> FileParts? {
        if let copy = media.sendingCopy { return FileParts(copy, handle) }
        if media.isSentOften() {
            threads.submit { [file] state in
                if state == .active { media.makeSendingCopy(in: file) }
            }
        }
        return nil
    }
}

/// What is written in place of a body, one behind the other.
struct FileParts {
    let region: FileRegion
    /// No bytes: it holds on to the copy until its turn comes, and so until the region was sent.
    let keeper: ByteBuffer

    fileprivate init(_ copy: SendingCopy, _ handle: NIOFileHandle) {
        region = FileRegion(
            fileHandle: handle, readerIndex: copy.range.lowerBound, endIndex: copy.range.upperBound)
        var keeper = ByteBuffer(lending: copy.keeper)
        keeper.moveReaderIndex(to: keeper.writerIndex)
        self.keeper = keeper
    }
}
