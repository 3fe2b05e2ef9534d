import MPEGTS
import Media
import MediaMemory
import Testing

private let videoPID = 0x100
private let audioPID = 0x101
private let delimiter: [UInt8] = [0, 0, 0, 1, 9, 0xF0]
private let epoch: Int64 = 1_763_000_000
private let wrap: Int64 = 1 << 33

@Suite struct TransportStreamMuxerTests {
    struct Shape: CustomTestStringConvertible {
        var testDescription: String
        var videoFrames = 0
        var audioFrames = 0
        var interval: Int64 = 3_000
        var sizes = 20...3_000
        var audioSizes = 1...700
    }

    static let shapes: [Shape] = [
        Shape(testDescription: "2 s of both", videoFrames: 60, audioFrames: 94),
        Shape(testDescription: "video alone", videoFrames: 30),
        Shape(testDescription: "audio alone", audioFrames: 94),
        Shape(testDescription: "one tiny picture", videoFrames: 1, sizes: 1...1),
        Shape(testDescription: "one tiny audio frame", audioFrames: 1, audioSizes: 1...1),
        Shape(testDescription: "tiny pictures", videoFrames: 17, audioFrames: 3, sizes: 1...9, audioSizes: 1...2),
        Shape(testDescription: "large pictures", videoFrames: 2, audioFrames: 3, sizes: 60_000...80_000),
        Shape(testDescription: "four pictures a second", videoFrames: 8, audioFrames: 94, interval: 22_500),
    ]

    private func make(_ shape: Shape, number: Int64 = 0) throws -> (tracks: [Track], segments: [TrackSegment]) {
        var tracks: [Track] = []
        var segments: [TrackSegment] = []
        let start = epoch + number * 2
        if shape.videoFrames > 0 {
            tracks.append(try SyntheticMedia.video(reorderDelay: UInt32(shape.interval)))
            segments.append(
                SyntheticMedia.videoSegment(
                    from: start * 90_000, frames: shape.videoFrames, interval: shape.interval, sizes: shape.sizes,
                    seed: UInt64(number + 1)))
        }
        if shape.audioFrames > 0 {
            tracks.append(try SyntheticMedia.audio())
            segments.append(
                SyntheticMedia.audioSegment(
                    from: start * 48_000 / 1024 * 1024, frames: shape.audioFrames, sizes: shape.audioSizes,
                    seed: UInt64(number + 7)))
        }
        return (tracks, segments)
    }

    @Test(arguments: shapes) func payloadAndTimesComeBack(_ shape: Shape) throws {
        let (tracks, segments) = try make(shape)
        let bytes = try TransportStreamMuxer(tracks: tracks).mux(segments)
        let read = TransportStreamReader(bytes)
        #expect(read.problems.isEmpty)
        for (track, segment) in zip(tracks, segments) {
            let data = SyntheticMedia.data(segment)
            if track.kind == .video {
                let pes = try #require(read.pes[videoPID])
                try #require(pes.count == segment.samples.count)
                for (index, sample) in segment.samples.enumerated() {
                    var expected = delimiter
                    if sample.isSync {
                        expected += [0, 0, 0, 1] + SyntheticMedia.sps + [0, 0, 0, 1] + SyntheticMedia.pps
                    }
                    // The SEI of six bytes, then the slice.
                    expected += [0, 0, 0, 1] + data[index][4..<10] + [0, 0, 0, 1] + data[index][14...]
                    #expect(pes[index].payload == expected)
                    #expect(pes[index].presentationTime == (sample.decodeTime + Int64(sample.compositionOffset)) % wrap)
                    #expect(pes[index].decodeTime == (sample.decodeTime - Int64(track.reorderDelay)) % wrap)
                    #expect(pes[index].isRandomAccess == sample.isSync)
                }
            } else {
                let pes = try #require(read.pes[audioPID])
                #expect(pes.flatMap { unframe($0) } == data)
                var sample = 0
                for packet in pes {
                    let time = Ticks(segment.samples[sample].decodeTime, timescale: 48_000)
                    #expect(packet.presentationTime == time.rescaled(to: 90_000, rounding: .nearest).value % wrap)
                    #expect(packet.decodeTime == packet.presentationTime)
                    sample += unframe(packet).count
                }
            }
        }
    }

    @Test(arguments: shapes) func segmentsMadeApartJoinWithoutContinuityError(_ shape: Shape) throws {
        var joined: [UInt8] = []
        for number in 0..<3 as Range<Int64> {
            let (tracks, segments) = try make(shape, number: number)
            let bytes = try TransportStreamMuxer(tracks: tracks).mux(segments)
            let read = TransportStreamReader(bytes)
            #expect(read.payloadPackets.values.allSatisfy { $0 % 16 == 0 })
            #expect(read.lastCounters.values.allSatisfy { $0 == 15 })
            #expect(read.payloadPackets[0] == 16)
            #expect(read.payloadPackets[0x1000] == 16)
            joined += bytes
        }
        #expect(TransportStreamReader(joined).problems.isEmpty)
    }

    @Test(arguments: shapes) func clockComesOftenAndBeforeItsDecodeTimes(_ shape: Shape) throws {
        let (tracks, segments) = try make(shape)
        let read = TransportStreamReader(try TransportStreamMuxer(tracks: tracks).mux(segments))
        let clockPID = shape.videoFrames > 0 ? videoPID : audioPID
        #expect(read.clockPacketID == clockPID)
        #expect(read.clocks.allSatisfy { $0.packetID == clockPID })
        for (earlier, later) in zip(read.clocks, read.clocks.dropFirst()) {
            #expect((1...9_000).contains(later.value - earlier.value))
        }
        let pes = read.pes.values.joined()
        for packet in pes {
            let clock = try #require(read.clocks.last { $0.packet <= packet.packet })
            // The system target decoder may hold data for a second. ISO/IEC 13818-1:2022, clause 2.4.2.7.
            #expect((0...90_000).contains(packet.decodeTime - clock.value))
        }
        let last = try #require(read.clocks.last)
        let end = segments.indices.first.flatMap { segments[$0].samples.last }.map { sample in
            let track = tracks[0]
            let end = sample.decodeTime - Int64(track.reorderDelay) + Int64(sample.duration)
            return Ticks(end, timescale: track.timescale).rescaled(to: 90_000).value % wrap
        }
        #expect(try #require(end) - 45_000 - last.value <= 9_000)
    }

    @Test func tablesStartTheSegmentAndAreSpacedEvenly() throws {
        let (tracks, segments) = try make(Self.shapes[0])
        let bytes = try TransportStreamMuxer(tracks: tracks).mux(segments)
        let read = TransportStreamReader(bytes)
        let places = try #require(read.places[0])
        #expect(places.first == 0)
        #expect(read.places[0x1000] == places.map { $0 + 1 })
        let even = bytes.count / 188 / 16
        for (earlier, later) in zip(places, places.dropFirst()) { #expect(abs(later - earlier - even) <= 2) }
    }

    @Test func picturesAndSoundAreInterleavedByDecodeTime() throws {
        let (tracks, segments) = try make(Self.shapes[0])
        for order in [[0, 1], [1, 0]] {
            let read = TransportStreamReader(
                try TransportStreamMuxer(tracks: order.map { tracks[$0] }).mux(order.map { segments[$0] }))
            let all = read.pes.values.joined().sorted { $0.packet < $1.packet }
            for (earlier, later) in zip(all, all.dropFirst()) { #expect(earlier.decodeTime <= later.decodeTime) }
            #expect(try #require(read.pes[audioPID]).count == 14, "seven frames of 21.3 ms in a PES packet")
        }
    }

    @Test func timesWrapAt33Bits() throws {
        let start = wrap * 18 - 6_000
        let segment = SyntheticMedia.videoSegment(from: start, frames: 30)
        let read = TransportStreamReader(
            try TransportStreamMuxer(tracks: [SyntheticMedia.video(reorderDelay: 3_000)]).mux([segment]))
        #expect(read.problems.isEmpty)
        let pes = try #require(read.pes[videoPID])
        #expect(pes.map(\.decodeTime).prefix(5) == [wrap - 9_000, wrap - 6_000, wrap - 3_000, 0, 3_000])
        #expect(pes.map(\.presentationTime).prefix(3) == [wrap - 6_000, 3_000, wrap - 3_000])
        #expect(read.clocks[0].value == wrap - 9_000 - 45_000)
        #expect(read.clocks.contains { $0.value == 0 })
    }

    @Test func clockGoesOnWhileThereIsNoPicture() throws {
        let (tracks, segments) = try make(Self.shapes[0])
        let bytes = try TransportStreamMuxer(tracks: tracks).mux([TrackSegment(samples: [], array: []), segments[1]])
        let read = TransportStreamReader(bytes)
        #expect(read.problems.isEmpty)
        #expect(read.payloadPackets[videoPID] == nil)
        #expect(read.clocks.count == read.pes[audioPID]?.count)
        #expect(TransportStreamReader(bytes + bytes).problems.isEmpty)
    }

    @Test func soundIsNotGroupedOverAHole() throws {
        var segment = SyntheticMedia.audioSegment(from: 0, frames: 8)
        for index in 3..<8 { segment.samples[index].decodeTime += 4_800 }
        let read = TransportStreamReader(
            try TransportStreamMuxer(tracks: [SyntheticMedia.audio()]).mux([segment]))
        #expect(read.pes[audioPID]?.map(\.presentationTime) == [0, 5_760 + 9_000, 5_760 + 9_000 + 7_680])
    }

    @Test func ownParameterSetsAndDelimitersAreNotDoubled() throws {
        let sample =
            SyntheticMedia.nal(9, [0x10]) + SyntheticMedia.nal(7, [1, 2, 3]) + SyntheticMedia.nal(8, [4])
            + SyntheticMedia.nal(5, [5, 6])
        let segment = TrackSegment(
            samples: [.init(decodeTime: 0, duration: 3_000, isSync: true, offset: 0, size: sample.count)],
            array: sample)
        let read = TransportStreamReader(try TransportStreamMuxer(tracks: [SyntheticMedia.video()]).mux([segment]))
        #expect(
            read.pes[videoPID]?.first?.payload
                == delimiter + [0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x68, 4, 0, 0, 0, 1, 0x65, 5, 6])
    }

    @Test func languageIsNamedWhereItIsKnown() throws {
        let segment = SyntheticMedia.audioSegment(from: 0, frames: 3)
        let cases: [(String, [UInt8])] = [
            ("de-CH", [0x0A, 4] + Array("deu".utf8) + [0]), ("gsw", [0x0A, 4] + Array("gsw".utf8) + [0]),
            ("und", []), ("xx", []), ("", []), ("1a", []),
        ]
        for (language, expected) in cases {
            let read = TransportStreamReader(
                try TransportStreamMuxer(tracks: [SyntheticMedia.audio(language: language)]).mux([segment]))
            #expect(read.descriptors[audioPID] == expected, "\(language)")
            #expect(read.streamTypes == [audioPID: 0x0F])
            #expect(read.problems.isEmpty)
        }
    }

    @Test func sameInputGivesTheSameBytes() throws {
        let (tracks, segments) = try make(Self.shapes[0])
        let first = try TransportStreamMuxer(tracks: tracks).mux(segments)
        let second = try TransportStreamMuxer(tracks: tracks).draft(segments, spareCapacity: 16)
        #expect(second.capacity == first.count + 16)
        #expect(second.finish().array == first)
    }

    private func unframe(_ pes: TransportStreamReader.PES) -> [[UInt8]] {
        var frames: [[UInt8]] = []
        var offset = 0
        while offset + 7 <= pes.payload.count {
            let head = pes.payload[offset..<offset + 7].map { Int($0) }
            guard head[0] == 0xFF, head[1] == 0xF1, head[2] == 1 << 6 | 3 << 2, head[3] >> 6 == 2 else { return [] }
            let length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
            guard length > 7, offset + length <= pes.payload.count else { return [] }
            frames.append(Array(pes.payload[offset + 7..<offset + length]))
            offset += length
        }
        return frames
    }
}
