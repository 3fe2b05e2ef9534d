package import ISOBMFF
package import Media
package import MediaMemory

/// The clear CMAF of one track, a chunk or all chunks of a segment: in memory that it can be sent from, and where its
/// samples lie in it, which is read once.
package struct ClearMedia: Sendable, Equatable {
    package let bytes: MediaBytes
    /// Of these bytes.
    package let table: MovieFragmentTable

    package init(bytes: MediaBytes, table: MovieFragmentTable) {
        self.bytes = bytes
        self.table = table
    }

    package init(parsing bytes: MediaBytes) throws(ParseError) {
        self.init(bytes: bytes, table: try MovieFragmentTable(parsing: bytes.span))
    }

    package init(copying bytes: [UInt8]) throws(ParseError) {
        try self.init(parsing: MediaBytes(copying: bytes.span))
    }

    /// Chunks one behind the other.
    package init(joining chunks: [ClearMedia]) {
        if chunks.count == 1 {
            self = chunks[0]
            return
        }
        var draft = MediaDraft(capacity: chunks.reduce(0) { $0 + $1.bytes.count }, isKept: true)
        for chunk in chunks { draft.append(chunk.bytes.span) }
        bytes = draft.finish()
        table = MovieFragmentTable(joining: chunks.map { ($0.table, $0.bytes.count) })
    }

    /// One of the chunks that it is made of, by its place in the bytes.
    package func chunk(_ range: Range<Int>) throws(ParseError) -> ClearMedia {
        try ClearMedia(parsing: MediaBytes(copying: bytes.span.extracting(range)))
    }

    var sampleCount: Int { table.fragments.reduce(0) { $0 + $1.samples.count } }

    /// What it takes of memory, about.
    package var memoryBytes: Int {
        bytes.capacity
            + table.fragments.reduce(0) { sum, fragment in
                sum + MemoryLayout<MovieFragmentTable.Fragment>.stride
                    + fragment.samples.count * MemoryLayout<SampleLocation>.stride
            }
    }
}
