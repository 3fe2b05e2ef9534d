/// A media playlist with the text that it was read from, for the next revision to be read: lines that both have are not
/// read again.
package struct ReadPlaylist: Sendable {
    private struct Change: Sendable {
        /// Of the segment behind which it is so.
        let index: Int
        let inForce: MediaPlaylistReader.InForce
    }

    /// Of the segments that were read.
    private struct Places: Sendable {
        /// Of each, where its lines end, in bytes.
        var ends: [Int] = []
        var changes: [Change] = []

        mutating func note(_ inForce: MediaPlaylistReader.InForce, end: Int) {
            if changes.last?.inForce != inForce { changes.append(Change(index: ends.count, inForce: inForce)) }
            ends.append(end)
        }

        func inForce(behind index: Int) -> MediaPlaylistReader.InForce? {
            changes.last { $0.index <= index }?.inForce
        }
    }

    package let playlist: MediaPlaylist
    /// Segments that were not read again.
    let takenOver: Int
    private let text: String
    private let places: Places
    /// Lines between segments speak of those alone.
    private let isPlain: Bool

    /// - Parameter known: a revision from before, or any other.
    /// - Throws: as `MediaPlaylist.init(parsing:)` does.
    package init(parsing text: String, after known: ReadPlaylist? = nil) throws(PlaylistError) {
        guard let known else {
            self = try ReadPlaylist(text, nil)
            return
        }
        // The line that is wrong has a number only where all are counted.
        do throws(PlaylistError) { self = try ReadPlaylist(text, known) } catch { self = try ReadPlaylist(text, nil) }
    }

    private init(_ text: String, _ known: ReadPlaylist?) throws(PlaylistError) {
        var text = text
        text.makeContiguousUTF8()
        let bytes = text.utf8
        var reader = MediaPlaylistReader()
        var places = Places()
        var takenOver = 0
        var (position, number) = (bytes.startIndex, 0)
        while position < bytes.endIndex || number == 0 {
            number += 1
            let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
            var line = Substring(bytes[position..<end])
            if line.utf8.last == UInt8(ascii: "\r") { line = Substring(line.utf8.dropLast()) }
            position = end < bytes.endIndex ? bytes.index(after: end) : end
            guard number > 1 else {
                guard line == "#EXTM3U" else { throw PlaylistError(line: 1, "a playlist begins with #EXTM3U") }
                continue
            }
            do throws(PlaylistError) {
                switch PlaylistLines.line(line) {
                case nil: break
                case .tag(let name, let value, let line)?: try reader.readTag(name, value, line)
                case .uri(let uri)?:
                    try reader.readURI(uri)
                    // A line that nothing ends may go on in another revision: behind it nothing is the same.
                    let length = bytes.distance(from: bytes.startIndex, to: position)
                    places.note(reader.inForce, end: end < bytes.endIndex ? length : length + 1)
                    guard let known, end < bytes.endIndex else { break }
                    let before = places.ends.count
                    known.hand(over: &places, &reader, text, from: length)
                    guard places.ends.count > before else { break }
                    position = bytes.index(bytes.startIndex, offsetBy: places.ends.last ?? length)
                    takenOver += places.ends.count - before
                }
            } catch {
                throw PlaylistError(line: number, error.reason)
            }
        }
        playlist = try reader.finish()
        isPlain = !reader.isMixed
        self.text = text
        self.places = places
        self.takenOver = takenOver
    }

    /// Gives another revision, behind a segment, those after it whose lines are what they are here.
    /// - Parameter start: behind that one's lines.
    private func hand(
        over others: inout Places, _ reader: inout MediaPlaylistReader, _ text: String, from start: Int
    ) {
        let (gone, isOlder) = reader.playlist.mediaSequence.subtractingReportingOverflow(playlist.mediaSequence)
        guard isPlain, !isOlder, gone < UInt64(places.ends.count) else { return }
        let first = Int(gone) + others.ends.count - 1
        guard first < places.ends.count - 1 else { return }
        guard places.inForce(behind: first) == reader.inForce else { return }
        let before = places.ends[first]
        let length = Self.commonLength(text, from: start, self.text, from: before)
        // The last whose lines are all in there.
        var (low, high) = (first, places.ends.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if places.ends[middle] - before <= length { low = middle } else { high = middle - 1 }
        }
        guard low > first, let inForce = places.inForce(behind: low) else { return }
        let segment = others.ends.count - 1
        reader.take(playlist.segments[(first + 1)...low], inForce)
        others.ends += places.ends[(first + 1)...low].map { $0 - before + start }
        for change in places.changes where change.index > first && change.index <= low {
            others.changes.append(Change(index: change.index - first + segment, inForce: change.inForce))
        }
    }

    /// How many bytes are the same from two places on.
    private static func commonLength(_ one: String, from start: Int, _ other: String, from otherStart: Int) -> Int {
        let count = min(one.utf8.count - start, other.utf8.count - otherStart)
        guard count > 0 else { return 0 }
        let (one, other) = (one.utf8.span, other.utf8.span)
        let (left, right) = (one.extracting(start..<start + count), other.extracting(otherStart..<otherStart + count))
        var length = 0
        // Eight at a time, within both.
        while length + 8 <= count,
            unsafe left.bytes.unsafeLoadUnaligned(fromByteOffset: length, as: UInt64.self)
                == (unsafe right.bytes.unsafeLoadUnaligned(fromByteOffset: length, as: UInt64.self))
        {
            length += 8
        }
        while length < count, left[length] == right[length] { length += 1 }
        return length
    }
}
