import ChunkStream
import Glibc
import Settings

/// Where a publication's media comes from, and what of it the publication needs to know.
enum PublicationSource: Sendable {
    case encoder(ListeningSocket.Connection)
    /// Handed to the worker by the feed.
    case files(FileInput, FileFeed)

    /// In logs and for operators.
    var name: String {
        switch self {
        case .encoder(let connection): "\(connection.peer)"
        case .files(let input, _): input.path
        }
    }

    var work: WorkerArguments.Work { if case .encoder = self { .publication } else { .files } }

    /// The worker's standard input, which belongs to whoever starts it.
    var workersInput: CInt {
        switch self {
        case .encoder(let connection): connection.descriptor
        case .files(_, let feed): feed.workersEnd
        }
    }

    var files: FileInput? { if case .files(let input, _) = self { input } else { nil } }

    /// No worker is started.
    func close() { _ = Glibc.close(workersInput) }
}
