package import Media

/// How a file that a worker played has ended, and that it wants the next one.
package struct FileEnd: Sendable, Equatable {
    /// As it was offered; 0: none before.
    package var file: UInt64
    /// Why it cannot be played, or not to its end; empty where it was.
    package var reason: String
    /// Where the next one begins: media time since the publication's beginning, in milliseconds, as in its statistics.
    package var at: UInt64

    package init(file: UInt64 = 0, reason: String = "", at: UInt64 = 0) {
        self.file = file
        self.reason = reason
        self.at = at
    }

    func write(to writer: inout ByteWriter) {
        writer.write(file)
        writer.write(at)
        writer.writeText(reason)
    }

    @_lifetime(reader: copy reader)
    init(reading reader: inout ByteReader) throws(ParseError) {
        file = try reader.read(UInt64.self)
        at = try reader.read(UInt64.self)
        reason = try reader.readText(atMost: WorkerLimits.textBytes)
    }
}

/// What goes with an open file's descriptor over a worker's standard input; without one, there is nothing to play.
package struct FileOffer: Sendable, Equatable {
    /// By which the worker speaks of it; 0: of none.
    package var file: UInt64
    /// Where in it to begin.
    package var startMilliseconds: UInt64

    package static let size = 16

    package init(file: UInt64 = 0, startMilliseconds: UInt64 = 0) {
        self.file = file
        self.startMilliseconds = startMilliseconds
    }

    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.size)
        writer.write(file)
        writer.write(startMilliseconds)
        return writer.bytes
    }

    package init(parsing bytes: [UInt8]) throws(ParseError) {
        var reader = ByteReader(bytes.span)
        file = try reader.read(UInt64.self)
        startMilliseconds = try reader.read(UInt64.self)
        try reader.requireEnd()
    }
}
