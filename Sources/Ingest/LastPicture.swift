import FFmpeg
import ISOBMFF
import Media

/// The last picture of a CMAF segment, for a picture that does not move.
enum LastPicture {
    /// - Parameter bytes: a CMAF header and the fragments of a segment.
    /// - Returns: nil where nothing in it can be decoded.
    static func decode(_ bytes: [UInt8]) throws -> Frame? {
        let (format, samples) = try samples(of: bytes)
        return try StillPicture.last(of: samples, format)
    }

    /// In decode order.
    private static func samples(of bytes: [UInt8]) throws(ParseError) -> (VideoFormat, [[UInt8]]) {
        let end = try headerEnd(bytes)
        let format: VideoFormat
        switch try CMAFHeader(parsing: Array(bytes[..<end]).span).track.codec {
        case .avc(let record, _, _): format = .avc(record)
        case .hevc(let record, _, _): format = .hevc(record)
        case .av1(let record, _, _): format = .av1(record)
        case .aac, .ac3, .eac3, .opus, .jpeg, .webVTT: throw ParseError(.invalid, at: 0, "no track of video")
        }
        let media = Array(bytes[end...])
        let locations = try MovieFragmentTable(parsing: media.span).fragments.flatMap(\.samples)
        return (format, locations.map { Array(media[$0.offset..<$0.offset + $0.size]) })
    }

    private static func headerEnd(_ bytes: [UInt8]) throws(ParseError) -> Int {
        var reader = ByteReader(bytes.span)
        while !reader.isAtEnd {
            let start = reader.offset
            let header = try reader.readBoxHeader()
            if header.type != "ftyp" && header.type != "moov" { return start }
            try reader.skipBox(header)
        }
        throw ParseError(.truncated, at: bytes.count, "a header without media")
    }
}
