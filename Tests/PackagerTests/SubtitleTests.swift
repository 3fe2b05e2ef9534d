import CommonEncryption
import DASH
import HLS
import ISOBMFF
import Keys
import Media
import MediaMemory
import Packager
import Settings
import TestSupport
import Testing
import Timeline

/// Subtitles as HLS and DASH name them, and never in the clear but where the profile says so.
@Suite struct SubtitleTests {
    private let stage: Stage

    init() throws {
        stage = try Stage(
            [Array(0..<12)], tracks: [try .video("720p"), try .audio("stereo"), .subtitles()])
    }

    private func endpoint(_ endpoint: EndpointProfile, inClear: Bool = false) -> EndpointProfile {
        var endpoint = endpoint
        endpoint.includeSubtitles = true
        endpoint.clearSubtitles = inClear
        endpoint.captions = [CaptionService(channel: .field(1), language: "en", name: "English")]
        return endpoint
    }

    private func file(_ number: UInt64, _ window: EndpointWindow) throws -> [UInt8] {
        let bound = try #require(window.segment(Stage.number + number))
        let stored = try #require(window.subtitleTracks.first)
        return try window.aside(of: stored, in: bound) { stage.timeline.media(segment: $0, track: $1) }
    }

    @Test func hlsHasARenditionGroup() throws {
        let window = try stage.window(endpoint(.clearHLS))
        let playlist = try MultivariantPlaylist(parsing: PlaylistPackager.multivariant(window))
        let rendition = try #require(playlist.renditions.first { $0.kind == .subtitles })
        #expect(rendition.name == "English" && rendition.language == "en" && !rendition.isDefault)
        #expect(rendition.uri == "subtitles-cc1/subtitles.m3u8")
        #expect(
            playlist.variants.allSatisfy { $0.others.contains(Attribute("SUBTITLES", .quoted(rendition.groupID))) })
        let media = try MediaPlaylist(parsing: try PlaylistPackager.subtitles("subtitles-cc1", window))
        let pictures = try MediaPlaylist(parsing: try PlaylistPackager.media("720p", window))
        #expect(media.segments.map(\.duration) == pictures.segments.map(\.duration))
        #expect(media.segments.allSatisfy { $0.map == nil && $0.keys.isEmpty && $0.uri.hasSuffix(".vtt") })
        #expect(window.playlistTracks.map(\.track.name) == ["720p", "stereo"])
    }

    /// Each file for itself, on the media's clock; what goes on is there again.
    @Test func eachSegmentIsAFile() throws {
        let window = try stage.window(endpoint(.clearHLS))
        let start = Int64(Stage.number + 3) * 2 * 90_000
        #expect(
            String(decoding: try file(3, window), as: UTF8.self) == """
                WEBVTT
                X-TIMESTAMP-MAP=MPEGTS:\(start & 0x1_FFFF_FFFF),LOCAL:00:00:00.000

                00:00:01.000 --> 00:00:02.000
                \(Stage.number + 3) &amp; on

                """)
    }

    @Test(arguments: [EndpointProfile.SegmentTemplate.timeline, .number])
    func dashHasThemAsSegments(_ template: EndpointProfile.SegmentTemplate) throws {
        let window = try stage.window(endpoint(.dash(template), inClear: true))
        let mpd = try MPD(parsing: Array(MPDPackager.mpd(window).utf8))
        for period in mpd.periods {
            let set = try #require(period.adaptationSets.first { $0.contentType == .text })
            #expect(set.mimeType == "application/mp4" && set.language == "en" && set.contentProtections.isEmpty)
            #expect(set.roles.map(\.value) == ["subtitle"])
            #expect(set.representations.map(\.codecs) == ["wvtt"])
            #expect(set.segmentTemplate?.addressing == period.adaptationSets.first?.segmentTemplate?.addressing)
        }
        let bound = try #require(window.segment(Stage.number + 5))
        let stored = try #require(window.subtitleTracks.first)
        let header = try SegmentPackager.header(of: stored, endpoint: window.endpoint, keys: bound.keys)
        #expect(header == stored.header)
        let media = try window.media(of: stored, in: bound) { stage.timeline.media(segment: $0, track: $1) }.array
        #expect(media == (try stage.clear(Stage.number + 5, "subtitles-cc1").clear))
    }

    @Test func aes128CoversThem() throws {
        let window = try stage.window(endpoint(.transportStream()))
        let playlist = try MediaPlaylist(parsing: try PlaylistPackager.subtitles("subtitles-cc1", window))
        let ivs = playlist.segments.compactMap { $0.keys.first?.iv }
        #expect(ivs.count == 10 && Set(ivs).count == 10)
        let bytes = try file(4, window)
        let key = try SyntheticKeys.keys(of: Stage.period(of: Stage.number + 4)).video.key
        let open = try AES128Segment.open(bytes.span, key: key, iv: ivs[2])
        #expect(String(decoding: open, as: UTF8.self).hasPrefix("WEBVTT\n"))
        #expect(!String(decoding: bytes, as: UTF8.self).contains("WEBVTT"))
    }

    @Test func aFilterLeavesNoGroup() throws {
        var window = try stage.window(endpoint(.clearHLS))
        window.filter = try ManifestQuery(parsing: "subtitles=fr").filter
        #expect(!PlaylistPackager.multivariant(window).contains("SUBTITLES"))
        window.filter = try ManifestQuery(parsing: "subtitles=en").filter
        #expect(PlaylistPackager.multivariant(window).contains(",SUBTITLES=\"subtitles\""))
    }

    /// A harvest has a file for all that its playlists and its MPD name, and no others.
    @Test(arguments: [EndpointProfile.clearHLS, .transportStream(), .dash(), .fairPlay])
    func harvestsHaveThem(_ profile: EndpointProfile) throws {
        let window = try stage.window(endpoint(profile, inClear: profile.container == .cmaf))
        func time(_ seconds: Int64) -> CivilTime { CivilTime(epochMilliseconds: (1_600_000_000 + seconds) * 1000) }
        let recording = try Recording(
            of: window, from: time(4), to: time(12), protection: .asServed, storageSeconds: 3600,
            now: 1_600_000_070_000)
        let files = recording.media.filter { $0.path.hasPrefix("subtitles-cc1/") }
        let manifests = try recording.manifests()
        let list = try #require(manifests.first { $0.path == "subtitles-cc1/subtitles.m3u8" })
        let playlist = try MediaPlaylist(parsing: list.text)
        #expect(playlist.isEnded && playlist.segments.count == 4)
        let texts = files.filter { $0.path.hasSuffix(".vtt") }
        #expect(texts.map(\.path) == playlist.segments.map { "subtitles-cc1/\($0.uri)" })
        let bytes = try recording.bytes(of: texts[0]) { stage.timeline.media(segment: $0, track: $1) }
        #expect(bytes.starts(with: Array("WEBVTT".utf8)) == (profile.container == .cmaf))
        let hasMPD = manifests.contains { $0.path == "index.mpd" && $0.text.contains("subtitles-cc1") }
        #expect(hasMPD == (profile.container == .cmaf))
        #expect(files.count { $0.path.hasSuffix(".m4s") } == (hasMPD ? 4 : 0))
        #expect(files.contains { $0.path.hasSuffix(".mp4") } == hasMPD)
    }

    @Test(arguments: [EndpointProfile.fairPlay, .dash()])
    func whatHasNoFormUnderTheProtectionIsNotThere(_ profile: EndpointProfile) throws {
        let window = try stage.window(endpoint(profile))
        #expect(window.subtitleTracks.isEmpty)
        let text = profile.package == .hls ? PlaylistPackager.multivariant(window) : MPDPackager.mpd(window)
        #expect(!text.contains("subtitles-cc1") && !text.contains("TYPE=SUBTITLES"))
        let (clear, stored) = try stage.clear(Stage.number + 3, "subtitles-cc1")
        let keys = try SyntheticKeys.keys(of: Stage.period(of: Stage.number + 3))
        for endpoint in [profile, endpoint(profile)] {
            #expect(throws: PackagingError.self) {
                _ = try SegmentPackager.aside(
                    clear, number: Stage.number + 3, track: stored, endpoint: endpoint, keys: keys)
            }
            #expect(throws: PackagingError.self) {
                _ = try SegmentPackager.cmaf(
                    clear, number: Stage.number + 3, track: stored, endpoint: endpoint, keys: keys)
            }
        }
    }
}
