import CommonEncryption
import ISOBMFF
import Keys
import Media
import MediaMemory
import Packager
import Settings
import TestSupport
import Testing
import Timeline

/// What is served of a segment: protected, always the same, and never clear by mistake.
@Suite struct SegmentPackagerTests {
    private let stage: Stage
    private static let protected: [EndpointProfile] = [
        .transportStream(), .transportStream(group: true), .fairPlay, .dash(),
    ]

    init() throws { stage = try Stage([[0, 1, 2, 3, 4, 5, 6]]) }

    private func make(
        _ endpoint: EndpointProfile, _ name: String, _ number: UInt64, keys: PeriodKeys?, clear: [UInt8]? = nil
    ) throws(PackagingError) -> [UInt8] {
        let found: (clear: [UInt8], track: StoredTrack)
        do { found = try stage.clear(number, name) } catch {
            throw .missingMedia(segment: number, track: name)
        }
        let bytes = clear ?? found.clear
        if endpoint.container == .ts {
            return try SegmentPackager.transportStream(
                [(bytes, found.track)], number: number, endpoint: endpoint, keys: keys
            ).array
        }
        return try SegmentPackager.cmaf(bytes, number: number, track: found.track, endpoint: endpoint, keys: keys)
            .array
    }

    private func keys(_ endpoint: EndpointProfile, _ number: UInt64) throws -> PeriodKeys {
        try SyntheticKeys.keys(of: Stage.period(of: number), systems: endpoint.encryption?.systems ?? [])
    }

    /// Whether a piece of a clear frame shows in the bytes.
    private func showsClear(_ bytes: [UInt8], _ samples: [Sample]) -> Bool {
        func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        var served: Set<UInt64> = []
        var last: UInt64 = 0
        for byte in bytes {
            last = last << 8 | UInt64(byte)
            served.insert(last)
        }
        return samples.contains { served.contains(word($0.data.suffix(8))) }
    }

    @Test(arguments: Self.protected) func theSameSegmentIsTheSameBytes(_ endpoint: EndpointProfile) throws {
        for name in ["720p", "stereo"] {
            let keys = try keys(endpoint, Stage.number)
            let first = try make(endpoint, name, Stage.number, keys: keys)
            try #expect(first == make(endpoint, name, Stage.number, keys: keys))
            try #expect(first != make(endpoint, name, Stage.number + 1, keys: keys))
        }
    }

    /// ISO/IEC 14496-12:2022, clause 8.16.5: seconds since 1900 and their fraction, of the chunk's first frame.
    @Test(arguments: [true, false]) func chunksBeginWithTheTimeOfDayWhereItIsAskedFor(_ isProtected: Bool) throws {
        var endpoint = EndpointProfile.dash(.number)
        if !isProtected { endpoint.encryption = nil }
        let number = Stage.number + 1
        let plain = try make(endpoint, "stereo", number, keys: isProtected ? keys(endpoint, number) : nil)
        endpoint.inbandProducerReferenceTime = true
        let dated = try make(endpoint, "stereo", number, keys: isProtected ? keys(endpoint, number) : nil)
        let fragments = try MovieFragmentTable(parsing: dated.span).fragments
        #expect(dated.count == plain.count + fragments.count * 32)
        var reader = ByteReader(dated.span)
        var times: [ProducerReferenceTime] = []
        var types: [FourCC] = []
        while !reader.isAtEnd {
            let box = try reader.readBoxHeader()
            types.append(box.type)
            if box.type == ProducerReferenceTime.boxType {
                let time: ProducerReferenceTime = try reader.readBox(box)
                times.append(time)
            } else {
                try reader.skipBox(box)
            }
        }
        #expect(types == (0..<fragments.count).flatMap { _ in ["prft", "moof", "mdat"] as [FourCC] })
        #expect(times.map(\.mediaTime) == fragments.map { UInt64($0.baseMediaDecodeTime) })
        for time in times {
            #expect(time.flags == 0)
            let seconds = Double(time.ntpTimestamp) / 4_294_967_296 - 2_208_988_800
            #expect(abs(seconds - Double(time.mediaTime) / 48000) < 0.000_001)
        }
    }

    @Test func protectedChunksLieWhereTheClearOnesDid() throws {
        for endpoint in [EndpointProfile.fairPlay, .dash()] {
            for name in ["720p", "stereo"] {
                let (clear, _) = try stage.clear(Stage.number, name)
                let bytes = try make(endpoint, name, Stage.number, keys: keys(endpoint, Stage.number))
                let before = try MovieFragmentTable(parsing: clear.span)
                let after = try MovieFragmentTable(parsing: bytes.span)
                #expect(after.fragments.map(\.baseMediaDecodeTime) == before.fragments.map(\.baseMediaDecodeTime))
                #expect(after.fragments.map(\.duration) == before.fragments.map(\.duration))
                #expect(
                    after.fragments.map { $0.samples.map(\.size) } == before.fragments.map { $0.samples.map(\.size) })
                #expect(
                    after.fragments.map { $0.samples.map(\.compositionOffset) }
                        == before.fragments.map { $0.samples.map(\.compositionOffset) })
            }
        }
    }

    /// cenc: no 8-byte IV comes twice under a key, over all renditions and segments that share it.
    @Test func noIVComesTwice() throws {
        var seen: Set<[UInt8]> = []
        var count = 0
        for number in Stage.number..<Stage.number + 5 {
            for name in ["720p", "360p", "stereo"] {
                let bytes = try make(.dash(), name, number, keys: keys(.dash(), number))
                for fragment in try MovieFragmentTable(parsing: bytes.span, perSampleIVSize: 8).fragments {
                    let encryption = try #require(fragment.encryption)
                    for index in 0..<encryption.sampleCount {
                        seen.insert(Array(encryption.iv(ofSample: index)))
                        count += 1
                    }
                }
            }
        }
        #expect(count > 5 * (60 + 60 + 92))
        #expect(seen.count == count)
    }

    @Test(arguments: Self.protected) func withoutAKeyNothingIsMade(_ endpoint: EndpointProfile) throws {
        for name in ["720p", "stereo"] {
            #expect(
                throws: PackagingError.noKey(track: name)
            ) { _ = try make(endpoint, name, Stage.number, keys: nil) }
        }
    }

    @Test(arguments: Self.protected) func nothingClearShows(_ endpoint: EndpointProfile) throws {
        for (name, track) in [("720p", stage.tracks[0]), ("stereo", stage.tracks[2])] {
            let samples = track.samples(of: Stage.number, Stage.duration)
            let bytes = try make(endpoint, name, Stage.number, keys: keys(endpoint, Stage.number))
            // cbcs leaves nine blocks of ten of video clear, and the rest of a block at the end.
            if endpoint.encryption?.scheme != .cbcs { #expect(!showsClear(bytes, samples)) }
            try #expect(showsClear(stage.clear(Stage.number, name).clear, samples), "the check itself must see it")
        }
    }

    /// Broken media of a worker is refused or protected; it never comes out as it went in, and nothing traps.
    @Test(arguments: Self.protected) func brokenMediaNeverComesOutClear(_ endpoint: EndpointProfile) throws {
        var random = SplitMix(seed: 5)
        let keys = try keys(endpoint, Stage.number)
        var refused = 0
        for name in ["720p", "stereo"] {
            let (clear, _) = try stage.clear(Stage.number, name)
            for _ in 0..<100 {
                let broken = random.mutate(clear)
                do throws(PackagingError) {
                    let made = try make(endpoint, name, Stage.number, keys: keys, clear: broken)
                    #expect(made != broken)
                } catch { refused += 1 }
            }
        }
        #expect(refused > 0)
    }

    /// Picture data of extensions has no slice header that is known: it is refused, not left clear.
    @Test(arguments: [2, 3, 4, 19, 20, 21] as [UInt8]) func unknownPictureDataIsRefused(_ type: UInt8) throws {
        let track = stage.tracks[0]
        var samples = track.samples(of: Stage.number, Stage.duration)
        samples[1].data[4] = 0x60 | type
        let clear = track.chunks(of: samples).flatMap(\.self)
        for endpoint in [EndpointProfile.fairPlay, .dash()] {
            #expect(throws: PackagingError.self) {
                _ = try make(endpoint, "720p", Stage.number, keys: keys(endpoint, Stage.number), clear: clear)
            }
        }
    }

    @Test func twoSamplesAtOneTimeAreNotProtected() throws {
        let track = stage.tracks[2]
        var samples = track.samples(of: Stage.number, Stage.duration)
        samples[3].duration = 0
        let clear = track.chunks(of: samples).flatMap(\.self)
        #expect(throws: PackagingError.self) {
            _ = try make(.dash(), "stereo", Stage.number, keys: keys(.dash(), Stage.number), clear: clear)
        }
    }

    @Test func aClearEndpointServesWhatIsStored() throws {
        let (clear, track) = try stage.clear(Stage.number, "720p")
        try #expect(make(.clearHLS, "720p", Stage.number, keys: nil) == clear)
        try #expect(SegmentPackager.header(of: track, endpoint: .clearHLS, keys: nil) == track.header)
    }

    @Test func headersSayTheKey() throws {
        let (_, track) = try stage.clear(Stage.number, "stereo")
        for endpoint in [EndpointProfile.fairPlay, .dash()] {
            let keys = try keys(endpoint, Stage.number)
            let header = try SegmentPackager.header(of: track, endpoint: endpoint, keys: keys)
            let protection = try #require(try CMAFHeader(parsing: header.span).protection)
            #expect(protection.defaultKeyID == keys.audio.keyID)
            #expect(protection.scheme == endpoint.encryption?.scheme)
        }
        // AES-128 leaves headers alone.
        var wholeSegments = EndpointProfile.transportStream()
        wholeSegments.container = .cmaf
        try #expect(
            SegmentPackager.header(of: track, endpoint: wholeSegments, keys: keys(wholeSegments, 0)) == track.header)
    }

    @Test func wholeSegmentsOpenWithTheKeyAndTheIVOfThePlaylist() throws {
        let endpoint = EndpointProfile.transportStream()
        let window = try stage.window(endpoint)
        let segment = try #require(window.segment(Stage.number + 5))
        let keys = try #require(segment.keys)
        let shares = try window.muxed(with: stage.clear(Stage.number + 5, "720p").track, in: segment).map {
            try stage.clear(Stage.number + 5, $0.track.name)
        }
        #expect(shares.map(\.track.track.name) == ["720p", "stereo"])
        let sealed = try SegmentPackager.transportStream(
            shares, number: Stage.number + 5, endpoint: endpoint, keys: keys)
        let playlist = try PlaylistPackager.media("720p", window)
        let lines = playlist.split(separator: "\n")
        let place = try #require(lines.firstIndex { $0.hasSuffix("\(Stage.number + 5).ts") })
        let line = try #require(lines[..<place].last { $0.hasPrefix("#EXT-X-KEY") })
        let text = try #require(line.firstMatch(of: /IV=0x([0-9A-F]{32})/)).1
        let iv = try #require(KeyID(parsing: text)).bytes
        let stream = try AES128Segment.open(sealed.span, key: keys.video.key, iv: iv)
        #expect(stream.count % 188 == 0)
        #expect(stride(from: 0, to: stream.count, by: 188).allSatisfy { stream[$0] == 0x47 })
        var clear = endpoint
        clear.encryption = nil
        let plain = try SegmentPackager.transportStream(
            shares, number: Stage.number + 5, endpoint: clear, keys: nil)
        #expect(stream == plain.array)
    }
}
