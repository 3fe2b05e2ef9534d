import CommonEncryption
import MPEGTS
import Media
import Testing

@Suite struct OtherCodecTests {
    private let delimiter: [UInt8] = [0, 0, 0, 1, 0x46, 1, 0x50]

    private func hevcSegment(_ units: [[UInt8]], isSync: Bool) -> TrackSegment {
        let data = units.flatMap { (unit: [UInt8]) -> [UInt8] in [0, 0, 0, UInt8(unit.count)] + unit }
        return TrackSegment(
            samples: [.init(decodeTime: 0, duration: 3_000, isSync: isSync, offset: 0, size: data.count)],
            array: data)
    }

    private func stream(_ units: [[UInt8]]) -> [UInt8] { units.flatMap { [0, 0, 0, 1] + $0 } }

    @Test func hevcHasADelimiterAndItsParameterSets() throws {
        let muxer = try TransportStreamMuxer(tracks: [SyntheticMedia.hevc()])
        let (idr, slice): ([UInt8], [UInt8]) = ([0x26, 1, 7, 8], [0x02, 1, 9])
        let sets = SyntheticMedia.hevcParameterSets
        for (units, isSync, expected) in [
            ([idr], true, sets + [idr]),
            ([slice], false, [slice]),
            // Its own delimiter goes, its own parameter sets stay, and two of three are not enough.
            ([[0x46, 1, 0x10]] + sets + [idr], true, sets + [idr]),
            ([sets[0], sets[1], idr], true, sets + [sets[0], sets[1], idr]),
        ] as [([[UInt8]], Bool, [[UInt8]])] {
            let read = TransportStreamReader(try muxer.mux([hevcSegment(units, isSync: isSync)]))
            #expect(read.problems.isEmpty)
            #expect(read.pes[0x100]?.map(\.payload) == [delimiter + stream(expected)])
            #expect(read.pes[0x100]?.first?.isRandomAccess == isSync)
            #expect(read.streamTypes == [0x100: 0x24])
            #expect(read.descriptors == [0x100: [5, 4] + Array("HEVC".utf8)])
        }
    }

    @Test(arguments: [("AC-3", 0x81), ("EAC3", 0x87)]) func dolbyIsPrivateStream(_ name: String, _ type: Int) throws {
        let track = try name == "AC-3" ? SyntheticMedia.ac3() : SyntheticMedia.eac3()
        let segment = SyntheticMedia.ac3Segment(frames: 7)
        let bytes = try TransportStreamMuxer(tracks: [track]).mux([segment])
        let read = TransportStreamReader(bytes)
        #expect(read.problems.isEmpty)
        #expect(read.streamTypes == [0x101: type])
        #expect(read.descriptors == [0x101: [5, 4] + Array(name.utf8)])
        #expect(read.pes[0x101]?.flatMap(\.payload) == segment.array)
        #expect(read.pes[0x101]?.allSatisfy { $0.streamID == 0xBD } == true)
    }

    /// Parameter sets as large as a record may have them, before each of many pictures, would be gigabytes.
    @Test func parameterSetsHaveABound() throws {
        func muxer(_ size: Int) throws -> TransportStreamMuxer {
            let set = [0x67] + [UInt8](repeating: 1, count: size - 1)
            let record: [UInt8] =
                [1, 0x64, 0, 0x1F, 0xFF, 0xE1, UInt8(size >> 8), UInt8(size & 255)] + set + [1, 0, 2, 0x68, 1]
            let codec = CodecConfiguration.avc(
                try AVCDecoderConfigurationRecord(parsing: record), width: 1280, height: 720)
            return try TransportStreamMuxer(tracks: [Track(name: "v", timescale: 90_000, codec: codec)])
        }
        let count = 2000
        let samples = (0..<count).map {
            SampleReference(decodeTime: Int64($0) * 3000, duration: 3000, isSync: true, offset: $0 * 5, size: 5)
        }
        let segment = TrackSegment(
            samples: samples, array: Array(repeatElement([0, 0, 0, 1, 0x65], count: count).joined()))
        #expect(try muxer(500).mux([segment]).count > 500 * count)
        #expect(throws: TransportStreamError.self) { try muxer(60_000).mux([segment]) }
    }

    /// All of a stream in one byte is too little for 16 packets.
    @Test(arguments: [1, 2, 3, 50]) func dolbyOfNextToNothing(size: Int) throws {
        let samples = [SampleReference(decodeTime: 0, duration: 1536, isSync: true, offset: 0, size: size)]
        let segment = TrackSegment(samples: samples, array: [UInt8](repeating: 11, count: size))
        let picture = TrackSegment(
            samples: [.init(decodeTime: 0, duration: 3_000, isSync: true, offset: 0, size: 6)],
            array: [0, 0, 0, 2, 0x65, 1])
        let alone = try TransportStreamMuxer(tracks: [SyntheticMedia.ac3()])
        let beside = try TransportStreamMuxer(tracks: [SyntheticMedia.video(), SyntheticMedia.ac3()])
        guard size > 1 else {
            #expect(throws: TransportStreamError.self) { try alone.mux([segment]) }
            #expect(throws: TransportStreamError.self) { try beside.mux([picture, segment]) }
            return
        }
        for bytes in [try alone.mux([segment]), try beside.mux([picture, segment])] {
            let read = TransportStreamReader(bytes)
            #expect(read.problems.isEmpty && read.pes[0x101]?.flatMap(\.payload) == segment.array)
        }
    }

    /// The descriptors are those that Shaka Packager 3.8.0 writes for the same streams.
    @Test func protectedDolbyTellsItsSetup() throws {
        let key = try SampleAESTests.key()
        let tracks = [try SyntheticMedia.video(), try SyntheticMedia.ac3()]
        let segment = SyntheticMedia.ac3Segment(frames: 2)
        let picture = TrackSegment(
            samples: [.init(decodeTime: 0, duration: 3_000, isSync: true, offset: 0, size: 6)],
            array: [0, 0, 0, 2, 0x65, 1])
        let muxer = try TransportStreamMuxer(tracks: tracks, sampleAES: [key, key])
        let read = TransportStreamReader(try muxer.mux([picture, segment]))
        #expect(read.streamTypes == [0x100: 0xDB, 0x101: 0xC1])
        let ac3 = Array("ac3d".utf8) + [5, 22] + Array("apadzac3".utf8) + [0, 0, 1, 10]
        #expect(read.descriptors[0x101] == [0x0F, 4] + ac3 + segment.array.prefix(10))
        // Without a frame there is no setup data, and so nothing can be said of the stream.
        let silent = TransportStreamReader(try muxer.mux([picture, TrackSegment(samples: [], array: [])]))
        #expect(silent.streamTypes == [0x100: 0xDB])

        let eac3 = try TransportStreamMuxer(tracks: [SyntheticMedia.eac3()], sampleAES: [key])
        var frame: [UInt8] = [0x0B, 0x77, 0, 49, 0, 0x80] + [UInt8](repeating: 3, count: 94)
        let samples = [SampleReference(decodeTime: 0, duration: 1536, isSync: true, offset: 0, size: 100)]
        let other = TransportStreamReader(try eac3.mux([TrackSegment(samples: samples, array: frame)]))
        #expect(other.streamTypes == [0x101: 0xC2])
        let setup = Array("ec3d".utf8) + [5, 17] + Array("apadzec3".utf8) + [0, 0, 1, 5, 0x06, 0x00, 0x20, 0x04, 0x00]
        #expect(other.descriptors[0x101] == [0x0F, 4] + setup)
        frame[1] = 0
        #expect(throws: TransportStreamError.self) { try eac3.mux([TrackSegment(samples: samples, array: frame)]) }
    }

    @Test func whatHasNoFormIsRefused() throws {
        let key = try SampleAESTests.key()
        #expect(throws: TransportStreamError.self) {
            try TransportStreamMuxer(tracks: [SyntheticMedia.hevc()], sampleAES: [key])
        }
        // AAC Main has no name under SAMPLE-AES.
        let main = Track(name: "a", timescale: 48_000, codec: .aac(try AudioSpecificConfig(parsing: [0x09, 0x90])))
        #expect(throws: Never.self) { try TransportStreamMuxer(tracks: [main]) }
        #expect(throws: TransportStreamError.self) { try TransportStreamMuxer(tracks: [main], sampleAES: [key]) }
    }
}
