import HLS
import Media
import Testing

@Suite struct MultivariantPlaylistTests {
    private let text = """
        #EXTM3U
        #EXT-X-VERSION:5
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI="skd://key/7",KEYFORMAT="com.apple.streamingkeydelivery"
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,\
        CHANNELS="2",URI="stereo/index.m3u8"
        #EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="cc",NAME="English",INSTREAM-ID="CC1"
        #EXT-X-STREAM-INF:BANDWIDTH=5500000,AVERAGE-BANDWIDTH=5200000,CODECS="avc1.640029,mp4a.40.2",\
        RESOLUTION=1920x1080,FRAME-RATE=29.970,AUDIO="audio",CLOSED-CAPTIONS=NONE
        1080p/index.m3u8
        #EXT-X-STREAM-INF:BANDWIDTH=1500000,CLOSED-CAPTIONS="cc",HDCP-LEVEL=NONE
        480p/index.m3u8
        #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=300000,CODECS="avc1.640029",RESOLUTION=1920x1080,URI="1080p/i.m3u8"

        """

    private let playlist = MultivariantPlaylist(
        hasIndependentSegments: true,
        sessionKeys: [
            Key(method: .sampleAES, uri: "skd://key/7", keyFormat: "com.apple.streamingkeydelivery")
        ],
        renditions: [
            Rendition(
                kind: .audio, groupID: "audio", name: "English", language: "en", isDefault: true,
                isAutoselected: true, channels: "2", uri: "stereo/index.m3u8"),
            Rendition(
                kind: .closedCaptions, groupID: "cc", name: "English",
                others: [Attribute("INSTREAM-ID", .quoted("CC1"))]),
        ],
        variants: [
            Variant(
                uri: "1080p/index.m3u8", bandwidth: 5_500_000, averageBandwidth: 5_200_000,
                codecs: ["avc1.640029", "mp4a.40.2"], resolution: Resolution(width: 1920, height: 1080),
                frameRate: FrameRate(29_970, 1000), audio: "audio", closedCaptions: Variant.ClosedCaptions.none),
            Variant(
                uri: "480p/index.m3u8", bandwidth: 1_500_000, closedCaptions: .group("cc"),
                others: [Attribute("HDCP-LEVEL", .plain("NONE"))]),
        ],
        iFrameVariants: [
            IFrameVariant(
                uri: "1080p/i.m3u8", bandwidth: 300_000, codecs: ["avc1.640029"],
                resolution: Resolution(width: 1920, height: 1080))
        ])

    @Test func serializes() { #expect(playlist.serialize() == text) }

    @Test func parses() throws { #expect(try MultivariantPlaylist(parsing: text) == playlist) }

    @Test func frameRatesHaveThreeDecimals() {
        let cases: [(FrameRate, String)] = [
            (FrameRate(30_000, 1001), "29.970"), (FrameRate(24_000, 1001), "23.976"), (FrameRate(25), "25.000"),
            (FrameRate(60_000, 1001), "59.940"), (FrameRate(1, 3), "0.333"), (FrameRate(.max, 1), "4294967295.000"),
        ]
        for (rate, expected) in cases {
            let playlist = MultivariantPlaylist(variants: [Variant(uri: "a", bandwidth: 1, frameRate: rate)])
            #expect(playlist.serialize().contains("FRAME-RATE=\(expected)\n"))
        }
    }

    @Test func versionFollowsWhatIsUsed() {
        #expect(MultivariantPlaylist(variants: [Variant(uri: "a", bandwidth: 1)]).version == 3)
        let service = Rendition(
            kind: .closedCaptions, groupID: "c", name: "n", others: [Attribute("INSTREAM-ID", .quoted("SERVICE3"))])
        #expect(MultivariantPlaylist(renditions: [service]).version == 7)
    }
}
