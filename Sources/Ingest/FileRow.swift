import ChunkStream
import FFmpeg
import Media
import RTMPServer

/// Files one behind the other, as one row of messages with their times: reads ahead, and says when it wants the next.
struct FileRow: ~Copyable {
    private let ladder: Ladder
    private var clock = FileClock(at: Self.beginning)
    private var queue = FileQueue()
    private var file: OpenFile?
    /// Where the first of all was.
    private var beganAt: Int64?

    /// Whatever is shown before it, no time is negative.
    private static let beginning: Int64 = 100_000_000_000
    /// Sound from before the first picture.
    private static let mostEarly = 1000

    private struct OpenFile: ~Copyable {
        let id: UInt64
        var packets: MediaFilePackets
        var tracks: [Int: FileTrack]
        let leading: Int
        var early: [MediaFilePackets.Packet] = []
        var hasBegun = false
    }

    init(ladder: Ladder) { self.ladder = ladder }

    var isOpen: Bool { file != nil }
    var isFull: Bool { queue.isFull }
    var first: FileQueue.Item? { queue.first }
    mutating func popFirst() -> FileQueue.Item? { queue.popFirst() }

    /// - Parameter descriptor: taken over.
    /// - Returns: what is worth saying of it.
    /// - Throws: why it cannot be played.
    mutating func open(_ descriptor: CInt, _ offer: FileOffer) throws(FileFit.Refusal) -> [String] {
        let packets: MediaFilePackets
        do throws(FFmpegError) { packets = try MediaFilePackets(owning: descriptor) } catch {
            throw FileFit.Refusal(description: "it is no media file that is known: \(error.reason)")
        }
        return try open(packets, offer)
    }

    mutating func open(
        _ packets: consuming MediaFilePackets, _ offer: FileOffer
    ) throws(FileFit.Refusal) -> [String] {
        let fit = try FileFit(packets.streams, ladder)
        var tracks: [Int: FileTrack] = [:]
        for (place, track) in fit.tracks { tracks[place] = FileTrack(packets.streams[place], track: track) }
        packets.use(Set(tracks.keys))
        if offer.startMilliseconds > 0 { packets.seek(milliseconds: Int64(clamping: offer.startMilliseconds)) }
        clock.begin()
        file = OpenFile(id: offer.file, packets: packets, tracks: tracks, leading: fit.leading)
        return fit.notes
    }

    /// Reads one packet of the open file.
    /// - Returns: how the file has ended, where it has.
    mutating func read() -> FileEnd? {
        guard var file = file.take() else { return nil }
        let packet: MediaFilePackets.Packet?
        var failure: String?
        do throws(FFmpegError) { packet = try file.packets.next() } catch {
            packet = nil
            failure = "the rest of it cannot be read: \(error.reason)"
        }
        guard let packet else {
            if !file.hasBegun { failure = failure ?? "nothing in it can be decoded from" }
            if file.tracks[file.leading]?.isSound == false { queue.dropSound(of: file.id, from: clock.end) }
            return end(file.id, failure ?? "")
        }
        take(packet, of: &file)
        self.file = consume file
        return nil
    }

    /// Nothing more is wanted of a file.
    /// - Parameters:
    ///   - id: it may have been read to its end already.
    ///   - time: what follows begins there.
    /// - Returns: how it has ended, where it was still open.
    mutating func give(up id: UInt64, at time: Int64, because reason: String) -> FileEnd? {
        queue.dropAll(of: id)
        guard let file = file.take() else { return nil }
        guard file.id == id else {
            self.file = consume file
            return nil
        }
        clock.begin(at: time)
        return end(id, reason)
    }

    private func end(_ id: UInt64, _ reason: String) -> FileEnd {
        FileEnd(file: id, reason: reason, at: UInt64(clamping: (clock.end - (beganAt ?? clock.end)) / 1_000_000))
    }

    private mutating func take(_ packet: MediaFilePackets.Packet, of file: inout OpenFile) {
        let times = FileClock.Times(
            decode: packet.decodeTime, presentation: packet.presentationTime, duration: packet.duration)
        switch clock.place(times, leads: packet.stream == file.leading, isKey: packet.isKey) {
        case .dropped: break
        case .early: if file.early.count < Self.mostEarly { file.early.append(packet) }
        case .placed(let decode, let presentation, let begins):
            append(packet, decode, presentation, begins: begins, of: &file)
            guard begins else { return }
            let early = file.early
            file.early = []
            for packet in early { take(packet, of: &file) }
        }
    }

    private mutating func append(
        _ packet: MediaFilePackets.Packet, _ decode: Int64, _ presentation: Int64, begins: Bool, of file: inout OpenFile
    ) {
        beganAt = beganAt ?? decode
        var begins = begins
        if !file.hasBegun {
            // All before any of its media: of several that change, the ladder is made anew once.
            file.hasBegun = true
            queue.append(
                file: file.id, time: decode, begins: begins, isSound: false, isOpening: true,
                messages: file.tracks.keys.sorted().flatMap { file.tracks[$0]?.opening(at: decode) ?? [] })
            begins = false
        }
        let messages = file.tracks[packet.stream]?.messages(packet, decode: decode, presentation: presentation) ?? []
        queue.append(
            file: file.id, time: decode, begins: begins, isSound: file.tracks[packet.stream]?.isSound ?? true,
            messages: messages)
    }
}
