import HLS
import Media
import Probe

extension PlantedFault {
    static let http: [PlantedFault] = [
        PlantedFault(
            "a segment is missing", .clear, "http.status", "RFC 9110, 15.3.1", file("/low/1004.m4s") { $0.status = 404 }
        ),
        PlantedFault("no time", .dash, "http.status", "RFC 9110, 15.3.1") { $0.files["/time"] = nil },
        PlantedFault(
            "a playlist as text", .clear, "http.content-type", "RFC 9110, 8.3",
            file("/index.m3u8") { $0.type = "text/plain" }),
        PlantedFault(
            "a segment as a page", .dash, "http.content-type", "RFC 9110, 8.3",
            file("/audio/1004.m4s") { $0.type = "text/html" }),
        PlantedFault(
            "nothing is said to caches", .clear, "http.cache-control", "RFC 9111, 5.2.2",
            file("/video/1004.m4s") { $0.cache = nil }),
        PlantedFault(
            "a playlist for ever", .clear, "http.cache-manifest", "RFC 9111, 5.2.2.1",
            file("/video/playlist.m3u8") { $0.cache = "max-age=3600" }),
        PlantedFault(
            "media for a moment", .clear, "http.cache-media", "RFC 9111, 5.2.2.1", .warning,
            file("/video/1004.m4s") { $0.cache = "max-age=1" }),
        PlantedFault(
            "absolute media", .lowLatency, "http.relative", "RFC 3986, 4.2",
            file("/video/playlist.m3u8") { $0.text.replace("1006.0.m4s", with: "http://127.0.0.1/1006.0.m4s") }),
    ]

    static let playlists: [PlantedFault] = [
        PlantedFault(
            "no playlist", .clear, "hls.extm3u", "RFC 8216, 4.3.1.1", text("index.m3u8", "#EXTM3U", "#EXTM3V")),
        PlantedFault(
            "an attribute that is no number", .clear, "hls.syntax", "RFC 8216, 4.1",
            text("index.m3u8", "BANDWIDTH=1000000", "BANDWIDTH=x")),
        PlantedFault(
            "a low version", .clear, "hls.version", "RFC 8216, 7", text("video/playlist.m3u8", "VERSION:6", "VERSION:5")
        ),
        PlantedFault(
            "above the target duration", .transportStream, "hls.target-duration", "RFC 8216, 4.3.3.1",
            file("/video/playlist.m3u8") { file in
                // It begins so much earlier that all else is as it was.
                var playlist = try MediaPlaylist(parsing: file.text)
                playlist.segments[0].duration = SegmentDuration(Ticks(1600, timescale: 1000))
                playlist.segments[0].programDateTime = Ticks(1000 * 1024 - 576, timescale: 1000)
                file.text = playlist.serialize().replacing("TARGETDURATION:2", with: "TARGETDURATION:1")
            }),
        PlantedFault(
            "map before key", .cbcs, "hls.key-before-map", "RFC 8216, 4.3.2.4",
            file("/video/playlist.m3u8") { file in
                var lines = file.text.split(separator: "\n")
                guard let key = lines.firstIndex(where: { $0.hasPrefix("#EXT-X-KEY") }) else {
                    throw NotPlanted(what: "key")
                }
                lines.swapAt(key, key + 1)
                file.text = lines.joined(separator: "\n") + "\n"
            }),
        PlantedFault(
            "subtitles without a clock", .clear, "hls.subtitles", "RFC 8216, 3.5",
            file("/text/1004.vtt") { $0.text.replace("X-TIMESTAMP-MAP", with: "X-MAP") }),
        PlantedFault(
            "subtitles that are none", .clear, "hls.subtitles", "RFC 8216, 3.5",
            file("/text/1004.vtt") { $0.text = "1\n00:00:00,000 --> 00:00:01,000\nSRT\n" }),
        PlantedFault(
            "clear subtitles", .aes128, "media.clear", "ISO/IEC 23001-7, 10; RFC 8216, 4.3.2.4", .fatal,
            file("/text/1004.vtt") { $0.text = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n" }),
        PlantedFault(
            "a subtitle group that is not there", .clear, "hls.group", "RFC 8216, 4.3.4.2.1",
            text("/index.m3u8", "SUBTITLES=\"texts\"", "SUBTITLES=\"others\"")),
        PlantedFault(
            "one IV twice", .transportStream, "hls.iv", "RFC 8216, 4.3.2.4",
            playlist("video") { $0.segments[0].keys = $0.segments[1].keys }),
        PlantedFault(
            "a clear map under AES-128", .aes128, "hls.map-encryption", "RFC 8216, 4.3.2.5",
            playlist("video") { playlist in
                for index in playlist.segments.indices { playlist.segments[index].isMapClear = false }
            }),
        PlantedFault(
            "variants of other numbers", .clear, "hls.alignment", "RFC 8216, 6.2.4",
            playlist("low") { $0.mediaSequence = 2000 }),
        PlantedFault(
            "a discontinuity in one variant", .clear, "hls.alignment", "RFC 8216, 6.2.4",
            playlist("low") { $0.segments[1].isDiscontinuity = true }),
        PlantedFault(
            "another time of day in one rendition", .clear, "hls.aligned-times", "RFC 8216, 6.2.4",
            playlist("audio") { playlist in
                for index in playlist.segments.indices {
                    playlist.segments[index].programDateTime = Ticks(
                        (1000 + Int64(index)) * 1024 + 1000, timescale: 1000)
                }
            }),
        PlantedFault("another media time in one variant", .clear, "hls.matching-times", "RFC 8216, 6.2.4") {
            let media = try RecordedMedia.video()
            for number in Presentation.all { $0.files["/low/\(number).m4s"]?.bytes = media.clear(number, shift: 9000) }
        },
        PlantedFault(
            "a time of day off its place", .transportStream, "hls.date-time", "RFC 8216, 4.3.2.6",
            playlist("video") { $0.segments[2].programDateTime = Ticks(1002 * 1024 + 100, timescale: 1000) }),
        PlantedFault(
            "no time of day", .sampleAES, "hls.no-date-time", "RFC 8216, 6.2.1", .warning,
            playlist("video") { playlist in
                for index in playlist.segments.indices { playlist.segments[index].programDateTime = nil }
            }),
        PlantedFault(
            "a short playlist", .sampleAES, "hls.window", "RFC 8216, 6.2.2", .warning,
            playlist("video") { playlist in
                playlist.segments.removeFirst(4)
                playlist.mediaSequence += 4
            }),
        PlantedFault(
            "a gap", .sampleAES, "hls.gap", "RFC 8216bis, 4.4.4.7", .warning,
            playlist("video") { $0.segments[1].isGap = true }),
        PlantedFault(
            "above its bandwidth", .clear, "hls.bandwidth", "RFC 8216, 4.3.4.2",
            text("index.m3u8", "BANDWIDTH=1000000,CODECS=\"avc1.64000d,", "BANDWIDTH=100000,CODECS=\"avc1.64000d,")),
        PlantedFault(
            "other codecs", .clear, "hls.codecs", "RFC 8216, 4.3.4.2", text("index.m3u8", "mp4a.40.2", "mp4a.40.5")),
        PlantedFault(
            "another size", .clear, "hls.resolution", "RFC 8216, 4.3.4.2", text("index.m3u8", "320x180", "640x360")),
        PlantedFault(
            "no group", .clear, "hls.group", "RFC 8216, 4.3.4.2.1",
            text("index.m3u8", "AUDIO=\"audio\"", "AUDIO=\"sound\"")),
        PlantedFault(
            "a section whose CRC is wrong", .transportStream, "hls.scte35", "RFC 8216, 4.3.2.7.1; SCTE 35, 9.6",
            text("playlist.m3u8", "9AC9D17E", "9AC9D17F")),
        PlantedFault(
            "a break within a break", .transportStream, "hls.cue", "RFC 8216, 6.2.1",
            text("playlist.m3u8", "#EXT-X-CUE-IN", "#EXT-X-CUE-OUT:1.024")),
        PlantedFault(
            "a newest segment of a minute ago", .sampleAES, "live.edge", "RFC 8216, 6.2.2",
            text("playlist.m3u8", "1970-01-01T00:17:", "1970-01-01T00:16:")),
        PlantedFault(
            "a newest segment that is a little old", .sampleAES, "live.edge", "RFC 8216, 6.2.2", .warning,
            playlist("video") { playlist in
                for index in playlist.segments.indices {
                    playlist.segments[index].programDateTime = Ticks((988 + Int64(index)) * 1024, timescale: 1000)
                }
            }),
    ]

    static let reloads: [PlantedFault] = [
        PlantedFault(
            "another target duration", .transportStream, "hls.target-duration-fixed", "RFC 8216, 6.2.1", .error, .later,
            playlist("video", later: true) { $0.targetDuration = 2 }),
        PlantedFault(
            "the sequence goes back", .sampleAES, "hls.media-sequence", "RFC 8216, 6.2.2", .error, .later
        ) { presentation in
            // What was listed first, and one before it.
            var playlist = try MediaPlaylist(parsing: presentation.files["/video/playlist.m3u8"]?.text ?? "")
            var before = playlist.segments[0]
            before.uri = "999.ts"
            before.programDateTime = Ticks(999 * 1024, timescale: 1000)
            playlist.segments.insert(before, at: 0)
            playlist.mediaSequence = 999
            presentation.later["/video/playlist.m3u8"]?.text = playlist.serialize()
        },
        PlantedFault(
            "the newest segment goes", .sampleAES, "hls.media-sequence", "RFC 8216, 6.2.2", .error, .later,
            playlist("video", later: true) { $0.segments.removeLast(2) }),
        PlantedFault(
            "a number becomes another segment", .clear, "hls.segment-identity", "RFC 8216, 6.2.1", .error, .later,
            playlist("low", later: true) { $0.segments[1].uri = "other.m4s" }),
        PlantedFault(
            "what left is gone at once", .clear, "hls.removal", "RFC 8216, 6.2.2", .error, .later,
            file("/low/1000.m4s", later: true) { $0.status = 404 }),
        PlantedFault(
            "segments leave too early", .sampleAES, "hls.window", "RFC 8216, 6.2.2", .error, .later,
            playlist("video", later: true) { playlist in
                playlist.segments.removeFirst(4)
                playlist.mediaSequence += 4
            }),
        PlantedFault(
            "an event forgets", .sampleAES, "hls.playlist-type", "RFC 8216, 4.3.3.5; 6.2.1", .error, .later
        ) { presentation in
            try playlist("video") { $0.playlistType = .event }(&presentation)
            try playlist("video", later: true) { $0.playlistType = .event }(&presentation)
        },
        PlantedFault(
            "a discontinuity that was not counted", .clear, "hls.discontinuity-sequence", "RFC 8216, 6.2.2", .error,
            .later
        ) { presentation in
            presentation.edit("playlist.m3u8", now: false) { text in
                text.replacing("#EXT-X-MEDIA", with: "#EXT-X-DISCONTINUITY-SEQUENCE:5\n#EXT-X-MEDIA")
            }
        },
        PlantedFault(
            "nothing new", .sampleAES, "hls.reload", "RFC 8216, 6.2.2", .error, .after(5)
        ) { $0.later = [:] },
        PlantedFault(
            "a date range that changes", .transportStream, "hls.date-range", "RFC 8216, 4.3.2.7", .error, .later,
            file("/video/playlist.m3u8", later: true) { file in
                file.text.replace("PLANNED-DURATION=2.048", with: "PLANNED-DURATION=3.048")
            }),
        PlantedFault(
            "an ad marker that moves", .transportStream, "hls.cue", "RFC 8216, 6.2.1", .error, .later,
            file("/video/playlist.m3u8", later: true) { file in
                file.text.replace("#EXT-X-CUE-OUT-CONT:1.024/2.048", with: "#EXT-X-CUE-OUT-CONT:1.024/3.048")
            }),
    ]

    static let lowLatency: [PlantedFault] = [
        PlantedFault(
            "a part above the target", .lowLatency, "hls.part-target", "RFC 8216bis, 4.4.3.7; 4.4.4.9",
            playlist("video") { $0.segmentInProgress?.parts[0].duration = Ticks(343, timescale: 1000) }),
        PlantedFault(
            "short parts", .lowLatency, "hls.part-duration", "RFC 8216bis, 4.4.4.9",
            text("playlist.m3u8", "PART-TARGET=0.342", "PART-TARGET=0.45")),
        PlantedFault(
            "parts that are not the segment", .lowLatency, "hls.part-sum", "RFC 8216bis, 4.4.4.9",
            playlist("video") { $0.segments[10].parts[1].duration = Ticks(300, timescale: 1000) }),
        PlantedFault("a part of other bytes", .lowLatency, "hls.part-bytes", "RFC 8216bis, 3.1") {
            $0.files["/video/1005.1.m4s"] = $0.files["/video/1004.1.m4s"]
        },
        PlantedFault(
            "a short hold-back", .lowLatency, "hls.server-control", "RFC 8216bis, 4.4.3.8; 6.2.4",
            text("playlist.m3u8", ",HOLD-BACK=3", ",HOLD-BACK=2")),
        PlantedFault(
            "playlists that differ in what the server can", .lowLatency, "hls.server-control",
            "RFC 8216bis, 4.4.3.8; 6.2.4",
            playlist("audio") { $0.serverControl?.partHoldBack = Ticks(12, timescale: 10) }),
        PlantedFault(
            "a hint of what never comes", .lowLatency, "hls.preload-hint", "RFC 8216bis, 4.4.5.3; 6.2.6"
        ) { $0.files["/video/1006.1.m4s"] = nil },
        PlantedFault(
            "no hint", .lowLatency, "hls.preload-hint", "RFC 8216bis, 4.4.5.3; 6.2.6",
            playlist("audio") { $0.preloadHints = [] }),
        PlantedFault(
            "a report of long ago", .lowLatency, "hls.rendition-report", "RFC 8216bis, 4.4.5.4; B.1",
            playlist("video") { $0.renditionReports[0].lastSequence = 900 }),
        PlantedFault(
            "a reload that does not wait", .lowLatency, "hls.blocking-reload", "RFC 8216bis, 6.2.5.2"
        ) { $0.files["/video/playlist.m3u8?_HLS_msn=1006&_HLS_part=1"] = $0.files["/video/playlist.m3u8"] },
        PlantedFault(
            "a part of nothing", .lowLatency, "hls.blocking-reload", "RFC 8216bis, 6.2.5.2"
        ) { $0.files["/audio/playlist.m3u8?_HLS_part=0"] = $0.files["/audio/playlist.m3u8"] },
        PlantedFault(
            "an update of another playlist", .lowLatency, "hls.delta-update", "RFC 8216bis, 6.2.5.1",
            text("_HLS_skip=YES", "1002.m4s", "1001.m4s")),
        PlantedFault(
            "an update that skips too much", .lowLatency, "hls.delta-update", "RFC 8216bis, 6.2.5.1",
            text("_HLS_skip=YES", "SKIPPED-SEGMENTS=6", "SKIPPED-SEGMENTS=60")),
    ]
}
