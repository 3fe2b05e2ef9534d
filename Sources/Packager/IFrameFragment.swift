import ISOBMFF
import Media
import MediaMemory
import Timeline

/// The first picture of a clear segment as a fragment by itself, which lasts as long as the segment: what players show
/// while they run forwards or backwards.
///
/// It keeps its decode time, so it is protected to the same bytes as in the segment, and the next segment's follows it
/// without a hole. Every segment begins with a sync sample.
enum IFrameFragment {
    /// - Parameter clear: a whole segment of video.
    static func make(of clear: ClearMedia) throws(ParseError) -> ClearMedia {
        let table = clear.table
        guard let fragment = table.fragments.first, var picture = fragment.samples.first, picture.isSync else {
            throw ParseError(.invalid, at: 0, "a segment that does not begin with a sync sample")
        }
        let duration = table.fragments.reduce(Int64(0)) { $0 &+ $1.duration }
        guard let whole = UInt32(exactly: duration) else {
            throw ParseError(.invalid, at: 0, "a segment of \(duration) ticks")
        }
        picture.duration = whole
        var writer = ByteWriter(capacity: overhead)
        FragmentWriter().write(sequenceNumber: fragment.sequenceNumber, samples: [picture], to: &writer)
        let data = clear.bytes.span.extracting(picture.offset..<picture.offset + picture.size)
        var draft = MediaDraft(capacity: writer.count + data.count)
        draft.append(writer.bytes.span)
        draft.append(data)
        return try ClearMedia(parsing: draft.finish())
    }
}

/// Bytes of a picture's fragment beside the picture: `moof` and the header of `mdat`, with `senc` and its like.
extension IFrameFragment {
    static let overhead = 256
}
