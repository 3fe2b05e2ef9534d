import ISOBMFF
import Media

/// The first picture of a clear segment as a fragment by itself, which lasts as long as the segment: what players show
/// while they run forwards or backwards.
///
/// It keeps its decode time, so it is protected to the same bytes as in the segment, and the next segment's follows it
/// without a hole. Every segment begins with a sync sample.
enum IFrameFragment {
    /// - Parameter clear: a whole segment of video.
    static func make(of clear: [UInt8]) throws(ParseError) -> [UInt8] {
        let table = try MovieFragmentTable(parsing: clear.span)
        guard let fragment = table.fragments.first, var picture = fragment.samples.first, picture.isSync else {
            throw ParseError(.invalid, at: 0, "a segment that does not begin with a sync sample")
        }
        let duration = table.fragments.reduce(Int64(0)) { $0 &+ $1.duration }
        guard let whole = UInt32(exactly: duration) else {
            throw ParseError(.invalid, at: 0, "a segment of \(duration) ticks")
        }
        picture.duration = whole
        var writer = ByteWriter(capacity: picture.size + 256)
        FragmentWriter().write(sequenceNumber: fragment.sequenceNumber, samples: [picture], to: &writer)
        writer.bytes += clear[picture.offset..<picture.offset + picture.size]
        return writer.bytes
    }
}

/// Bytes of a picture's fragment beside the picture: `moof` and the header of `mdat`, with `senc` and its like.
extension IFrameFragment {
    static let overhead = 256
}
