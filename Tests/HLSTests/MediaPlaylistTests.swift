import HLS
import Media
import Testing

@Suite struct MediaPlaylistTests {
    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var playlist: MediaPlaylist
    }

    static func seconds(_ microseconds: Int64) -> SegmentDuration {
        SegmentDuration(Ticks(microseconds, timescale: 1_000_000))
    }

    static let iv = [UInt8](0..<16)
    static let fairPlay = Key(
        method: .sampleAES, uri: "skd://key/7", keyFormat: "com.apple.streamingkeydelivery", keyFormatVersions: "1")
    static let widevine = Key(
        method: .sampleAES, uri: "data:text/plain;base64,AAAA",
        keyFormat: "urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed",
        keyFormatVersions: "1", keyID: KeyID(parsing: "00112233-4455-6677-8899-aabbccddeeff"))

    static let cases: [Case] = [
        Case(
            testDescription: "clear TS window",
            text: """
                #EXTM3U
                #EXT-X-VERSION:3
                #EXT-X-TARGETDURATION:6
                #EXT-X-MEDIA-SEQUENCE:293833333
                #EXT-X-DISCONTINUITY-SEQUENCE:4
                #EXT-X-INDEPENDENT-SEGMENTS
                #EXT-X-PROGRAM-DATE-TIME:2025-11-13T02:13:20.000Z
                #EXTINF:6.000000,
                720p/1/293833333.ts
                #EXT-X-DISCONTINUITY
                #EXT-X-PROGRAM-DATE-TIME:2025-11-13T02:13:26.006Z
                #EXTINF:5.994000,
                720p/2/293833334.ts
                #EXT-X-GAP
                #EXTINF:6.000000,
                720p/2/293833335.ts

                """,
            playlist: MediaPlaylist(
                targetDuration: 6, mediaSequence: 293_833_333, discontinuitySequence: 4, hasIndependentSegments: true,
                segments: [
                    MediaSegment(
                        uri: "720p/1/293833333.ts", duration: seconds(6_000_000),
                        programDateTime: Ticks(1_763_000_000_000, timescale: 1000)),
                    MediaSegment(
                        uri: "720p/2/293833334.ts", duration: seconds(5_994_000), isDiscontinuity: true,
                        programDateTime: Ticks(1_763_000_006_006, timescale: 1000)),
                    MediaSegment(uri: "720p/2/293833335.ts", duration: seconds(6_000_000), isGap: true),
                ])),
        Case(
            testDescription: "AES-128 that rotates, then ends",
            text: """
                #EXTM3U
                #EXT-X-VERSION:3
                #EXT-X-TARGETDURATION:6
                #EXT-X-MEDIA-SEQUENCE:10
                #EXT-X-PLAYLIST-TYPE:EVENT
                #EXT-X-KEY:METHOD=AES-128,URI="https://keys.example/keys/1",IV=0x000102030405060708090A0B0C0D0E0F
                #EXTINF:6.000000,
                10.ts
                #EXTINF:6.000000,
                11.ts
                #EXT-X-KEY:METHOD=AES-128,URI="https://keys.example/keys/2",IV=0x000102030405060708090A0B0C0D0E0F
                #EXTINF:6.000000,
                12.ts
                #EXT-X-KEY:METHOD=NONE
                #EXTINF:6.000000,
                13.ts
                #EXT-X-ENDLIST

                """,
            playlist: MediaPlaylist(
                targetDuration: 6, mediaSequence: 10, playlistType: .event, isEnded: true,
                segments: (10...13).map { number in
                    let uri = number < 12 ? "https://keys.example/keys/1" : "https://keys.example/keys/2"
                    let key = Key(method: .aes128, uri: uri, iv: iv)
                    return MediaSegment(
                        uri: "\(number).ts", duration: seconds(6_000_000), keys: number < 13 ? [key] : [])
                })),
        Case(
            testDescription: "several key formats, and a map per key",
            text: """
                #EXTM3U
                #EXT-X-VERSION:6
                #EXT-X-TARGETDURATION:6
                #EXT-X-MEDIA-SEQUENCE:1
                #EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://key/7",KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1"
                #EXT-X-KEY:METHOD=SAMPLE-AES,URI="data:text/plain;base64,AAAA",\
                KEYID=0x00112233445566778899aabbccddeeff,KEYFORMAT="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed",\
                KEYFORMATVERSIONS="1"
                #EXT-X-MAP:URI="1/7.mp4"
                #EXTINF:6.000000,
                1.m4s
                #EXTINF:6.000000,
                2.m4s
                #EXT-X-KEY:METHOD=NONE
                #EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://key/7",KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1"
                #EXT-X-MAP:URI="1/8.mp4"
                #EXTINF:6.000000,
                3.m4s

                """,
            playlist: MediaPlaylist(
                targetDuration: 6, mediaSequence: 1,
                segments: (1...3).map { number in
                    MediaSegment(
                        uri: "\(number).m4s", duration: seconds(6_000_000),
                        keys: number < 3 ? [fairPlay, widevine] : [fairPlay],
                        map: MediaInitialization(uri: number < 3 ? "1/7.mp4" : "1/8.mp4"))
                })),
        Case(
            testDescription: "I-frames by byte range, and tags of others",
            text: """
                #EXTM3U
                #EXT-X-VERSION:5
                #EXT-X-TARGETDURATION:3
                #EXT-X-MEDIA-SEQUENCE:7
                #EXT-X-I-FRAMES-ONLY
                #EXT-X-DEFINE:QUERYPARAM=YES
                #EXT-X-MAP:URI="i.mp4",BYTERANGE="800@0"
                #EXT-X-DATERANGE:ID="a"
                #EXTINF:3.003000,a title, with a comma
                #EXT-X-BYTERANGE:4000@100
                7.m4s
                #EXTINF:3.003000,
                #EXT-X-BYTERANGE:5000
                7.m4s
                #EXT-X-FUTURE:DURATION=1,URI="p"

                """,
            playlist: MediaPlaylist(
                targetDuration: 3, mediaSequence: 7, isIFramesOnly: true,
                segments: [
                    MediaSegment(
                        uri: "7.m4s",
                        duration: SegmentDuration(
                            Ticks(3_003_000, timescale: 1_000_000), title: "a title, with a comma"),
                        byteRange: ByteRange(length: 4000, offset: 100),
                        map: MediaInitialization(uri: "i.mp4", byteRange: ByteRange(length: 800, offset: 0)),
                        unknownTags: [#"#EXT-X-DATERANGE:ID="a""#]),
                    MediaSegment(
                        uri: "7.m4s", duration: seconds(3_003_000), byteRange: ByteRange(length: 5000),
                        map: MediaInitialization(uri: "i.mp4", byteRange: ByteRange(length: 800, offset: 0))),
                ],
                unknownTags: ["#EXT-X-DEFINE:QUERYPARAM=YES"],
                trailingTags: [#"#EXT-X-FUTURE:DURATION=1,URI="p""#])),
    ]

    @Test(arguments: cases) func serializes(_ example: Case) {
        #expect(example.playlist.serialize() == example.text)
    }

    @Test(arguments: cases) func parses(_ example: Case) throws {
        #expect(try MediaPlaylist(parsing: example.text) == example.playlist)
        let withCarriageReturns = example.text.split(separator: "\n", omittingEmptySubsequences: false)
            .joined(separator: "\r\n")
        #expect(try MediaPlaylist(parsing: withCarriageReturns) == example.playlist)
    }

    @Test func durationsAreRoundedOnlyInText() {
        let cases: [(Ticks, String)] = [
            (Ticks(540_000, timescale: 90_000), "6.000000"), (Ticks(540_540, timescale: 90_000), "6.006000"),
            (Ticks(287_744, timescale: 48_000), "5.994667"), (Ticks(1, timescale: 90_000), "0.000011"),
            (Ticks(264_192, timescale: 44_100), "5.990748"), (Ticks(-1, timescale: 1), "0.000000"),
        ]
        for (duration, expected) in cases {
            let playlist = MediaPlaylist(segments: [MediaSegment(uri: "a", duration: SegmentDuration(duration))])
            #expect(playlist.serialize().contains("#EXTINF:\(expected),\n"))
        }
    }

    @Test func targetDurationIsNeverBelowTheLongestSegment() {
        func target(_ given: UInt64, _ microseconds: Int64) -> Bool {
            MediaPlaylist(
                targetDuration: given, segments: [MediaSegment(uri: "a", duration: Self.seconds(microseconds))]
            ).serialize().contains("#EXT-X-TARGETDURATION:6\n")
        }
        #expect(target(6, 1_000_000))
        #expect(target(0, 6_499_999))
        #expect(target(0, 5_500_000))
        #expect(target(5, 6_006_000))
    }

    @Test func datesOfAllKinds() throws {
        let cases: [(String, Int64?)] = [
            ("1970-01-01T00:00:00Z", 0), ("2000-02-29T23:59:59.9Z", 951_868_799_900),
            ("2026-03-01T00:00:00.123456+01:00", 1_772_319_600_123), ("2026-03-01T00:00:00-0530", 1_772_343_000_000),
            ("1969-12-31T23:59:59.999Z", -1), ("2100-12-31T00:00:00", 4_133_894_400_000),
            ("2026-13-01T00:00:00Z", nil), ("2026-03-01", nil), ("2026-03-01T00:00:00.Z", nil),
            ("2026-03-01T00:00:00Zx", nil), ("", nil), ("-026-03-01T00:00:00Z", nil),
        ]
        for (text, milliseconds) in cases {
            let playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-PROGRAM-DATE-TIME:\(text)\n#EXTINF:1,\na\n"
            if let milliseconds {
                let parsed = try MediaPlaylist(parsing: playlist)
                #expect(parsed.segments[0].programDateTime == Ticks(milliseconds, timescale: 1000), "\(text)")
                #expect(try MediaPlaylist(parsing: parsed.serialize()).segments == parsed.segments)
            } else {
                #expect(throws: PlaylistError.self, "\(text)") { try MediaPlaylist(parsing: playlist) }
            }
        }
    }

    /// Which keys are over a map is said by what was in force where it stood.
    @Test func mapsInTheClear() throws {
        func isClear(_ lines: String) throws -> [Bool] {
            try MediaPlaylist(parsing: "#EXTM3U\n#EXT-X-TARGETDURATION:1\n\(lines)\n").segments.map(\.isMapClear)
        }
        let (key, map) = ("#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n", "#EXT-X-MAP:URI=\"i\"\n")
        let (none, next) = ("#EXT-X-KEY:METHOD=NONE\n", "#EXTINF:1,\na\n")
        #expect(try isClear(map + key + next + next) == [true, true])
        #expect(try isClear(key + map + next + none + map + key + next) == [false, true])
        #expect(try isClear(map + next + key + next) == [false, true])
        #expect(try isClear(key + next + map + next) == [false, false])
        #expect(try isClear(map + key.replacing("AES-128", with: "SAMPLE-AES") + next) == [false])
    }
}
