import CLinux
package import ChunkStream
import Glibc
import Media
import RTMPServer
import Synchronization
import Transcode

/// Files in place of an encoder: each is asked for when the one before has been read, and played by the clock.
///
/// From the line on everything is as with an encoder. On one thread; reads a second or two ahead.
package struct FilePublication: ~Copyable {
    /// Gives the next file, or nothing.
    package struct Source: Sendable {
        package var receive: @Sendable () -> (descriptor: CInt, offer: FileOffer)?

        package init(receive: @escaping @Sendable () -> (descriptor: CInt, offer: FileOffer)?) {
            self.receive = receive
        }

        /// - Parameter socket: by which the daemon hands descriptors over.
        package static func socket(_ socket: CInt) -> Source {
            Source {
                var bytes = [UInt8](repeating: 0, count: FileOffer.size)
                var descriptor: CInt = -1
                var count = 0
                repeat {
                    count = bytes.withUnsafeMutableBytes {
                        sluice_receive_file(socket, $0.baseAddress, UInt($0.count), &descriptor)
                    }
                } while count < 0 && errno == EINTR
                guard descriptor >= 0 else { return nil }
                guard count == FileOffer.size, let offer = try? FileOffer(parsing: bytes) else {
                    close(descriptor)
                    return nil
                }
                return (descriptor, offer)
            }
        }
    }

    private var desk: PublicationDesk
    private let source: Source
    /// Why it is to end.
    private let stopped = StopReason()

    /// Nobody sleeps longer without looking at what the daemon says.
    private static let nap: Int64 = 100
    /// Where the ladder, or the disk, is behind the clock by more than this, what is missing by then is left out.
    private static let latest: Int64 = 10_000
    /// Packets read before what is due is looked at again.
    private static let burst = 32

    package init(source: Source, link: consuming DaemonLink, clock: IngestPublication.Clock) {
        self.source = source
        desk = PublicationDesk(link: link, clock: clock)
    }

    /// Runs until there is nothing more to play, or the daemon wants it to end.
    package mutating func run() throws(DaemonLink.Lost) {
        try desk.send(.hello(version: Frame.version))
        try desk.send(.publish(ChunkStream.PublishRequest(app: "", streamKey: "", encoder: "files")))
        switch try desk.receive() {
        case .accept(let ladder, let firstSegment, let lead, let waits):
            desk.begin(clockLead: lead) { [stopped] in stopped.set($0) }
            var line = IngestLine(ladder: ladder, firstSegment: firstSegment, waits: waits, source: "the file")
            let reason = try play(&line, FileRow(ladder: ladder))
            try desk.finish(&line)
            try desk.send(.end(reason: reason))
        case .reject(let reason), .stop(let reason): try desk.send(.end(reason: reason))
        case .begin, .wait, .splice: try desk.send(.end(reason: "the daemon's answer makes no sense"))
        }
    }

    /// Returns why it is over.
    private mutating func play(
        _ line: inout IngestLine, _ row: consuming FileRow
    ) throws(DaemonLink.Lost) -> String {
        var row = row
        var wanted: FileEnd? = FileEnd()
        /// A time of the row's clock, in nanoseconds, and of ours, in milliseconds.
        var origin: (time: Int64, now: Int64)?
        var stretch: UInt64?
        while true {
            if let reason = stopped.value { return reason }
            if let reason = try desk.follow(&line) {
                // What was held of a file that waited: as if it were met now.
                if let item = row.first { wanted = try leave(item, &line, &row, reason) ?? wanted }
            }
            if !row.isFull {
                if let end = wanted {
                    wanted = nil
                    try desk.send(.nextFile(end))
                    if let (descriptor, offer) = source.receive() {
                        wanted = try open(descriptor, offer, &row, end)
                    }
                } else {
                    for _ in 0..<Self.burst where row.isOpen && !row.isFull { wanted = row.read() ?? wanted }
                }
            }
            guard let item = row.first else {
                if row.isOpen || wanted != nil {
                    // A long way to the first key frame is no silence.
                    try desk.report(line)
                    continue
                }
                return "there is nothing more to play"
            }
            let now = desk.now()
            let start = origin ?? (item.time, now)
            origin = start
            let wait = start.now + (item.time - start.time) / 1_000_000 - now
            if wait > 0 {
                // What is read ahead comes before sleep.
                if row.isFull || !row.isOpen && wanted == nil { desk.sleep(milliseconds: min(wait, Self.nap)) }
                try desk.report(line)
                continue
            }
            _ = row.popFirst()
            var reason: String?
            if wait < -Self.latest {
                origin = (item.time, now)
                reason = try desk.give(&line) { line throws(IngestLine.Ended) in
                    try line.startAnew(now, because: "it was \(-wait) ms behind the clock")
                }
            } else if stretch != item.stretch {
                line.join()
            }
            stretch = item.stretch
            for message in item.messages where reason == nil {
                desk.statistics.bytesReceived += UInt64(message.payload.count)
                reason = try desk.give(&line) { line throws(IngestLine.Ended) in try line.take(message, now: now) }
            }
            if let reason { wanted = try leave(item, &line, &row, reason) ?? wanted }
        }
    }

    /// - Returns: how it ended, where nothing can be made of it.
    private func open(
        _ descriptor: CInt, _ offer: FileOffer, _ row: inout FileRow, _ before: FileEnd
    ) throws(DaemonLink.Lost) -> FileEnd? {
        let notes: [String]
        do throws(FileFit.Refusal) { notes = try row.open(descriptor, offer) } catch {
            return FileEnd(file: offer.file, reason: error.description, at: before.at)
        }
        for note in notes { try desk.send(.event(IngestEvent(level: .info, text: note))) }
        return nil
    }

    /// The ladder can make nothing of a file: the next one begins where it has got to.
    private mutating func leave(
        _ item: FileQueue.Item, _ line: inout IngestLine, _ row: inout FileRow, _ reason: String
    ) throws(DaemonLink.Lost) -> FileEnd? {
        try desk.send(line.abandon())
        if let end = row.give(up: item.file, at: item.time, because: reason) { return end }
        try desk.send(.event(IngestEvent(level: .warning, text: "the end of a file was lost: \(reason)")))
        return nil
    }
}

/// Between the thread that hears the daemon and the one that plays.
private final class StopReason: Sendable {
    private let reason = Mutex<String?>(nil)

    var value: String? { reason.withLock { $0 } }

    func set(_ text: String) { reason.withLock { $0 = text } }
}
