import Media
import Testing

@testable import Origin

/// Every path that names something, and the many that do not.
@Suite struct ResourcePathTests {
    @Test(arguments: [
        ("/news/hls/index.m3u8", ResourcePath.Resource.multivariantPlaylist),
        ("/news/hls/index.m3u8?session=1#top", .multivariantPlaylist),
        ("/news/dash/index.mpd", .mpd),
        ("/news/dash/time", .time),
        ("/news/hls/720p/playlist.m3u8", .mediaPlaylist(track: "720p")),
        ("/news/hls/720p/ab12/init-7.mp4", .header(track: "720p", revision: "ab12", generation: 7, period: nil)),
        ("/news/hls/720p/ab12/init-7-0.mp4", .header(track: "720p", revision: "ab12", generation: 7, period: 0)),
        (
            "/news/hls/720p/ab12/18446744073709551615.m4s",
            .segment(track: "720p", revision: "ab12", number: .max, isTransportStream: false)
        ),
        ("/news/hls/720p/ab12/7.0.m4s?a=b", .part(track: "720p", revision: "ab12", number: 7, part: 0)),
        ("/news/hls/thumbnails/images.m3u8", .imagePlaylist(track: "thumbnails")),
        ("/news/hls/thumbnails/ab12/7.jpg", .image(track: "thumbnails", revision: "ab12", number: 7)),
        ("/news/hls/720p/iframes.m3u8", .iFramePlaylist(track: "720p")),
        (
            "/news/hls/720p/ab12/iframe-7.m4s",
            .iFrame(track: "720p", revision: "ab12", number: 7, isTransportStream: false)
        ),
        (
            "/news/hls/720p/ab12/iframe-7.ts",
            .iFrame(track: "720p", revision: "ab12", number: 7, isTransportStream: true)
        ),
        ("/news/hls/720p/ab12/0.ts", .segment(track: "720p", revision: "ab12", number: 0, isTransportStream: true)),
    ]) func pathsOfOurs(_ uri: String, _ resource: ResourcePath.Resource) throws {
        let path = try #require(ResourcePath(parsing: uri))
        #expect(path.channel == "news")
        #expect(path.resource == resource)
        // What a cache is asked for and what we call it are one.
        #expect(path.text == uri.prefix { $0 != "?" })
        #expect(ResourcePath(parsing: path.text)?.resource == path.resource)
    }

    private static let hostile = [
        "", "/", "//", "///", "news/hls/index.m3u8", "/news", "/news/", "/news/hls", "/news/hls/", "/news//index.m3u8",
        "//hls/index.m3u8", "/news/hls/index.m3u8/", "/news/hls//index.m3u8", "/news/hls/index.html",
        "/news/hls/INDEX.M3U8", "/../hls/index.m3u8", "/news/../index.m3u8", "/news/hls/../../index.m3u8",
        "/news/./index.m3u8", "/.news/hls/index.m3u8", "/news/hls/..%2findex.m3u8", "/%6eews/hls/index.m3u8",
        "/news/hls/index.m3u8%00", "/news/hls\\index.m3u8", "/news/hls/index.m3u8 HTTP/1.1", "/news/h ls/index.m3u8",
        "/news/hls/a/b/1.m4s/c", "/news/hls/a/b/c/1.m4s", "/news/hls/a/b/.m4s", "/news/hls/a/b/1", "/news/hls/a/b/1.",
        "/news/hls/a/b/m4s", "/news/hls/a/b/01.m4s", "/news/hls/a/b/+1.m4s", "/news/hls/a/b/-1.m4s",
        "/news/hls/a/b/-0.m4s", "/news/hls/a/b/1e3.m4s", "/news/hls/a/b/0x10.m4s", "/news/hls/a/b/1.0.0.m4s",
        "/news/hls/a/b/1.00.m4s", "/news/hls/a/b/1..m4s", "/news/hls/a/b/.1.m4s", "/news/hls/a/b/1.0.ts",
        "/news/hls/a/b/18446744073709551616.m4s", "/news/hls/a/b/99999999999999999999999999999.ts",
        "/news/hls/a/b/1.M4S", "/news/hls/a/b/1.mp4", "/news/hls/a/b/init.mp4", "/news/hls/a/b/init-.mp4",
        "/news/hls/a/b/init-1-.mp4", "/news/hls/a/b/init--1.mp4", "/news/hls/a/b/init-1-2-3.mp4",
        "/news/hls/a/b/init-01.mp4", "/news/hls/a/b/init-1-01.mp4", "/news/hls/a/b/start-1.mp4",
        "/news/hls/a/b/init-1.m4s", "/néws/hls/index.m3u8", "/news/hls/１.m4s", "/news/hls/a/b/１.m4s",
        "http://host", "http:/news/hls/index.m3u8", "ftp://host/news/hls/index.m3u8", "*", "?",
        "/?/news/hls/index.m3u8", "/news/hls/#/index.m3u8",
        "/news/hls/index.m3u8\r\nX: y", "/news/hls/index.m3u8\u{0}", "/news;a=b/hls/index.m3u8",
        "/news/hls/a,b/playlist.m3u8", "/news/hls/a/b/iframe-.m4s", "/news/hls/a/b/iframe-07.m4s",
        "/news/hls/a/b/iframe-7.mp4", "/news/hls/a/b/iframe-7.0.m4s", "/news/hls/a/b/iframe--7.ts",
        "/news/hls/iframes.m3u8",
        "/news/hls/images.m3u8", "/news/hls/a/b/.jpg", "/news/hls/a/b/07.jpg", "/news/hls/a/b/7.0.jpg",
        "/news/hls/a/b/7.jpeg",
    ]

    @Test(arguments: hostile) func pathsOfNobody(_ uri: String) { #expect(ResourcePath(parsing: uri) == nil) }

    @Test func longPathsAreNotLookedAt() {
        let name = String(repeating: "a", count: 96)
        #expect(ResourcePath(parsing: "/\(name)/\(name)/\(name)/playlist.m3u8") != nil)
        #expect(ResourcePath(parsing: "/\(name)a/hls/index.m3u8") == nil)
        #expect(ResourcePath(parsing: "/news/hls/" + String(repeating: "a/", count: 300)) == nil)
    }

    @Test func queriesAreOfManifestsAlone() {
        #expect(ResourcePath(parsing: "/news/hls/index.m3u8?start=1&end=2#x?y")?.query == "start=1&end=2")
        #expect(ResourcePath(parsing: "/news/hls/720p/playlist.m3u8?")?.query == "")
        #expect(ResourcePath(parsing: "/news/hls/index.m3u8#top?start=1")?.query == nil)
        #expect(ResourcePath(parsing: "/news/hls/a/b/1.m4s?start=1")?.query == nil)
    }
}
