import ISOBMFF
import Media
import Testing

/// The header of a track of thumbnails, which goes from the worker to the window and no further.
@Suite struct ImageHeaderTests {
    private static let tiles = PictureTiles(width: 160, height: 90, columns: 5, rows: 2)
    private static let track = Track(name: "thumbnails", timescale: 90_000, codec: .jpeg(tiles))

    @Test func itComesBack() throws {
        let bytes = CMAFHeader(track: Self.track).serialize()
        let header = try CMAFHeader(parsing: bytes.span, name: "thumbnails")
        #expect(header.track == Self.track)
        #expect(header.track.kind == .image && header.track.codec.rfc6381 == "jpeg")
        let dump = BoxDump().text(of: bytes.span)
        #expect(dump.contains("jpeg ") && dump.contains("tlay ") && dump.contains("pict"))
    }

    /// The whole and its parts must agree.
    @Test(arguments: [(0, UInt8(0)), (0, 3), (1, 0), (1, 100)])
    func aLayoutThatCannotBeIsRefused(_ offset: Int, _ value: UInt8) throws {
        var bytes = CMAFHeader(track: Self.track).serialize()
        let place = try #require(bytes.firstRange(of: Array("tlay".utf8)))
        bytes[place.upperBound + offset] = value
        #expect(throws: ParseError.self) { _ = try CMAFHeader(parsing: bytes.span) }
    }
}
