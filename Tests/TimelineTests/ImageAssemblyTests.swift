import ISOBMFF
import Media
import MediaMemory
import TestSupport
import Testing
import Timeline

/// Sheets of thumbnails among the chunks of a worker, honest and lying.
@Suite struct ImageAssemblyTests {
    private static let duration = Ticks(2, timescale: 1)
    private static let number: UInt64 = 800_000_000

    private let video: SyntheticTrack
    private let images = SyntheticTrack.thumbnails()

    init() throws { video = try .video() }

    private func assembly() -> SegmentAssembly {
        SegmentAssembly(
            tracks: [video.track, images.track], segmentDuration: Self.duration, firstNumber: Self.number)
    }

    private func sheet(_ number: UInt64 = Self.number) -> [UInt8] { images.chunks(of: number, Self.duration)[0] }

    private func chunk(_ images: [[UInt8]]) -> [UInt8] {
        let start = self.images.start(of: Self.number, Self.duration)
        return CMAFChunk.serialize(
            sequenceNumber: 1,
            samples: images.enumerated().map { index, data in
                Sample(
                    decodeTime: start + Int64(index) * 3000, compositionOffset: 0, duration: 3000, isSync: true,
                    data: data)
            })
    }

    @Test func anImageStandsForItsSegment() throws {
        var assembly = assembly()
        for (index, bytes) in video.chunks(of: Self.number, Self.duration).enumerated() {
            let whole = try assembly.append(
                track: 0, segment: Self.number, endsSegment: index == 1, bytes: bytes)
            #expect(whole.isEmpty, "without its image it is not whole")
        }
        #expect(assembly.begun != nil, "though its parts can be shown")
        let whole = try assembly.append(track: 1, segment: Self.number, endsSegment: true, bytes: sheet())
        let share = try #require(whole.first).tracks[1]
        #expect(share.decodeTime == 1_600_000_000 * 90_000 && share.duration == 180_000)
        #expect(share.byteCount == sheet().count)
    }

    @Test(
        arguments: [
            ("no image", [[1, 2, 3, 4]]),
            ("an image of another size", [SyntheticTrack.image(width: 32)]),
            ("more than the image", [SyntheticTrack.image() + [0]]),
            ("two images", [SyntheticTrack.image(), SyntheticTrack.image()]),
        ] as [(String, [[UInt8]])])
    func whatIsNoSheetEndsTheWorker(_ what: String, _ data: [[UInt8]]) {
        var assembly = assembly()
        let bytes = chunk(data)
        #expect(throws: ParseError.self, "\(what)") {
            _ = try assembly.append(track: 1, segment: Self.number, endsSegment: true, bytes: bytes)
        }
    }

    @Test func anImageEndsItsSegment() {
        var assembly = assembly()
        let bytes = sheet()
        #expect(throws: ParseError.self) {
            _ = try assembly.append(track: 1, segment: Self.number, endsSegment: false, bytes: bytes)
        }
    }

    /// A publication that breaks off before the image: what parts were shown of becomes whole all the same.
    @Test func atTheEndTheImageBeforeStandsIn() throws {
        var assembly = assembly()
        for number in [Self.number, Self.number + 1] {
            let chunks = video.chunks(of: number, Self.duration)
            if number == Self.number {
                _ = try assembly.append(track: 1, segment: number, endsSegment: true, bytes: sheet())
            }
            for (index, bytes) in chunks.dropLast(number == Self.number ? 0 : 1).enumerated() {
                _ = try assembly.append(track: 0, segment: number, endsSegment: index == 1, bytes: bytes)
            }
        }
        let whole = try #require(assembly.finish().first)
        #expect(whole.number == Self.number + 1)
        #expect(whole.media[1].bytes.array == sheet())
        #expect(whole.tracks[1].duration == whole.tracks[0].duration)
    }

    @Test func withoutAnyThereIsNone() throws {
        var assembly = assembly()
        _ = try assembly.append(
            track: 0, segment: Self.number, endsSegment: false, bytes: video.chunks(of: Self.number, Self.duration)[0])
        let whole = try #require(assembly.finish().first)
        #expect(whole.media[1].bytes.count == 0 && whole.tracks[1].byteCount == 0)
    }
}
