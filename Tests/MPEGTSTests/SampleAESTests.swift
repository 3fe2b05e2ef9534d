import CommonEncryption
import Foundation
import MPEGTS
import Media
import Testing

@Suite struct SampleAESTests {
    static let iv: [UInt8] = (0..<16).map { 0xA0 + $0 }
    static let keyBytes: [UInt8] = (0..<16).map { $0 }

    static func key() throws -> SampleAESKey {
        try SampleAESKey(key: #require(ContentKey(keyBytes)), iv: iv)
    }

    /// The descriptors are those that Shaka Packager 3.8.0 writes for the same streams.
    @Test func programMapNamesWhatIsProtected() throws {
        let tracks = [try SyntheticMedia.video(reorderDelay: 3_000), try SyntheticMedia.audio(language: "en")]
        let segments = [
            SyntheticMedia.videoSegment(from: 900_000, frames: 4),
            SyntheticMedia.audioSegment(from: 480_256, frames: 4),
        ]
        let key = try Self.key()
        let zavc: [UInt8] = [0x0F, 4] + Array("zavc".utf8)
        let aacd: [UInt8] =
            [0x0F, 4] + Array("aacd".utf8) + [0x05, 14] + Array("apadzaac".utf8) + [0, 0, 1, 2, 0x11, 0x90]
        let language: [UInt8] = [0x0A, 4] + Array("eng".utf8) + [0]
        for (keys, types, descriptors) in [
            ([key, key], [0x100: 0xDB, 0x101: 0xCF], [0x100: zavc, 0x101: aacd + language]),
            ([key, nil], [0x100: 0xDB, 0x101: 0x0F], [0x100: zavc, 0x101: language]),
            ([nil, key], [0x100: 0x1B, 0x101: 0xCF], [0x100: [], 0x101: aacd + language]),
        ] as [([SampleAESKey?], [Int: Int], [Int: [UInt8]])] {
            let read = TransportStreamReader(try TransportStreamMuxer(tracks: tracks, sampleAES: keys).mux(segments))
            #expect(read.problems.isEmpty)
            #expect(read.streamTypes == types)
            #expect(read.descriptors == descriptors)
            #expect(read.programMapVersion == 1)
        }
        let clear = TransportStreamReader(try TransportStreamMuxer(tracks: tracks).mux(segments))
        #expect(clear.programMapVersion == 0)
    }

    @Test(arguments: [(5, "zach"), (29, "zacp")] as [(UInt8, String)])
    func heAACIsNamed(_ objectType: UInt8, _ name: String) throws {
        // 24 kHz core, 48 kHz extension.
        let configuration: [UInt8] = [objectType << 3 | 3, 0x08 | 0x01, 0x88]
        let track = Track(
            name: "a", timescale: 48_000, codec: .aac(try AudioSpecificConfig(parsing: configuration)))
        let muxer = try TransportStreamMuxer(tracks: [track], sampleAES: [Self.key()])
        let read = TransportStreamReader(try muxer.mux([SyntheticMedia.audioSegment(from: 0, frames: 1)]))
        #expect(read.descriptors[0x101]?[8...15].elementsEqual(Array("apad\(name)".utf8)) == true)
    }

    /// Only what the format says to encrypt changes; times, order and framing stay.
    @Test func framesKeepTheirPlaces() throws {
        let tracks = [try SyntheticMedia.video(reorderDelay: 3_000), try SyntheticMedia.audio()]
        let segments = [
            SyntheticMedia.videoSegment(from: 900_000, frames: 30),
            SyntheticMedia.audioSegment(from: 480_256, frames: 47),
        ]
        let key = try Self.key()
        let clear = TransportStreamReader(try TransportStreamMuxer(tracks: tracks).mux(segments))
        let bytes = try TransportStreamMuxer(tracks: tracks, sampleAES: [key, key]).mux(segments)
        let protected = TransportStreamReader(bytes)
        #expect(protected.problems.isEmpty)
        for packetID in [0x100, 0x101] {
            let (clear, protected) = try (#require(clear.pes[packetID]), #require(protected.pes[packetID]))
            try #require(clear.count == protected.count)
            for (clear, protected) in zip(clear, protected) {
                #expect(clear.presentationTime == protected.presentationTime)
                #expect(clear.decodeTime == protected.decodeTime)
                #expect(clear.payload != protected.payload || clear.payload.count < 60)
                if packetID == 0x101 { #expect(clear.payload.count == protected.payload.count) }
            }
        }
        #expect(try TransportStreamMuxer(tracks: tracks, sampleAES: [key, key]).mux(segments) == bytes)
    }

    @Test func whatCannotBeProtectedMakesNoSegment() throws {
        var segment = SyntheticMedia.videoSegment(from: 900_000, frames: 4)
        let muxer = try TransportStreamMuxer(
            tracks: [SyntheticMedia.video(reorderDelay: 3_000)], sampleAES: [Self.key()])
        // The slice becomes data partition A: behind ten bytes of SEI and the slice's own length.
        segment.array[segment.samples[1].offset + 14] = 0x62
        do {
            _ = try muxer.mux([segment])
            Issue.record("a segment with clear picture data")
        } catch {
            #expect(error.code == .unprotected)
        }
        segment.samples[1].offset = .max
        #expect(throws: TransportStreamError.self) { try muxer.mux([segment]) }
    }
}

/// What FFmpeg makes of our segments by its own code for this format.
@Suite(.enabled(if: FFmpeg.isInstalled), .timeLimit(.minutes(5))) struct SampleAESInteropTests {
    @Test(
        arguments: [(["v", "a"], .aac), (["a"], .aac), (["a"], .ac3), (["a"], .eac3)]
            as [([String], EncodedSource.AudioCodec)])
    func decryptedByFFmpeg(_ kinds: [String], _ audioCodec: EncodedSource.AudioCodec) throws {
        let source = try EncodedSource(base: 1_763_000_000, .h264, audioCodec)
        let video = source.videoSegments
        let audio = source.audioSegments(startingWith: video)
        let tracks = kinds.map { $0 == "v" ? source.video : source.audio }
        let key = try SampleAESTests.key()
        let clear = try TransportStreamMuxer(tracks: tracks)
        let protected = try TransportStreamMuxer(tracks: tracks, sampleAES: tracks.map { _ in key })
        try Data(SampleAESTests.keyBytes).write(to: source.directory.appending(path: "key.bin"))
        let iv = SampleAESTests.iv.map { String($0, radix: 16) }.joined()
        var lists = [
            "clear": "#EXTM3U\n#EXT-X-VERSION:5\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n"
        ]
        lists["protected"] = (lists["clear"] ?? "") + "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"key.bin\",IV=0x\(iv)\n"
        for index in video.indices {
            let segments = kinds.map { $0 == "v" ? video[index] : audio[index] }
            for (name, muxer) in [("clear", clear), ("protected", protected)] {
                let bytes = try muxer.mux(segments)
                #expect(TransportStreamReader(bytes).problems.isEmpty)
                try Data(bytes).write(to: source.directory.appending(path: "\(name)\(index).ts"))
                lists[name, default: ""] += "#EXTINF:2,\n\(name)\(index).ts\n"
            }
        }
        for (name, list) in lists {
            let file = source.directory.appending(path: "\(name).m3u8")
            try Data((list + "#EXT-X-ENDLIST\n").utf8).write(to: file)
        }
        for kind in kinds {
            let expected = try samples(source.directory.appending(path: "clear.m3u8"), kind)
            let found = try samples(source.directory.appending(path: "protected.m3u8"), kind)
            #expect(expected.count == (kind == "v" ? video : audio).reduce(0) { $0 + $1.samples.count })
            // FFmpeg has no key any more for the packet that its parser gives out at the end of the list.
            #expect(found.dropLast() == expected.dropLast())
        }
    }

    /// Times, sizes and hashes of the packets of one stream.
    private func samples(_ list: URL, _ kind: String) throws -> [Substring] {
        try FFmpeg.run(
            "ffmpeg", "-v", "error", "-allowed_extensions", "ALL", "-i", list.path, "-map", "0:\(kind)", "-c", "copy",
            "-f", "framehash", "-hash", "md5", "-"
        ).split(separator: "\n").filter { !$0.hasPrefix("#") }
    }
}
