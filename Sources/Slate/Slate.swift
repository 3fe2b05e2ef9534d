package import ChunkStream
package import Media
import OpenSSLCrypto
import Timeline

/// What stands in for a channel's picture and sound, to be repeated over any stretch of time: of each video rung a GOP of a
/// picture that does not move, or the loop of a clip; of each audio rung a frame of silence, or a loop. An immutable value.
///
/// Its record, by which it outlives the process:
///
///     2 bytes   length of the recipe, and the recipe in UTF-8
///     n bytes   the worker's messages: `tracks`, and the `chunk`s of each track, the last one saying so
package struct Slate: Sendable {
    /// 12 hexadecimal digits of its content: a part of every URL of what is made from it.
    package let id: String
    /// What it was made from, for the caller to know whether it is still wanted.
    package let recipe: String
    package let tracks: [SlateTrack]
    private let messages: [UInt8]

    /// - Parameters:
    ///   - tracks: as the worker describes them.
    ///   - chunks: in the order of the tracks, CMAF chunks of each; at most `WorkerLimits.clipBytes` in all.
    /// - Throws: what is wrong with them.
    package init(recipe: String, tracks: [TrackDescription], chunks: [[[UInt8]]]) throws(ParseError) {
        guard tracks.count == chunks.count, !tracks.isEmpty else {
            throw ParseError(.invalid, at: 0, "\(chunks.count) chunks for \(tracks.count) tracks")
        }
        guard Set(tracks.map(\.name)).count == tracks.count else {
            throw ParseError(.invalid, at: 0, "two tracks of one name")
        }
        guard chunks.joined().reduce(0, { $0 + $1.count }) <= WorkerLimits.clipBytes, recipe.utf8.count <= 1024 else {
            throw ParseError(.tooLarge, at: 0, "more than \(WorkerLimits.clipBytes) bytes of slate")
        }
        var made: [SlateTrack] = []
        for (track, chunks) in zip(tracks, chunks) {
            made.append(try SlateTrack(track, chunks, loop: made.lazy.compactMap(\.loop).first))
        }
        var messages = WorkerMessage.tracks(tracks).serialize()
        for (index, chunks) in chunks.enumerated() {
            for (place, chunk) in chunks.enumerated() {
                messages += WorkerMessage.chunk(
                    ClearChunk(
                        track: UInt8(clamping: index), segment: 0, endsSegment: place == chunks.count - 1, bytes: chunk)
                ).serialize()
            }
        }
        self.recipe = recipe
        self.tracks = made
        self.messages = messages
        let digits = Array("0123456789abcdef")
        id = String(sha256(messages).prefix(6).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    package var record: [UInt8] {
        let recipe = Array(recipe.utf8)
        return [UInt8(recipe.count >> 8), UInt8(recipe.count & 0xFF)] + recipe + messages
    }

    /// - Throws: where it is no record of a slate.
    package init(record: [UInt8]) throws(ParseError) {
        var reader = ByteReader(record.span)
        let length = Int(try reader.read(UInt16.self))
        guard let recipe = String(validating: try reader.readBytes(length), as: UTF8.self) else {
            throw ParseError(.invalid, at: 2, "the recipe is not UTF-8")
        }
        var frames = FrameReader()
        record.withUnsafeBytes { frames.append(UnsafeRawBufferPointer(rebasing: $0[(2 + length)...])) }
        var tracks: [TrackDescription] = []
        var chunks: [[[UInt8]]] = []
        var isEnded = true
        while let frame = try frames.next() {
            switch try WorkerMessage(type: frame.type, body: frame.body) {
            case .tracks(let found) where tracks.isEmpty: tracks = found
            case .chunk(let chunk) where Int(chunk.track) == (isEnded ? chunks.count : chunks.count - 1):
                if isEnded { chunks.append([]) }
                chunks[chunks.count - 1].append(chunk.bytes)
                isEnded = chunk.endsSegment
            default: throw ParseError(.invalid, at: 0, "a message that does not belong into a slate")
            }
        }
        guard isEnded else { throw ParseError(.truncated, at: record.count, "a track without its end") }
        try self.init(recipe: recipe, tracks: tracks, chunks: chunks)
    }

    package func track(named name: String) -> SlateTrack? { tracks.first { $0.stored.track.name == name } }

    /// Of the media.
    package var byteCount: Int { tracks.reduce(0) { $0 + $1.byteCount } }
}
