import HLS
import Media
import Testing

/// Values cannot break out of their place in the text, and bad text is an error with its line.
@Suite struct PlaylistSafetyTests {
    private let hostile = "a\"b\r\nc\n#EXT-X-KEY:METHOD=NONE\u{2028}\u{85}\t,d"

    @Test func mediaPlaylistStaysInItsLines() throws {
        let clean = MediaPlaylist(
            segments: [
                MediaSegment(
                    uri: "u", duration: SegmentDuration(Ticks(1, timescale: 1), title: "t"),
                    keys: [
                        Key(
                            method: .aes128, uri: "k", keyFormat: "f", keyFormatVersions: "v",
                            others: [Attribute("X-O", .quoted("o")), Attribute("X-P", .plain("p"))])
                    ], map: MediaInitialization(uri: "m"), unknownTags: ["#EXT-U"])
            ], unknownTags: ["#EXT-V"], trailingTags: ["#EXT-W"])
        var dirty = clean
        dirty.segments[0].uri = hostile
        dirty.segments[0].duration.title = hostile
        dirty.segments[0].keys[0].method = .init(rawValue: hostile)
        dirty.segments[0].keys[0].uri = hostile
        dirty.segments[0].keys[0].keyFormat = hostile
        dirty.segments[0].keys[0].keyFormatVersions = hostile
        dirty.segments[0].keys[0].others = [
            Attribute("X-O", .quoted(hostile)), Attribute("X-P" + hostile, .plain(hostile)),
        ]
        dirty.segments[0].map?.uri = hostile
        dirty.segments[0].unknownTags = ["#EXT-U" + hostile]
        dirty.unknownTags = [hostile]
        dirty.trailingTags = [hostile]
        let (expected, text) = (clean.serialize(), dirty.serialize())
        #expect(names(text) == names(expected).map { ["#EXT-V", "#EXT-W"].contains($0) ? "#a\"bc#EXT-X-KEY" : $0 })
        let parsed = try MediaPlaylist(parsing: text)
        #expect(parsed.segments.count == 1)
        #expect(parsed.segments[0].keys.count == 1)
        #expect(parsed.segments[0].keys[0].uri == "abc#EXT-X-KEY:METHOD=NONE,d")
    }

    /// A player refuses a playlist that refers to a variable nobody defines. RFC 8216bis, clause 4.3.
    @Test func nothingRefersToAVariable() throws {
        let name = "a{$b}{{$c}{$$d}$e"
        let playlist = MultivariantPlaylist(
            renditions: [Rendition(kind: .audio, groupID: name, name: name, uri: name)],
            variants: [Variant(uri: name, bandwidth: 1, audio: name)])
        let text = playlist.serialize()
        #expect(!text.contains("{$"))
        let parsed = try MultivariantPlaylist(parsing: text)
        #expect(parsed.renditions[0].name == "a{ $b}{{ $c}{ $$d}$e")
        #expect(parsed.variants[0].uri == "a%7B$b}{%7B$c}%7B$$d}$e")
        let media = MediaPlaylist(segments: [MediaSegment(uri: name, duration: SegmentDuration(Ticks(1, timescale: 1)))]
        )
        #expect(!media.serialize().contains("{$"))
    }

    @Test func multivariantPlaylistStaysInItsLines() throws {
        let playlist = MultivariantPlaylist(
            sessionKeys: [Key(method: .sampleAES, uri: hostile), Key(method: .none)],
            renditions: [
                Rendition(
                    kind: .audio, groupID: hostile, name: hostile, language: hostile, channels: hostile, uri: hostile)
            ],
            variants: [
                Variant(
                    uri: hostile, bandwidth: 1, codecs: [hostile], audio: hostile, closedCaptions: .group(hostile))
            ],
            iFrameVariants: [IFrameVariant(uri: hostile, bandwidth: 1)], unknownTags: [hostile])
        let text = playlist.serialize()
        #expect(text.split(separator: "\n").count == 8)
        let parsed = try MultivariantPlaylist(parsing: text)
        #expect(parsed.renditions.count == 1 && parsed.variants.count == 1 && parsed.sessionKeys.count == 1)
        #expect(parsed.renditions[0].name == "abc#EXT-X-KEY:METHOD=NONE,d")
    }

    @Test func uriThatLooksLikeATagOrNothing() throws {
        for (uri, expected) in [("#EXT-X-ENDLIST", "./#EXT-X-ENDLIST"), ("", "./"), ("\n", "./")] {
            let playlist = MediaPlaylist(
                segments: [MediaSegment(uri: uri, duration: SegmentDuration(Ticks(1, timescale: 1)))])
            let parsed = try MediaPlaylist(parsing: playlist.serialize())
            #expect(parsed.segments.map(\.uri) == [expected])
            #expect(!parsed.isEnded)
        }
    }

    @Test func badMediaPlaylistsSayWhere() {
        let head = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n"
        let cases: [(String, Int)] = [
            ("", 1), ("#EXT-X-TARGETDURATION:6\n", 1), ("\u{FEFF}#EXTM3U\n", 1), ("#EXTM3U\n", 0),
            ("#EXTM3U\n#EXT-X-TARGETDURATION:6.5\n", 2), ("#EXTM3U\n#EXT-X-TARGETDURATION:-6\n", 2),
            ("#EXTM3U\n#EXT-X-TARGETDURATION:99999999999999999999\n", 2), (head + "a.ts\n", 3),
            (head + "#EXTINF:,\na.ts\n", 3), (head + "#EXTINF:6\n", 0), (head + "#EXTINF:1e3,\na\n", 3),
            (head + "#EXTINF:99999999999999999999,\na\n", 3), (head + "#EXTINF:18446744073709551615,\na\n", 3),
            (head + "#EXT-X-KEY:URI=\"a\"\n", 3), (head + "#EXT-X-KEY:METHOD=AES-128\n", 3),
            (head + "#EXT-X-KEY:METHOD=AES-128,URI=\"a\n", 3), (head + "#EXT-X-KEY:METHOD=AES-128,URI=a\n", 3),
            (head + "#EXT-X-KEY:METHOD=AES-128,METHOD=NONE\n", 3), (head + "#EXT-X-KEY:METHOD\n", 3),
            (head + "#EXT-X-KEY:METHOD=AES-128,URI=\"a\",IV=0x0102030405060708090A0B0C0D0E0F1011\n", 3),
            (head + "#EXT-X-KEY:METHOD=AES-128,URI=\"a\",IV=12\n", 3), (head + "#EXT-X-MAP:BYTERANGE=\"1\"\n", 3),
            (head + "#EXT-X-KEY:METHOD=AES-128,URI=\"a\"b\n", 3), (head + "#EXT-X-BYTERANGE:@1\n", 3),
            (head + "#EXT-X-BYTERANGE:18446744073709551615@1\n", 3), (head + "#EXT-X-PLAYLIST-TYPE:LIVE\n", 3),
            (head + "#EXTINF:1,\na\n#EXT-X-MEDIA-SEQUENCE:1\n", 5), (head + "#EXT-X-STREAM-INF:BANDWIDTH=1\na\n", 3),
        ]
        for (text, line) in cases {
            do {
                let parsed = try MediaPlaylist(parsing: text)
                Issue.record("\(text) was read as \(parsed)")
            } catch {
                #expect(error.line == line, "\(text): \(error)")
            }
        }
    }

    @Test func badMultivariantPlaylistsSayWhere() {
        let cases: [(String, Int)] = [
            ("#EXTM3U\na\n", 2), ("#EXTM3U\n#EXT-X-STREAM-INF:CODECS=\"a\"\na\n", 3),
            ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n", 0),
            ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n", 3),
            ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=1x\na\n", 3),
            ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,FRAME-RATE=0.0001\na\n", 3),
            ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,FRAME-RATE=5000000\na\n", 3),
            ("#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\"\n", 2), ("#EXTM3U\n#EXT-X-MEDIA:TYPE=SMELL\n", 2),
            ("#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"b\",DEFAULT=MAYBE\n", 2),
            ("#EXTM3U\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1\n", 2), ("#EXTM3U\n#EXT-X-SESSION-KEY:METHOD=NONE\n", 2),
            ("#EXTM3U\n#EXTINF:1,\na\n", 2),
        ]
        for (text, line) in cases {
            do {
                let parsed = try MultivariantPlaylist(parsing: text)
                Issue.record("\(text) was read as \(parsed)")
            } catch {
                #expect(error.line == line, "\(text): \(error)")
            }
        }
    }

    @Test func everyTruncationIsReadOrRefused() throws {
        for example in MediaPlaylistTests.cases {
            for count in 0..<example.text.utf8.count {
                let text = String(decoding: Array(example.text.utf8.prefix(count)), as: UTF8.self)
                guard let parsed = try? MediaPlaylist(parsing: text) else { continue }
                #expect(parsed.segments.count <= example.playlist.segments.count)
            }
        }
    }

    @Test func keyLinesOfKeyServers() throws {
        let line = " #EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://a\",KEYFORMAT=\"com.apple.streamingkeydelivery\"\r\n"
        var key = try Key(parsingLine: line)
        #expect(key.uri == "skd://a" && key.iv == nil)
        key.iv = Array(repeating: 0xAB, count: 16)
        #expect(
            key.sessionLine == "#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI=\"skd://a\","
                + "IV=0xABABABABABABABABABABABABABABABAB,KEYFORMAT=\"com.apple.streamingkeydelivery\"")
        #expect(try Key(parsingLine: key.sessionLine) == key)
        #expect(throws: PlaylistError.self) { try Key(parsingLine: "#EXT-X-MAP:URI=\"a\"") }
        #expect(throws: PlaylistError.self) { try Key(parsingLine: "#EXT-X-KEY:METHOD=NONE\n#EXT-X-ENDLIST") }
        #expect(throws: PlaylistError.self) { try Key(parsingLine: "") }
    }

    /// What each line is: a tag's name, or "uri".
    private func names(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("#") ? String(line.prefix { $0 != ":" }.replacingHostile()) : "uri"
        }
    }
}

extension Substring {
    /// Unknown tags keep the harmless part of what was put into them.
    fileprivate func replacingHostile() -> Substring { hasPrefix("#EXT-U") ? "#EXT-U" : self }
}
