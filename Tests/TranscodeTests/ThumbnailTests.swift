import FFmpeg
import Media
import TestClips
import Testing

@testable import Transcode

/// Of each segment one sheet of pictures, whatever else the ladder does.
@Suite struct ThumbnailTests {
    private static let rungs = [
        VideoRung.quick("high", rate: FrameRate(30), gop: 30),
        VideoRung.quick("low", width: 128, rate: FrameRate(30), gop: 60, bFrames: 2),
    ]

    private func ladder(_ tiles: PictureTiles, _ video: [VideoRung] = Self.rungs) -> Ladder {
        var ladder = Ladder(video, [.stereo])
        ladder.thumbnails = ThumbnailRung(tiles: tiles)
        ladder.cutsAtSplices = true
        return ladder
    }

    private func expectOneForEachSegment(_ run: Run, track: Int, of tiles: PictureTiles) throws {
        #expect(run.tracks[track]?.codec == .jpeg(tiles) && run.tracks[track]?.name == "thumbnails")
        let sheets = try #require(run.samples[track])
        let starts = try #require(run.samples[0]).filter(\.startsSegment)
        #expect(sheets.map(\.segmentNumber) == starts.map(\.segmentNumber))
        #expect(sheets.map(\.sample.decodeTime) == starts.map(\.sample.decodeTime))
        for sheet in sheets {
            let data = sheet.sample.data
            let picture = try JPEGPicture(parsing: data.span)
            #expect(picture.width == tiles.sheetWidth && picture.height == tiles.sheetHeight)
            let frame = try StillPicture.decode(sheet.sample.data)
            #expect(frame.width == tiles.sheetWidth && frame.height == tiles.sheetHeight)
        }
    }

    @Test func eachSegmentHasASheet() throws {
        let tiles = PictureTiles(width: 64, height: 36, columns: 2, rows: 2)
        let run = try Run(ladder(tiles), try Clip.testPicture(rate: "30", seconds: 7, gop: 50, bFrames: 2))
        try expectOneForEachSegment(run, track: 3, of: tiles)
    }

    /// A splice moves a boundary: the segment that it ends early has its sheet, and so has the next.
    @Test(arguments: [3300, 4400] as [Int64]) func asManyAtSplices(at milliseconds: Int64) throws {
        let tiles = PictureTiles(width: 64, height: 36, columns: 3, rows: 1)
        let run = try Run(
            ladder(tiles), try Clip.testPicture(rate: "30", seconds: 8, gop: 50, bFrames: 0),
            splices: [(told: milliseconds - 1900, at: milliseconds)])
        #expect(run.moves.count == 1)
        try expectOneForEachSegment(run, track: 3, of: tiles)
    }

    /// Beside a rung that copies, segments begin where the source has its IDRs.
    @Test func asManyBesideACopy() throws {
        let tiles = PictureTiles(width: 64, height: 36)
        let run = try Run(
            ladder(tiles, [VideoRung(name: "source", codec: .copy), Self.rungs[1]]),
            try Clip.testPicture(rate: "30", seconds: 8, gop: 45, bFrames: 0))
        let sheets = try #require(run.samples[3]).map(\.segmentNumber)
        let starts = try #require(run.samples[1]).filter(\.startsSegment).map(\.segmentNumber)
        #expect(sheets == starts && sheets.count > 2)
    }

    /// A sheet is out before anything of the segment after it, in which somebody could take the segment to be whole.
    @Test func noneIsLate() throws {
        let clip = try Clip.testPicture(rate: "30", seconds: 6, gop: 30, bFrames: 0, audio: false)
        var ladder = ladder(PictureTiles(width: 64, height: 36, columns: 5, rows: 2), [Self.rungs[1]])
        ladder.audio = []
        let session = try TranscodeSession(
            ladder: ladder, anchor: TimeAnchor(inputMilliseconds: 0, epochMilliseconds: Run.epochMilliseconds))
        try session.configure(video: .avc(AVCDecoderConfigurationRecord(parsing: clip.videoConfiguration)))
        var outputs: [TranscodeOutput] = []
        for sample in clip.video { outputs += try session.push(video: sample.input) }
        outputs += try session.finish()
        var drawn: Set<UInt64> = []
        for case .sample(let track, _, let number, let begins) in outputs {
            if track == 1 {
                drawn.insert(number)
            } else if begins, number > 0 {
                #expect(drawn.isEmpty || drawn.contains(number - 1), "segment \(number) begins")
            }
        }
        #expect(drawn.count >= 3)
    }

    /// Colours are those of the picture, though JPEG has another matrix and range than it.
    @Test(arguments: [(1, 0), (6, 0)] as [(UInt32, Int)])
    func coloursStay(_ matrix: UInt32, _ place: Int) throws {
        let tiles = PictureTiles(width: 64, height: 36, columns: 2, rows: 1)
        // Pure green: Y, Cb and Cr in limited range by BT.709 and by BT.601.
        let (y, cb, cr): (UInt8, UInt8, UInt8) = matrix == 1 ? (173, 42, 26) : (145, 54, 34)
        let frame = try StillPicture.plain(width: 128, height: 72, y: y, cb: cb, cr: cr, matrix: matrix)
        var sheet = try PictureSheet(tiles)
        try sheet.place(frame, at: place, sourceHeight: 72)
        let decoded = try StillPicture.decode(try sheet.encode())
        // In BT.601 and full range.
        let (luma, blue, red) = decoded.element(x: 32, y: 18)
        #expect(abs(luma - 150) <= 4 && abs(blue - 44) <= 4 && abs(red - 21) <= 4, "\(luma) \(blue) \(red)")
        #expect(decoded.element(x: 96, y: 18).luma <= 4, "the other place is black")
    }

    @Test func withoutAnEncodedRungThereAreNone() {
        let error = #expect(throws: TranscodeError.self) {
            _ = try TranscodeSession(
                ladder: ladder(PictureTiles(width: 64, height: 36), [VideoRung(name: "source", codec: .copy)]),
                anchor: TimeAnchor(inputMilliseconds: 0, epochMilliseconds: 0))
        }
        #expect(error?.description.contains("encoded rung") == true)
    }
}
