import ISOBMFF
import Media
import MediaMemory
import TestSupport
import Testing
import Timeline

/// Chunks of a worker, honest and lying, against the bounds of what is under way.
@Suite struct SegmentAssemblyTests {
    private static let duration = Ticks(2, timescale: 1)
    private static let number: UInt64 = 800_000_000

    private let video: SyntheticTrack
    private let audio: SyntheticTrack

    init() throws {
        video = try .video()
        audio = try .audio()
    }

    private func assembly(_ tracks: [SyntheticTrack], first: UInt64 = Self.number) -> SegmentAssembly {
        SegmentAssembly(tracks: tracks.map(\.track), segmentDuration: Self.duration, firstNumber: first)
    }

    /// One sample that lasts so long.
    private func chunk(at decodeTime: Int64, lasting duration: Int64) -> [UInt8] {
        var sample = video.sample(at: decodeTime, isSync: true)
        sample.duration = UInt32(duration)
        return CMAFChunk.serialize(sequenceNumber: 1, samples: [sample])
    }

    private func reason(_ body: () throws(ParseError) -> Void) -> String {
        do throws(ParseError) {
            try body()
            return "nothing was thrown"
        } catch { return error.reason }
    }

    /// Samples of no bytes cost a table all the same, which is kept with the chunk.
    @Test func samplesWithoutBytesAreBounded() throws {
        var assembly = assembly([video, audio])
        let start = Int64(Self.number) * 180_000
        func chunk(_ first: Int64) -> [UInt8] {
            let samples = (0..<40_000).map { index in
                Sample(
                    decodeTime: first + Int64(index), compositionOffset: 0, duration: 1, isSync: index == 0, data: [])
            }
            return CMAFChunk.serialize(sequenceNumber: 1, samples: samples)
        }
        _ = try assembly.append(track: 0, segment: Self.number, endsSegment: false, bytes: chunk(start))
        let reason = reason { () throws(ParseError) in
            _ = try assembly.append(track: 0, segment: Self.number, endsSegment: true, bytes: chunk(start + 40_000))
        }
        #expect(reason == "segment \(Self.number) has more than 65536 samples of a track")
    }

    @Test func whatIsProtectedIsNotClear() throws {
        var assembly = assembly([video])
        let keyID = try #require(KeyID(bytes: Array(repeating: 3, count: 16)))
        let sample = SampleLocation(
            offset: 0, size: 5, decodeTime: Int64(Self.number) * 180_000, duration: 3000, compositionOffset: 0,
            isSync: true)
        var writer = ByteWriter(capacity: 256)
        FragmentWriter(keyGroup: .cenc(keyID: keyID), systemBoxes: [])
            .write(sequenceNumber: 1, samples: [sample], to: &writer)
        writer.write(bytes: [0, 0, 0, 1, 0x65])
        let reason = reason { () throws(ParseError) in
            _ = try assembly.append(track: 0, segment: Self.number, endsSegment: true, bytes: writer.bytes)
        }
        #expect(reason == "a chunk that is protected")
    }

    @Test func aSegmentIsWholeWhenItsLastTrackEnds() throws {
        var assembly = assembly([video, audio])
        let pictures = video.chunks(of: Self.number, Self.duration, parts: 3)
        let sound = audio.chunks(of: Self.number, Self.duration, parts: 2)
        for (index, chunk) in pictures.enumerated() {
            let whole = try assembly.append(track: 0, segment: Self.number, endsSegment: index == 2, bytes: chunk)
            #expect(whole.isEmpty)
        }
        #expect(try assembly.append(track: 1, segment: Self.number, endsSegment: false, bytes: sound[0]).isEmpty)
        let whole = try assembly.append(track: 1, segment: Self.number, endsSegment: true, bytes: sound[1])
        let segment = try #require(whole.first)
        #expect(whole.count == 1)
        #expect(segment.number == Self.number)
        #expect(segment.media.map(\.bytes.array) == [pictures.flatMap(\.self), sound.flatMap(\.self)])
        #expect(segment.tracks[0].decodeTime == 1_600_000_000 * 90000)
        #expect(segment.tracks[0].duration == 180_000)
        #expect(segment.tracks[0].byteCount == pictures.joined().count)
        #expect(
            segment.tracks[0].chunks.map(\.offset) == [0, pictures[0].count, pictures[0].count + pictures[1].count])
        #expect(segment.tracks[0].chunks.map(\.duration) == [60000, 60000, 60000])
        #expect(segment.tracks[0].chunks.map(\.isIndependent) == [true, false, false])
        #expect(segment.tracks[1].decodeTime == audio.start(of: Self.number, Self.duration))
        #expect(segment.tracks[1].chunks.map(\.byteCount) == sound.map(\.count))
        #expect(assembly.firstFreeNumber == Self.number + 1)
    }

    /// What playlists say of the longest must stay true: it must round to that, and does half a second further.
    @Test(arguments: [(nil, 2), (Ticks(4, timescale: 1), 4)] as [(Ticks?, Int64)])
    func noSegmentIsLongerThanTheChannelSays(_ longest: Ticks?, _ seconds: Int64) throws {
        for (length, fits) in [(seconds * 90_000 + 44_999, true), (seconds * 90_000 + 45_000, false)] {
            var assembly = SegmentAssembly(
                tracks: [video.track], segmentDuration: Self.duration, longestSegment: longest,
                firstNumber: Self.number)
            let chunk = self.chunk(at: video.start(of: Self.number, Self.duration), lasting: length)
            let reason = reason { () throws(ParseError) in
                _ = try assembly.append(track: 0, segment: Self.number, endsSegment: true, bytes: chunk)
            }
            #expect((reason == "nothing was thrown") == fits, "\(reason)")
        }
    }

    @Test func whatIsNotWholeIsBounded() throws {
        let chunk = chunk(at: video.start(of: Self.number, Self.duration), lasting: 90_000)
        for (bytes, fits) in [(chunk.count / 2, false), (chunk.count * 4, true)] {
            var assembly = SegmentAssembly(
                tracks: [video.track], segmentDuration: Self.duration, maximumOpenBytes: bytes, firstNumber: Self.number
            )
            let reason = reason { () throws(ParseError) in
                _ = try assembly.append(track: 0, segment: Self.number, endsSegment: false, bytes: chunk)
            }
            #expect((reason == "nothing was thrown") == fits, "\(reason)")
        }
    }

    /// Whatever ladder a profile may say.
    @Test func theBoundHasRoomForTwoSegmentsOfTheLadder() {
        var rung = VideoRung(name: "2160p", codec: .h264, frameRate: FrameRate(50), bitrate: 60_000_000)
        var ladder = Ladder(video: [rung], audio: [], segmentDurationSeconds: 30, partDurationMilliseconds: 1000)
        #expect(ladder.bytesOfTwoSegments(inputBitrate: 20_000_000) == 450_000_000)
        rung.codec = .copy
        rung.bitrate = 0
        ladder.video = [rung]
        // Of what is copied a segment may be twice as long.
        #expect(ladder.bytesOfTwoSegments(inputBitrate: 20_000_000) == 300_000_000)
        let limits = ChannelTimeline.Limits(
            segmentDuration: Ticks(30, timescale: 1), windowSeconds: 60,
            openBytes: ladder.bytesOfTwoSegments(inputBitrate: 20_000_000))
        #expect(limits.openBytes == 300_000_000)
        // One that is being listed does not push its own tracks out, and one that waits has all it needs.
        #expect(limits.memoryBytes == 600_000_000 && limits.standbyBytes == 600_000_000)
        #expect(
            ChannelTimeline.Limits(segmentDuration: Ticks(2, timescale: 1), windowSeconds: 60).openBytes == 96 << 20)
    }

    /// Who went on to the next segment cannot come back to one before.
    @Test func aTrackDoesNotGoBack() throws {
        var assembly = assembly([video, audio])
        let start = video.start(of: Self.number + 1, Self.duration)
        let next = chunk(at: start, lasting: 90_000)
        let back = chunk(at: start + 90_000, lasting: 90_000)
        _ = try assembly.append(track: 0, segment: Self.number + 1, endsSegment: false, bytes: next)
        #expect(
            reason { () throws(ParseError) in
                _ = try assembly.append(track: 0, segment: Self.number, endsSegment: true, bytes: back)
            } == "a chunk of segment \(Self.number) after one of segment \(Self.number + 1)")
    }

    @Test func tracksMayRunApartByAFewSegments() throws {
        var assembly = assembly([video, audio])
        for number in Self.number..<Self.number + 4 {
            for (index, chunk) in video.chunks(of: number, Self.duration).enumerated() {
                _ = try assembly.append(track: 0, segment: number, endsSegment: index == 1, bytes: chunk)
            }
        }
        let fifth = video.chunks(of: Self.number + 4, Self.duration)[0]
        var copy = assembly
        #expect(
            reason { () throws(ParseError) in
                _ = try copy.append(track: 0, segment: Self.number + 4, endsSegment: false, bytes: fifth)
            } == "more than 4 unfinished segments")
        var order: [UInt64] = []
        for number in Self.number..<Self.number + 4 {
            let chunk = audio.chunks(of: number, Self.duration, parts: 1)[0]
            order += try assembly.append(track: 1, segment: number, endsSegment: true, bytes: chunk).map(\.number)
        }
        #expect(order == Array(Self.number..<Self.number + 4))
    }

    @Test func aSegmentThatOneTrackNeverHadIsDroppedByTheNext() throws {
        var assembly = assembly([video, audio])
        for number in [Self.number, Self.number + 1] {
            let chunk = video.chunks(of: number, Self.duration, parts: 1)[0]
            _ = try assembly.append(track: 0, segment: number, endsSegment: true, bytes: chunk)
        }
        let chunk = audio.chunks(of: Self.number + 1, Self.duration, parts: 1)[0]
        let whole = try assembly.append(track: 1, segment: Self.number + 1, endsSegment: true, bytes: chunk)
        #expect(whole.map(\.number) == [Self.number + 1])
        let late = audio.chunks(of: Self.number, Self.duration, parts: 1)[0]
        #expect(
            reason { () throws(ParseError) in
                _ = try assembly.append(track: 1, segment: Self.number, endsSegment: true, bytes: late)
            } == "segment \(Self.number) when \(Self.number + 2) is the first free one")
    }

    @Test func theEndClosesWhatEveryTrackHas() throws {
        var assembly = assembly([video, audio])
        _ = try assembly.append(
            track: 0, segment: Self.number, endsSegment: false, bytes: video.chunks(of: Self.number, Self.duration)[0])
        #expect(assembly.finish().isEmpty, "a segment without sound is dropped")
        var second = self.assembly([video, audio])
        let parts = [video.chunks(of: Self.number, Self.duration)[0], audio.chunks(of: Self.number, Self.duration)[0]]
        for (track, chunk) in parts.enumerated() {
            _ = try second.append(track: track, segment: Self.number, endsSegment: false, bytes: chunk)
        }
        let short = try #require(second.finish().first)
        #expect(short.tracks.map(\.duration) == [90000, 47 * 1024])
        #expect(short.media.map(\.bytes.array) == parts)
        #expect(second.firstFreeNumber == Self.number + 1)
        #expect(second.finish().isEmpty)
    }

    @Test func timesNeverGoBackWithinATrack() throws {
        var assembly = assembly([video, audio])
        let chunks = video.chunks(of: Self.number, Self.duration, parts: 3)
        _ = try assembly.append(track: 0, segment: Self.number, endsSegment: false, bytes: chunks[1])
        for chunk in [chunks[0], chunks[1]] {
            var copy = assembly
            #expect(
                reason { () throws(ParseError) in
                    _ = try copy.append(track: 0, segment: Self.number, endsSegment: false, bytes: chunk)
                }.contains("lies before"))
        }
    }

    @Test func nothingComesAfterTheEndOfASegment() throws {
        var assembly = assembly([video, audio])
        let chunks = video.chunks(of: Self.number, Self.duration)
        _ = try assembly.append(track: 0, segment: Self.number, endsSegment: true, bytes: chunks[0])
        #expect(
            reason { () throws(ParseError) in
                _ = try assembly.append(track: 0, segment: Self.number, endsSegment: true, bytes: chunks[1])
            } == "a chunk after the end of segment \(Self.number)")
    }

    @Test func tracksAndNumbersAreThoseAnnounced() throws {
        var assembly = assembly([video])
        let chunk = video.chunks(of: Self.number, Self.duration)[0]
        for track in [1, 255] {
            #expect(
                reason { () throws(ParseError) in
                    _ = try assembly.append(track: track, segment: Self.number, endsSegment: false, bytes: chunk)
                } == "chunk of track \(track) of 1")
        }
        #expect(
            reason { () throws(ParseError) in
                _ = try assembly.append(track: 0, segment: Self.number - 1, endsSegment: false, bytes: chunk)
            }.contains("is the first free one"))
    }

    /// An IV of cenc is made of the decode time: two samples at one time would have one key stream.
    @Test func samplesWithoutADurationAreRefused() throws {
        var assembly = assembly([video])
        var samples = video.samples(of: Self.number, Self.duration)
        samples[7].duration = 0
        let chunk = CMAFChunk.serialize(sequenceNumber: 1, samples: samples)
        #expect(
            reason { () throws(ParseError) in
                _ = try assembly.append(track: 0, segment: Self.number, endsSegment: true, bytes: chunk)
            } == "a sample without a duration")
    }

    /// What is listed under a number lies there in time: keys are bound by the number, IVs made of the time.
    @Test(arguments: [0, 1_599_000_000 * 90000, 1_600_000_010 * 90000, .max - 1_000_000] as [Int64])
    func aNumberGoesWithItsTime(_ decodeTime: Int64) throws {
        var assembly = assembly([video])
        let chunk = CMAFChunk.serialize(sequenceNumber: 1, samples: [video.sample(at: decodeTime, isSync: true)])
        #expect(
            reason { () throws(ParseError) in
                _ = try assembly.append(track: 0, segment: Self.number, endsSegment: true, bytes: chunk)
            }.contains("does not lie in segment \(Self.number)"))
    }

    @Test(arguments: [.max, .max - 1, 1 << 62] as [UInt64])
    func numbersBeyondEveryClockAreRefused(_ number: UInt64) throws {
        var assembly = assembly([video])
        let chunk = video.chunks(of: Self.number, Self.duration)[0]
        #expect(
            reason { () throws(ParseError) in
                _ = try assembly.append(track: 0, segment: number, endsSegment: true, bytes: chunk)
            }.contains("does not lie in segment"))
    }

    @Test func aSegmentOfTooManyChunksIsRefused() throws {
        var assembly = assembly([video])
        let start = video.start(of: Self.number, Self.duration)
        #expect(
            reason { () throws(ParseError) in
                for index in 0..<5000 {
                    var sample = video.sample(at: start + Int64(index), isSync: true)
                    sample.duration = 1
                    let chunk = CMAFChunk.serialize(sequenceNumber: 1, samples: [sample])
                    _ = try assembly.append(track: 0, segment: Self.number, endsSegment: false, bytes: chunk)
                }
            } == "segment \(Self.number) has more than 4096 chunks")
    }

    @Test func brokenChunksThrowAndNeverTrap() throws {
        var random = SplitMix(seed: 11)
        let chunk = video.chunks(of: Self.number, Self.duration)[0]
        var refused = 0
        for _ in 0..<1000 {
            var assembly = assembly([video])
            do throws(ParseError) {
                _ = try assembly.append(
                    track: 0, segment: Self.number, endsSegment: true, bytes: random.mutate(chunk))
            } catch { refused += 1 }
        }
        #expect(refused > 100)
    }
}
