import HLS
import Media
import Testing

/// Playlists with parts. RFC 8216bis (draft 16), clause 4.4.
@Suite struct LowLatencyPlaylistTests {
    private static func seconds(_ microseconds: Int64) -> Ticks { Ticks(microseconds, timescale: 1_000_000) }

    private static let text = """
        #EXTM3U
        #EXT-X-VERSION:9
        #EXT-X-TARGETDURATION:2
        #EXT-X-MEDIA-SEQUENCE:800000000
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.000000,HOLD-BACK=6.000000,PART-HOLD-BACK=0.990000
        #EXT-X-PART-INF:PART-TARGET=0.330000
        #EXT-X-SKIP:SKIPPED-SEGMENTS=3
        #EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://a",KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1"
        #EXT-X-MAP:URI="r/init-1-1.mp4"
        #EXTINF:2.000000,
        r/800000003.m4s
        #EXT-X-PROGRAM-DATE-TIME:2020-09-13T12:26:48.000Z
        #EXT-X-PART:DURATION=1.000000,URI="r/800000004.0.m4s",INDEPENDENT=YES
        #EXT-X-PART:DURATION=1.000000,URI="r/800000004.1.m4s"
        #EXTINF:2.000000,
        r/800000004.m4s
        #EXT-X-DISCONTINUITY
        #EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://b",KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1"
        #EXT-X-MAP:URI="r/init-2-2.mp4"
        #EXT-X-PROGRAM-DATE-TIME:2020-09-13T12:26:50.000Z
        #EXT-X-PART:DURATION=0.330000,URI="r/800000005.0.m4s",INDEPENDENT=YES
        #EXT-X-PART:DURATION=0.330000,URI="r/800000005.m4s",BYTERANGE="90@10",GAP=YES
        #EXT-X-PRELOAD-HINT:TYPE=PART,URI="r/800000005.2.m4s"
        #EXT-X-RENDITION-REPORT:URI="../stereo/playlist.m3u8",LAST-MSN=800000005,LAST-PART=1

        """

    private static func key(_ uri: String) -> Key {
        Key(method: .sampleAES, uri: uri, keyFormat: "com.apple.streamingkeydelivery", keyFormatVersions: "1")
    }

    private static var playlist: MediaPlaylist {
        var playlist = MediaPlaylist(
            targetDuration: 2, mediaSequence: 800_000_000, hasIndependentSegments: true,
            segments: [
                MediaSegment(
                    uri: "r/800000003.m4s", duration: SegmentDuration(seconds(2_000_000)), keys: [key("skd://a")],
                    map: MediaInitialization(uri: "r/init-1-1.mp4")),
                MediaSegment(
                    uri: "r/800000004.m4s", duration: SegmentDuration(seconds(2_000_000)),
                    programDateTime: Ticks(1_600_000_008_000, timescale: 1000), keys: [key("skd://a")],
                    map: MediaInitialization(uri: "r/init-1-1.mp4"),
                    parts: [
                        PartialSegment(uri: "r/800000004.0.m4s", duration: seconds(1_000_000), isIndependent: true),
                        PartialSegment(uri: "r/800000004.1.m4s", duration: seconds(1_000_000)),
                    ]),
            ])
        playlist.serverControl = ServerControl(
            canBlockReload: true, canSkipUntil: seconds(12_000_000), holdBack: seconds(6_000_000),
            partHoldBack: seconds(990_000))
        playlist.partInformation = PartInformation(target: seconds(330_000))
        playlist.skip = Skip(segments: 3)
        playlist.segmentInProgress = SegmentInProgress(
            isDiscontinuity: true, programDateTime: Ticks(1_600_000_010_000, timescale: 1000), keys: [key("skd://b")],
            map: MediaInitialization(uri: "r/init-2-2.mp4"),
            parts: [
                PartialSegment(uri: "r/800000005.0.m4s", duration: seconds(330_000), isIndependent: true),
                PartialSegment(
                    uri: "r/800000005.m4s", duration: seconds(330_000), byteRange: ByteRange(length: 90, offset: 10),
                    isGap: true),
            ])
        playlist.preloadHints = [PreloadHint(kind: .part, uri: "r/800000005.2.m4s")]
        playlist.renditionReports = [
            RenditionReport(uri: "../stereo/playlist.m3u8", lastSequence: 800_000_005, lastPart: 1)
        ]
        return playlist
    }

    @Test func valuesToTextAndBack() throws {
        #expect(Self.playlist.serialize() == Self.text)
        #expect(try MediaPlaylist(parsing: Self.text) == Self.playlist)
    }

    @Test(arguments: [
        ("CAN-SKIP-UNTIL=12.000000", "CAN-SKIP-UNTIL=soon", "CAN-SKIP-UNTIL is no number of seconds: soon"),
        ("PART-TARGET=0.330000", "PART-TARGET=0", "EXT-X-PART-INF without PART-TARGET"),
        ("#EXT-X-SKIP:SKIPPED-SEGMENTS=3", "#EXT-X-SKIP:OTHER=3", "EXT-X-SKIP without SKIPPED-SEGMENTS"),
        ("DURATION=0.330000,URI=\"r/800000005.0.m4s\"", "DURATION=0.330000", "a part without URI or DURATION"),
        ("TYPE=PART", "TYPE=WHOLE", "a preload hint without a known TYPE, or without URI"),
        ("LAST-MSN=800000005", "LAST-MSN=-1", "LAST-MSN is no number: -1"),
    ]) func brokenTagsAreRefused(_ good: String, _ bad: String, _ reason: String) {
        do throws(PlaylistError) {
            _ = try MediaPlaylist(parsing: Self.text.replacing(good, with: bad))
            Issue.record("read all the same")
        } catch { #expect(error.reason == reason) }
    }

    @Test func aDeltaUpdateStandsForTheWhole() throws {
        var previous = Self.playlist
        previous.skip = nil
        previous.mediaSequence -= 2
        previous.segments = (799_999_998...800_000_003).map {
            MediaSegment(uri: "r/\($0).m4s", duration: SegmentDuration(Self.seconds(2_000_000)))
        }
        let whole = try Self.playlist.completed(from: previous)
        #expect(whole.skip == nil)
        #expect(whole.mediaSequence == 800_000_000)
        #expect(whole.segments.map(\.uri) == (800_000_000...800_000_004).map { "r/\($0).m4s" })
        #expect(whole.segmentInProgress == Self.playlist.segmentInProgress)
        #expect(try previous.completed(from: whole) == previous, "a whole playlist is what it is")
        previous.segments.removeLast(2)
        #expect(throws: PlaylistError.self) { try Self.playlist.completed(from: previous) }
        previous.mediaSequence += 3
        #expect(throws: PlaylistError.self) { try Self.playlist.completed(from: previous) }
    }
}
