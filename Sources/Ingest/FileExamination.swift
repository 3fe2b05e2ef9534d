import ChunkStream
import Media

/// Says whether a file can be played in place of an encoder: the ladder in, what there is to say of the file out, and how
/// it ends: with nothing, or with why not.
package struct FileExamination: ~Copyable {
    private var link: DaemonLink
    private let descriptor: CInt

    /// Looked at until something of it is found that could be played.
    private static let mostPackets = 20_000

    /// - Parameter descriptor: of a regular file; taken over.
    package init(link: consuming DaemonLink, descriptor: CInt) {
        self.link = link
        self.descriptor = descriptor
    }

    package mutating func run() throws(DaemonLink.Lost) {
        try link.send(.hello(version: Frame.version))
        guard case .accept(let ladder, _, _, _) = try link.receive() else {
            return try link.send(.end(reason: "not wanted"))
        }
        var row = FileRow(ladder: ladder)
        do throws(FileFit.Refusal) {
            for note in try row.open(descriptor, FileOffer(file: 1)) {
                try? link.send(.event(IngestEvent(level: .warning, text: note)))
            }
        } catch {
            return try link.send(.end(reason: error.description))
        }
        for _ in 0..<Self.mostPackets where row.first == nil {
            if let end = row.read() { return try link.send(.end(reason: end.reason)) }
        }
        try link.send(.end(reason: row.first == nil ? "no key frame was found in its beginning" : ""))
    }
}
