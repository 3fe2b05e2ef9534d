import Media
import Testing

/// What passes for a sheet of thumbnails: one whole baseline JPEG image, and nothing beside it.
@Suite struct JPEGPictureTests {
    private static let frame: [UInt8] = [0xFF, 0xC0, 0, 17, 8, 0, 90, 0, 160, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]
    private static let scan: [UInt8] = [0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]
    private static let comment: [UInt8] = [0xFF, 0xFE, 0, 4, 0x68, 0x69]
    private static let data: [UInt8] = [0x12, 0xFF, 0x00, 0x34, 0xFF, 0xD0, 0x56]
    private static let whole: [UInt8] = [0xFF, 0xD8] + comment + frame + scan + data + [0xFF, 0xD9]

    @Test func aWholeImageIsTaken() throws {
        let whole = Self.whole
        let picture = try JPEGPicture(parsing: whole.span)
        #expect(picture.width == 160 && picture.height == 90)
    }

    @Test func noPartOfItIs() {
        for count in 0..<Self.whole.count {
            let part = Array(Self.whole[..<count])
            #expect(throws: ParseError.self, "\(count) bytes") { _ = try JPEGPicture(parsing: part.span) }
        }
    }

    @Test(
        arguments: [
            ("bytes behind it", whole + [0]),
            ("another image behind it", whole + whole),
            ("a second frame", [0xFF, 0xD8] + frame + frame + scan + data + [0xFF, 0xD9]),
            ("no frame", [0xFF, 0xD8] + scan + data + [0xFF, 0xD9]),
            ("a scan inside the scan", [0xFF, 0xD8] + frame + scan + data + scan + data + [0xFF, 0xD9]),
            ("a progressive frame", [0xFF, 0xD8, 0xFF, 0xC2] + frame[2...] + scan + data + [0xFF, 0xD9]),
            (
                "four colours",
                [0xFF, 0xD8, 0xFF, 0xC0, 0, 20, 8, 0, 90, 0, 160, 4] + frame[10...] + [4, 0x11, 1] + scan
            ),
            ("12 bits", [0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 12] + frame[5...] + scan + data + [0xFF, 0xD9]),
            ("no lines", [0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8, 0, 0] + frame[7...] + scan + data + [0xFF, 0xD9]),
            ("a segment without a length", [0xFF, 0xD8, 0xFF, 0xFE, 0, 1] + frame + scan + data + [0xFF, 0xD9]),
            ("a PNG", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
        ] as [(String, [UInt8])])
    func nothingElseIs(_ what: String, _ bytes: [UInt8]) {
        #expect(throws: ParseError.self, "\(what)") { _ = try JPEGPicture(parsing: bytes.span) }
    }

    @Test func sheetsHaveBounds() {
        #expect(PictureTiles(width: 320, height: 180, columns: 5, rows: 5).isPossible)
        for tiles in [
            PictureTiles(width: 0, height: 180), PictureTiles(width: 321, height: 180),
            PictureTiles(width: 320, height: 181), PictureTiles(width: 320, height: 180, columns: 0),
            PictureTiles(width: 16, height: 2, columns: 101, rows: 1),
            PictureTiles(width: 1920, height: 1080, columns: 2, rows: 1),
        ] { #expect(!tiles.isPossible, "\(tiles)") }
    }
}
