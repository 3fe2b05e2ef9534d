import Media
import Testing

@testable import HLS

@Suite("A revision that is read beside the one before is what it is by itself")
struct ReadPlaylistTests {
    /// The same numbers on every run.
    private struct Dice: RandomNumberGenerator {
        private var state: UInt64 = 7

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state ^ state >> 29) &* 0xBF58_476D_1CE4_E5B9
        }
    }

    private static func segment(_ number: UInt64, _ random: inout Dice) -> MediaSegment {
        var segment = MediaSegment(
            uri: "r/\(number).m4s",
            duration: SegmentDuration(
                Ticks(Int64.random(in: 1_900_000...2_000_000, using: &random), timescale: 1_000_000)))
        segment.map = MediaInitialization(uri: "r/init-\(number / 40).mp4")
        if number % 30 < 20 { segment.keys = [Key(method: .sampleAES, uri: "skd://\(number / 10)")] }
        segment.isDiscontinuity = number % 17 == 0
        segment.isGap = number % 23 == 0
        if number % 5 == 0 { segment.programDateTime = Ticks(Int64(number) * 2000, timescale: 1000) }
        if number % 29 == 0 { segment.unknownTags = ["#EXT-X-CUE-OUT:4.000000"] }
        return segment
    }

    private static func parts(of segment: Int) -> [PartialSegment] {
        (0..<3).map { PartialSegment(uri: "r/\(segment).\($0).m4s", duration: Ticks(1, timescale: 3)) }
    }

    @Test("What is behind a segment that has lost its parts is not read again")
    func findsTheSameAgain() throws {
        var playlist = MediaPlaylist(targetDuration: 2, mediaSequence: 7)
        for number in 0..<9 {
            playlist.segments.append(
                MediaSegment(uri: "r/\(number).m4s", duration: SegmentDuration(Ticks(2, timescale: 1))))
            if number > 4 { playlist.segments[number].parts = Self.parts(of: number) }
        }
        let known = try ReadPlaylist(parsing: playlist.serialize())
        playlist.segments[5].parts = []
        playlist.segments.removeFirst()
        playlist.mediaSequence += 1
        let read = try ReadPlaylist(parsing: playlist.serialize(), after: known)
        // All but the first and the one without its parts.
        #expect(read.takenOver == 6)
        #expect(read.playlist == (try ReadPlaylist(parsing: playlist.serialize()).playlist))
    }

    @Test("Over windows that slide, jump, go back and are torn")
    func readsTheSame() throws {
        var random = Dice()
        var all: [MediaSegment] = []
        for number in UInt64(0)..<400 { all.append(Self.segment(number, &random)) }
        var known: ReadPlaylist?
        var takenOver = 0
        var first = 0
        for _ in 0..<120 {
            let isJump = Int.random(in: 0..<4, using: &random) == 0
            first =
                isJump
                ? Int.random(in: 0..<300, using: &random) : min(first + Int.random(in: 0..<4, using: &random), 299)
            let last = min(first + Int.random(in: 1..<100, using: &random), 399)
            var playlist = MediaPlaylist(targetDuration: 2, mediaSequence: UInt64(first))
            playlist.segments = Array(all[first...last])
            for place in playlist.segments.indices.suffix(Int.random(in: 0...3, using: &random)) {
                playlist.segments[place].parts = Self.parts(of: place)
            }
            playlist.isEnded = Bool.random(using: &random)
            var lines = playlist.serialize().split(separator: "\n", omittingEmptySubsequences: false)
            // A line is lost, doubled, or said anew.
            if Int.random(in: 0..<3, using: &random) == 0 {
                let place = Int.random(in: 1..<lines.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: lines.remove(at: place)
                case 1: lines.insert(lines[place], at: place)
                case 2: lines.insert("#EXT-X-KEY:METHOD=NONE", at: place)
                default: lines.insert("#EXT-X-ENDLIST", at: place)
                }
            }
            var text = lines.joined(separator: Int.random(in: 0..<4, using: &random) > 0 ? "\n" : "\r\n")
            if Int.random(in: 0..<8, using: &random) == 0 { text.removeLast(min(text.count, 8)) }
            let alone = Result { () throws(PlaylistError) in try ReadPlaylist(parsing: text) }
            let beside = Result { () throws(PlaylistError) in try ReadPlaylist(parsing: text, after: known) }
            switch (alone, beside) {
            case (.success(let alone), .success(let beside)):
                #expect(alone.playlist == beside.playlist)
                takenOver += beside.takenOver
                known = beside
            case (.failure(let alone), .failure(let beside)): #expect("\(alone)" == "\(beside)")
            default: Issue.record("\(alone) and \(beside)")
            }
        }
        #expect(takenOver > 300)
    }
}
