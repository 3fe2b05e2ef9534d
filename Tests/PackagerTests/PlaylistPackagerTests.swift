import HLS
import Media
import Packager
import Settings
import TestSupport
import Testing
import Timeline

/// Playlists as whole texts. RFC 8216, clauses 4.3, 6.2.1 and 6.2.2.
@Suite struct PlaylistPackagerTests {
    /// Three segments, a hole of one, a new publication, and a change of key in it.
    private static let publications: [[UInt64]] = [[0, 1, 2], [4, 5, 6]]

    private static let transportStream = """
        #EXTM3U
        #EXT-X-VERSION:3
        #EXT-X-TARGETDURATION:2
        #EXT-X-MEDIA-SEQUENCE:800000000
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-KEY:METHOD=AES-128,URI="http://keys.example/a0a0a0a0a0a0a0a00000000009896800",IV=0xF55D90C58A08D2C11E0F3BAA3064B6A4
        #EXT-X-PROGRAM-DATE-TIME:2020-09-13T12:26:40.000Z
        #EXTINF:2.000000,
        0123456789ab/800000000.ts
        #EXT-X-KEY:METHOD=AES-128,URI="http://keys.example/a0a0a0a0a0a0a0a00000000009896800",IV=0xF55D90C58A08D2C11E0F3BAA3064B6A5
        #EXT-X-PROGRAM-DATE-TIME:2020-09-13T12:26:42.000Z
        #EXTINF:2.000000,
        0123456789ab/800000001.ts
        #EXT-X-KEY:METHOD=AES-128,URI="http://keys.example/a0a0a0a0a0a0a0a00000000009896800",IV=0xF55D90C58A08D2C11E0F3BAA3064B6A6
        #EXTINF:2.000000,
        0123456789ab/800000002.ts
        #EXT-X-KEY:METHOD=AES-128,URI="http://keys.example/a0a0a0a0a0a0a0a00000000009896800",IV=0xF55D90C58A08D2C11E0F3BAA3064B6A7
        #EXT-X-GAP
        #EXTINF:2.000000,
        0123456789ab/800000003.ts
        #EXT-X-DISCONTINUITY
        #EXT-X-KEY:METHOD=AES-128,URI="http://keys.example/a0a0a0a0a0a0a0a00000000009896800",IV=0xF55D90C58A08D2C11E0F3BAA3064B6A0
        #EXT-X-PROGRAM-DATE-TIME:2020-09-13T12:26:48.000Z
        #EXTINF:2.000000,
        0123456789ab/800000004.ts
        #EXT-X-KEY:METHOD=AES-128,URI="http://keys.example/a0a0a0a0a0a0a0a00000000009896801",IV=0x3CD7DD630638FC431EA61BDE956F3561
        #EXTINF:2.000000,
        0123456789ab/800000005.ts
        #EXT-X-KEY:METHOD=AES-128,URI="http://keys.example/a0a0a0a0a0a0a0a00000000009896801",IV=0x3CD7DD630638FC431EA61BDE956F3562
        #EXTINF:2.000000,
        0123456789ab/800000006.ts

        """

    private static let fragmentedAudio = """
        #EXTM3U
        #EXT-X-VERSION:6
        #EXT-X-TARGETDURATION:2
        #EXT-X-MEDIA-SEQUENCE:800000000
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://b0b0b0b0b0b0b0b00000000009896800",KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1"
        #EXT-X-MAP:URI="0123456789ab/init-1-160000000.mp4"
        #EXT-X-PROGRAM-DATE-TIME:2020-09-13T12:26:40.000Z
        #EXTINF:2.005333,
        0123456789ab/800000000.m4s
        #EXT-X-PROGRAM-DATE-TIME:2020-09-13T12:26:42.005Z
        #EXTINF:2.005333,
        0123456789ab/800000001.m4s
        #EXTINF:2.005333,
        0123456789ab/800000002.m4s
        #EXT-X-GAP
        #EXTINF:2.000000,
        0123456789ab/800000003.m4s
        #EXT-X-DISCONTINUITY
        #EXT-X-MAP:URI="0123456789ab/init-2-160000000.mp4"
        #EXT-X-PROGRAM-DATE-TIME:2020-09-13T12:26:48.000Z
        #EXTINF:2.005333,
        0123456789ab/800000004.m4s
        #EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://b0b0b0b0b0b0b0b00000000009896801",KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1"
        #EXT-X-MAP:URI="0123456789ab/init-2-160000001.mp4"
        #EXTINF:2.005333,
        0123456789ab/800000005.m4s
        #EXTINF:2.005333,
        0123456789ab/800000006.m4s
        #EXT-X-ENDLIST

        """

    private static let multivariant = """
        #EXTM3U
        #EXT-X-VERSION:5
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI="skd://a0a0a0a0a0a0a0a00000000009896801",KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1"
        #EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI="skd://b0b0b0b0b0b0b0b00000000009896801",KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1"
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="stereo",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="stereo/playlist.m3u8"
        #EXT-X-STREAM-INF:BANDWIDTH=3128000,CODECS="avc1.64000d,mp4a.40.2",RESOLUTION=320x180,FRAME-RATE=30.000,AUDIO="audio",CLOSED-CAPTIONS=NONE
        720p/playlist.m3u8
        #EXT-X-STREAM-INF:BANDWIDTH=928000,CODECS="avc1.64000d,mp4a.40.2",RESOLUTION=320x180,FRAME-RATE=30.000,AUDIO="audio",CLOSED-CAPTIONS=NONE
        360p/playlist.m3u8

        """

    @Test func aTransportStreamWithMuxedSound() throws {
        let window = try Stage(Self.publications).window(.transportStream())
        try #expect(difference(PlaylistPackager.media("720p", window), Self.transportStream) == [])
        #expect(window.playlistTracks.map(\.track.name) == ["720p", "360p"])
        #expect(!window.hasPlaylist(track: "stereo"))
        let text = PlaylistPackager.multivariant(window)
        #expect(!text.contains("EXT-X-MEDIA:"))
        #expect(text.contains("CODECS=\"avc1.64000d,mp4a.40.2\""))
    }

    @Test func fragmentedSoundThatHasEnded() throws {
        let window = try Stage(Self.publications).window(.fairPlay, isEnded: true)
        try #expect(difference(PlaylistPackager.media("stereo", window), Self.fragmentedAudio) == [])
    }

    @Test func theMultivariantPlaylist() throws {
        let text = PlaylistPackager.multivariant(try Stage(Self.publications).window(.fairPlay))
        // The average is a measurement; what it is has tests of its own.
        let stable = text.replacing(/AVERAGE-BANDWIDTH=\d+,/, with: "")
        #expect(stable.count < text.count)
        #expect(difference(stable, Self.multivariant) == [])
    }

    @Test func theNextKeysAreSaidAhead() throws {
        let window = try Stage([[0, 1, 2, 3]]).window(.fairPlay, announced: Stage.number + 5)
        let sessionKeys = PlaylistPackager.multivariant(window).split(separator: "\n")
            .filter { $0.hasPrefix("#EXT-X-SESSION-KEY") }
        #expect(sessionKeys.count == 4, "two keys now and two to come")
        #expect(sessionKeys.filter { $0.contains("0000000009896801") }.count == 2)
        let text = try PlaylistPackager.media("720p", window)
        #expect(
            text.split(separator: "\n").last == """
                #EXT-X-DATERANGE:ID="key-a0a0a0a0-a0a0-a0a0-0000-000009896801-com.apple.streamingkeydelivery",\
                CLASS="sluice-next-key",START-DATE="2020-09-13T12:26:50.000Z",\
                X-KEYID=0xa0a0a0a0a0a0a0a00000000009896801,X-KEYFORMAT="com.apple.streamingkeydelivery",\
                X-METHOD="SAMPLE-AES",X-URI="skd://a0a0a0a0a0a0a0a00000000009896801"
                """)
        #expect(text.contains("#EXT-X-PROGRAM-DATE-TIME"))
    }

    @Test func theSameWindowGivesTheSameText() throws {
        let stages = [try Stage(Self.publications), try Stage(Self.publications)]
        for endpoint in [EndpointProfile.transportStream(), .transportStream(group: true), .fairPlay, .clearHLS] {
            let texts = try stages.map { stage in
                let window = try stage.window(endpoint)
                return [PlaylistPackager.multivariant(window)]
                    + (try window.playlistTracks.map {
                        try PlaylistPackager.media($0.track.name, window)
                    })
            }
            #expect(texts[0] == texts[1])
        }
    }

    /// Over a sliding window: numbers count up by one, an EXT-X-DISCONTINUITY that goes is counted, and a segment keeps
    /// its number, its discontinuity number and its duration. RFC 8216, clause 6.2.2.
    @Test func whatIsListedNeverChanges() throws {
        let publications: [[UInt64]] = [[0, 1], [3, 4, 5], [6, 7, 8, 9], [12, 13], [14], [15], [16, 17, 18, 19]]
        var sequences: [String: UInt64] = [:]
        var durations: [String: SegmentDuration] = [:]
        var last: (media: UInt64, discontinuity: UInt64) = (0, 0)
        let stage = try Stage([], tracks: [.video(), .audio()])
        for publication in publications {
            let feed = try TimelineFeed(stage.timeline, stage.tracks)
            for number in publication {
                try feed.add(Stage.number + number)
                let window = try stage.window(.clearHLS)
                let playlist = try MediaPlaylist(parsing: PlaylistPackager.media("720p", window))
                #expect(playlist.mediaSequence >= last.media)
                #expect(playlist.discontinuitySequence >= last.discontinuity)
                last = (playlist.mediaSequence, playlist.discontinuitySequence)
                #expect(playlist.segments.count <= 10)
                var discontinuity = playlist.discontinuitySequence
                for (index, segment) in playlist.segments.enumerated() {
                    if segment.isDiscontinuity { discontinuity += 1 }
                    #expect(segment.uri.hasSuffix("/\(playlist.mediaSequence + UInt64(index)).m4s"))
                    if !segment.isGap {
                        #expect(
                            sequences.updateValue(discontinuity, forKey: segment.uri) ?? discontinuity == discontinuity)
                    }
                    #expect(
                        durations.updateValue(segment.duration, forKey: segment.uri) ?? segment.duration
                            == segment.duration)
                }
            }
        }
    }

    @Test func anEventListsNoMoreThanItsWindow() throws {
        var endpoint = EndpointProfile.clearHLS
        endpoint.playlistType = .event
        // A clock that was wrong at first: the hole has hundreds of millions of numbers.
        let stage = try Stage([[]], tracks: [.audio()])
        let early = try TimelineFeed(stage.timeline, stage.tracks)
        try early.add(5)
        try early.add(Stage.number)
        let playlist = try MediaPlaylist(parsing: PlaylistPackager.media("stereo", try stage.window(endpoint)))
        #expect(playlist.segments.count == 1)
        #expect(playlist.mediaSequence == Stage.number)
    }

    /// RFC 8216, 4.3.3.5: of an event nothing is removed. When it is, it is one no more, until the next begins.
    @Test func anEventThatOutgrowsItsWindowGoesOnWithoutItsTag() throws {
        var endpoint = EndpointProfile.clearHLS
        endpoint.playlistType = .event
        let stage = try Stage([[]], tracks: [.audio()])
        let window = UInt64(endpoint.windowSeconds / 2)
        func playlist() throws -> MediaPlaylist {
            try MediaPlaylist(parsing: PlaylistPackager.media("stereo", try stage.window(endpoint)))
        }
        let feed = try TimelineFeed(stage.timeline, stage.tracks)
        for number in Stage.number..<Stage.number + window { try feed.add(number) }
        #expect(try playlist().playlistType == .event)
        #expect(try playlist().mediaSequence == Stage.number)
        try feed.add(Stage.number + window)
        #expect(try playlist().playlistType == nil)
        #expect(try playlist().mediaSequence == Stage.number + 1)
        // An hour is the window of this stage's channel.
        let next = Stage.number + window + 1801
        try feed.add(next)
        #expect(try playlist().playlistType == .event)
        #expect(try playlist().mediaSequence == next)
        endpoint.playlistType = .live
        #expect(try playlist().playlistType == nil)
    }

    @Test func aRungThatCameLaterHasGapsBefore() throws {
        let stage = try Stage([[0, 1]], tracks: [.audio("stereo")])
        let feed = try TimelineFeed(stage.timeline, [.audio("stereo"), .audio("surround")])
        try feed.add(Stage.number + 2)
        let window = try stage.window(.clearHLS)
        let playlist = try MediaPlaylist(parsing: PlaylistPackager.media("surround", window))
        #expect(playlist.segments.map(\.isGap) == [true, true, false])
        #expect(playlist.segments.map(\.isDiscontinuity) == [false, false, true])
    }

    /// What lasted less than a second comes with what follows it, or at the end.
    @Test func aShortRestIsListedWithWhatFollows() throws {
        let stage = try Stage([[0, 1, 2]])
        let feed = try TimelineFeed(stage.timeline, stage.tracks)
        for (index, track) in stage.tracks.enumerated() {
            try feed.add(Stage.number + 3, track: index, skipping: track.track.kind == .video ? 40 : 62)
        }
        func listed(_ endpoint: EndpointProfile, isEnded: Bool = false) throws -> [UInt64] {
            try stage.window(endpoint, isEnded: isEnded).listed.map { $0.number - Stage.number }
        }
        #expect(try listed(.clearHLS) == [0, 1, 2])
        #expect(try listed(.clearHLS, isEnded: true) == [0, 1, 2, 3])
        #expect(try listed(.dash()) == [0, 1, 2, 3], "timelines say how long it is")
        try feed.add(Stage.number + 4)
        #expect(try listed(.clearHLS) == [0, 1, 2, 3, 4])
    }

    @Test func theWindowIsThreeSegmentsAtLeast() throws {
        var endpoint = EndpointProfile.clearHLS
        endpoint.windowSeconds = 1
        let window = try Stage([[0, 1, 2, 3, 4, 5]]).window(endpoint)
        #expect(window.listed.map(\.number) == [3, 4, 5].map { Stage.number + $0 })
        #expect(window.segment(Stage.number)?.number == Stage.number, "what left the playlist can still be fetched")
        #expect(endpoint.firstListed(newest: 1, segmentDuration: Stage.duration, longestSegment: Stage.duration) == 0)
        let second = Ticks(1, timescale: 1)
        #expect(endpoint.firstListed(newest: .max, segmentDuration: second, longestSegment: second) == UInt64.max - 2)
        // Three target durations, whatever the window.
        let long = Ticks(5, timescale: 2)
        #expect(endpoint.firstListed(newest: 100, segmentDuration: second, longestSegment: long) == 92)
    }
}
