import FFmpeg
import Foundation
import Media
import TestClips
import Testing
import Transcode

@Suite struct SlateEncoderTests {
    private static let audio = AudioRung(name: "stereo", codec: .aac, bitrate: 96_000, sampleRate: 48_000, channels: 2)

    private static func pictures(_ coded: SlateEncoder.Coded, rounds: Int = 1) throws -> [Frame] {
        guard case .avc(let record, _, _) = coded.track.codec else { return [] }
        var decoder = try Decoder(.avc(record), threads: 1)
        var frames: [Frame] = []
        for (index, sample) in (0..<rounds).flatMap({ _ in coded.samples }).enumerated() {
            try decoder.send(sample.data, presentationTime: Int64(index))
            while let frame = try decoder.receive() { frames.append(frame) }
        }
        try decoder.sendEnd()
        while let frame = try decoder.receive() { frames.append(frame) }
        return frames
    }

    @Test func aGOPOfBlackForEachRungAndAFrameOfSilence() throws {
        let ladder = Ladder(
            [
                .quick("high", rate: FrameRate(30), gop: 60),
                .quick("low", width: 96, height: 54, rate: FrameRate(30), gop: 30),
            ], [Self.audio])
        let coded = try SlateEncoder(ladder).encode(nil)
        #expect(coded.map(\.track.name) == ["high", "low", "stereo"])
        #expect(coded.map(\.samples.count) == [60, 30, 1])
        for (rung, size) in zip(coded, [(160, 90), (96, 54)]) {
            #expect(rung.samples.map(\.isSync).indices(of: true).ranges.map(\.lowerBound) == [0])
            #expect(rung.samples.allSatisfy { $0.compositionOffset == 0 && $0.duration == 3000 })
            // Repeated as it is, it plays on: every picture comes out, in order, black.
            let frames = try Self.pictures(rung, rounds: 3)
            #expect(frames.map(\.presentationTime) == (0..<Int64(rung.samples.count * 3)).map { $0 })
            #expect(frames.allSatisfy { $0.meanLuma == 16 && $0.width == size.0 && $0.height == size.1 })
        }
        guard case .aac(let configuration) = coded[2].track.codec else {
            Issue.record("not AAC")
            return
        }
        var decoder = try Decoder(.aac(configuration))
        var resampler = Resampler(sampleRate: 48_000, channels: 2)
        var heard = PCMBlock(channels: 2)
        for index in 0..<20 as Range<Int64> {
            try decoder.send(coded[2].samples[0].data, presentationTime: index)
            while let frame = try decoder.receive() { heard.append(try resampler.convert(frame)) }
        }
        #expect(heard.count >= 19 * 1024 && heard.channels.allSatisfy { $0.allSatisfy { abs($0) < 0.0001 } })
    }

    @Test func theSameLadderGivesTheSameBytes() throws {
        let ladder = Ladder([.quick("high", rate: FrameRate(30), gop: 60)], [Self.audio])
        #expect(try SlateEncoder(ladder).encode(nil) == SlateEncoder(ladder).encode(nil))
    }

    @Test func rungsThatCopyGetPlainOnesOfTheirName() throws {
        let copy = VideoRung(name: "source", codec: .copy)
        let alone = try SlateEncoder(
            Ladder([copy], [AudioRung(name: "sound", codec: .copy, language: "de")])
        ).encode(nil)
        #expect(alone[0].track.name == "source" && alone[0].track.codec.pictureSize?.width == 1280)
        #expect(alone[0].samples.count == 30)
        #expect(alone[1].track.name == "sound" && alone[1].track.timescale == 48_000)
        #expect(alone[1].track.language == "de")
        let beside = try SlateEncoder(
            Ladder([copy, .quick("low", width: 96, height: 54, rate: FrameRate(25), gop: 50)])
        ).encode(nil)
        #expect(beside[0].track.codec.pictureSize?.width == 96 && beside[0].track.frameRate == FrameRate(25))
    }

    // MARK: Images

    private static let greenPNG =
        "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAACXBIWXMAAAABAAAAAQBPJcTWAAAAFUlEQVR4nGNg2M1AGhrVMKph+GoAAGvSuwHaETr/AAAAAElFTkSuQmCC"

    private static let whitePNG =
        "iVBORw0KGgoAAAANSUhEUgAAAAQAAAACCAIAAADwyuo0AAAACXBIWXMAAAABAAAAAQBPJcTWAAAADklEQVR4nGP4jwQYkDkANvEX6SAXxcIAAAAASUVORK5CYII="

    @Test func anImageIsShownAsLargeAsItFits() throws {
        let picture = try StillPicture.decode(Array(try #require(Data(base64Encoded: Self.whitePNG))))
        #expect(picture.width == 4 && picture.height == 2)
        // 2:1 on 16:9 leaves a stripe above and below: 160 by 80 of 160 by 90.
        let coded = try SlateEncoder(Ladder([.quick("high", rate: FrameRate(30), gop: 30)])).encode(picture)
        let luma = try #require(try Self.pictures(coded[0]).first?.meanLuma)
        let expected = (235 * 80 + 16 * 10) / 90
        #expect(abs(luma - expected) <= 3)
        // And on a tall one at the sides.
        let tall = try StillPicture.fitted(picture, width: 64, height: 128)
        #expect(abs((tall.meanLuma ?? 0) - (235 * 32 + 16 * 96) / 128) <= 2)
    }

    /// Green is brightest where the matrix is BT.709's: as it is said to be.
    @Test func coloursAreThoseOfTheMatrixThatIsSaid() throws {
        let picture = try StillPicture.decode(Array(try #require(Data(base64Encoded: Self.greenPNG))))
        #expect(picture.colour == Colour(primaries: 1, transfer: 1, matrix: 1))
        let coded = try SlateEncoder(Ladder([.quick("high", rate: FrameRate(30), gop: 30)])).encode(picture)
        let frame = try #require(try Self.pictures(coded[0]).first)
        #expect(frame.colour == picture.colour)
        // 16 + 219 * 0.7152 * 188 / 255 in the 90 columns of 160 that the square fills; BT.601 would give 111.
        let luma = (131 * 90 + 16 * 70) / 160
        #expect(abs((frame.meanLuma ?? 0) - luma) <= 2)
    }

    @Test func whatIsNoImageIsRefused() throws {
        let png = Array(try #require(Data(base64Encoded: Self.whitePNG)))
        for bytes in [[], Array("GIF89a".utf8), Array(png.prefix(40)), [0xFF, 0xD8, 0xFF, 0xE0, 0, 16]] {
            #expect(throws: FFmpegError.self) { try StillPicture.decode(bytes) }
        }
    }
}
