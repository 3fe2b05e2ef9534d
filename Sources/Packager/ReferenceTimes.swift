import ISOBMFF
import Media
import MediaMemory
import Timeline

/// The time of day in front of each chunk: media time counts from the epoch, so it follows from the chunk alone and the
/// same chunk always has the same. ISO/IEC 14496-12:2022, clause 8.16.5.
enum ReferenceTimes {
    /// Whole clear chunks, each with a `prft` in front of its `moof`.
    static func add(to clear: ClearMedia, of stored: StoredTrack) throws(ParseError) -> MediaBytes {
        let bytes = clear.bytes.span
        var draft = MediaDraft(capacity: bytes.count + clear.table.fragments.count * boxSize)
        var reader = ByteReader(bytes)
        var fragments = clear.table.fragments.makeIterator()
        while !reader.isAtEnd {
            let start = reader.offset
            let box = try reader.readBoxHeader()
            try reader.skipBox(box)
            if box.type == MovieFragment.boxType, let fragment = fragments.next() {
                var writer = ByteWriter(capacity: boxSize)
                write(fragment.baseMediaDecodeTime, timescale: stored.track.timescale, to: &writer)
                draft.append(writer.bytes.span)
            }
            draft.append(bytes.extracting(start..<reader.offset))
        }
        return draft.finish()
    }

    /// The `prft` of a chunk: when its first frame went into the encoder.
    static func write(_ decodeTime: Int64, timescale: UInt32, to writer: inout ByteWriter) {
        let (seconds, rest) = UInt64(clamping: decodeTime).quotientAndRemainder(dividingBy: UInt64(max(timescale, 1)))
        // Below 2^32, as the rest is below the timescale.
        let fraction = (rest << 32) / UInt64(max(timescale, 1))
        let ntp = ((seconds &+ secondsFrom1900) << 32) | fraction
        writer.writeBox(
            ProducerReferenceTime(flags: 0, ntpTimestamp: ntp, mediaTime: UInt64(clamping: decodeTime)))
    }

    /// Of version 1: header, version and flags, track, two times of 64 bits.
    private static let boxSize = 32
    private static let secondsFrom1900: UInt64 = 2_208_988_800
}
