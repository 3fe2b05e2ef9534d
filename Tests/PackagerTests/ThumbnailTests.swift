import CommonEncryption
import DASH
import HLS
import Keys
import Media
import Packager
import Settings
import TestSupport
import Testing
import Timeline

/// Sheets of thumbnails as HLS and DASH name them, and never in the clear but where the profile says so.
@Suite struct ThumbnailTests {
    private let stage: Stage

    init() throws {
        stage = try Stage(
            [Array(0..<12)],
            tracks: [try .video("720p"), try .video("360p"), try .audio("stereo"), .thumbnails()])
    }

    private func endpoint(_ endpoint: EndpointProfile, inClear: Bool = false) -> EndpointProfile {
        var endpoint = endpoint
        endpoint.includeThumbnails = true
        endpoint.clearThumbnails = inClear
        return endpoint
    }

    private func image(_ number: UInt64, _ window: EndpointWindow) throws -> [UInt8] {
        let bound = try #require(window.segment(Stage.number + number))
        let stored = try #require(window.imageTracks.first)
        return try window.aside(of: stored, in: bound) { stage.timeline.media(segment: $0, track: $1) }
    }

    private func picture(_ bytes: [UInt8]) throws -> JPEGPicture { try JPEGPicture(parsing: bytes.span) }

    @Test func hlsHasAnImagePlaylist() throws {
        let window = try stage.window(endpoint(.clearHLS))
        let multivariant = PlaylistPackager.multivariant(window)
        let lines = multivariant.split(separator: "\n").filter { $0.hasPrefix("#EXT-X-IMAGE-STREAM-INF:") }
        #expect(lines.count == 1)
        let line = try #require(lines.first)
        #expect(line.hasSuffix("CODECS=\"jpeg\",RESOLUTION=32x18,URI=\"thumbnails/images.m3u8\""), "\(line)")
        let variant = try #require(try MultivariantPlaylist(parsing: multivariant).imageVariants.first)
        let text = try PlaylistPackager.images("thumbnails", window)
        let playlist = try MediaPlaylist(parsing: text)
        #expect(playlist.unknownTags.contains("#EXT-X-IMAGES-ONLY"))
        #expect(playlist.segments.count == 10 && playlist.segments.allSatisfy { $0.map == nil && $0.keys.isEmpty })
        for (index, segment) in playlist.segments.enumerated() {
            #expect(segment.uri == "0123456789ab/\(Stage.number + 2 + UInt64(index)).jpg")
            #expect(segment.unknownTags == ["#EXT-X-TILES:RESOLUTION=32x18,LAYOUT=2x1,DURATION=1.000000"])
            #expect(segment.duration.duration.milliseconds == 2000)
        }
        let sizes = try (2..<12).map { try image($0, window).count }
        #expect(variant.bandwidth >= UInt64(sizes.reduce(0, +) * 8 / 20))
        #expect(try picture(try image(5, window)).width == 64)
    }

    /// Nothing else names the track, and players that know no images miss nothing.
    @Test func itIsNoRenditionLikeOthers() throws {
        for profile in [EndpointProfile.clearHLS, endpoint(.clearHLS)] {
            let window = try stage.window(profile)
            #expect(window.playlistTracks.map(\.track.name) == ["720p", "360p", "stereo"])
            #expect(!window.hasPlaylist(track: "thumbnails"))
            #expect(window.leftOut.isEmpty)
        }
        let without = PlaylistPackager.multivariant(try stage.window(.clearHLS))
        #expect(!without.contains("thumbnails") && !without.contains("IMAGE"))
        let with = PlaylistPackager.multivariant(try stage.window(endpoint(.clearHLS)))
        #expect(with.split(separator: "\n").filter { !$0.contains("IMAGE") } == without.split(separator: "\n"))
    }

    @Test(arguments: [EndpointProfile.SegmentTemplate.timeline, .number])
    func dashHasTiles(_ template: EndpointProfile.SegmentTemplate) throws {
        let window = try stage.window(endpoint(.dash(template), inClear: true))
        let mpd = try MPD(parsing: Array(MPDPackager.mpd(window).utf8))
        for period in mpd.periods {
            let set = try #require(period.adaptationSets.first { $0.contentType == .image })
            #expect(set.mimeType == "image/jpeg" && set.contentProtections.isEmpty && set.codecs == nil)
            let representation = try #require(set.representations.first)
            #expect(representation.width == 64 && representation.height == 18)
            #expect(
                representation.essentialProperties
                    == [Descriptor(schemeIDURI: "http://dashif.org/guidelines/thumbnail_tile", value: "2x1")])
            let own = try #require(set.segmentTemplate)
            #expect(own.initialization == nil && own.media == "$RepresentationID$/0123456789ab/$Number$.jpg")
            // As many, for the same times, as of the picture.
            let video = try #require(period.adaptationSets.first).segmentTemplate
            #expect(own.addressing == video?.addressing && own.startNumber == video?.startNumber)
        }
    }

    @Test func aes128CoversThem() throws {
        let window = try stage.window(endpoint(.transportStream()))
        let playlist = try MediaPlaylist(parsing: try PlaylistPackager.images("thumbnails", window))
        let pictures = try MediaPlaylist(parsing: try PlaylistPackager.media("720p", window))
        let ivs = (playlist.segments + pictures.segments).compactMap { $0.keys.first?.iv }
        #expect(ivs.count == 20 && Set(ivs).count == 20, "CBC over other bytes has another IV")
        for (index, segment) in playlist.segments.enumerated() {
            let number = Stage.number + 2 + UInt64(index)
            let key = try #require(segment.keys.first)
            #expect(key.method == .aes128)
            #expect(key.uri == pictures.segments[index].keys.first?.uri, "the picture's key")
            let keys = try SyntheticKeys.keys(of: Stage.period(of: number))
            let bytes = try image(number - Stage.number, window)
            let open = try AES128Segment.open(bytes.span, key: keys.video.key, iv: try #require(key.iv))
            #expect(try picture(open).width == 64)
            #expect(throws: ParseError.self) { _ = try picture(bytes) }
        }
    }

    /// There is no way from such a profile to one that runs; should there be one, there are no pictures in it.
    @Test(arguments: [EndpointProfile.fairPlay, .dash()])
    func whatHasNoFormUnderTheProtectionIsNotThere(_ profile: EndpointProfile) throws {
        let window = try stage.window(endpoint(profile))
        #expect(window.imageTracks.isEmpty && window.share(of: "thumbnails", in: window.segments[0]) == nil)
        let text = profile.package == .hls ? PlaylistPackager.multivariant(window) : MPDPackager.mpd(window)
        #expect(!text.contains("thumbnails"))
        let (clear, stored) = try stage.clear(Stage.number + 3, "thumbnails")
        let keys = try SyntheticKeys.keys(of: Stage.period(of: Stage.number + 3))
        for endpoint in [profile, endpoint(profile)] {
            #expect(throws: PackagingError.self) {
                _ = try SegmentPackager.aside(
                    clear, number: Stage.number + 3, track: stored, endpoint: endpoint, keys: keys)
            }
            #expect(throws: PackagingError.self, "nor as a file") {
                _ = try SegmentPackager.cmaf(
                    clear, number: Stage.number + 3, track: stored, endpoint: endpoint, keys: keys)
            }
        }
    }

    @Test func withoutAKeyThereAreNone() throws {
        let (clear, stored) = try stage.clear(Stage.number + 3, "thumbnails")
        #expect(throws: PackagingError.noKey(track: "thumbnails")) {
            _ = try SegmentPackager.aside(
                clear, number: Stage.number + 3, track: stored, endpoint: endpoint(.transportStream()), keys: nil)
        }
    }

    @Test func theProfileMaySayThatTheyAreClear() throws {
        let window = try stage.window(endpoint(.fairPlay, inClear: true))
        let playlist = try MediaPlaylist(parsing: try PlaylistPackager.images("thumbnails", window))
        #expect(playlist.segments.allSatisfy { $0.keys.isEmpty })
        #expect(try picture(try image(5, window)).height == 18)
    }

    @Test func aFilterLeavesThemOut() throws {
        for (query, count) in [("trickplay=image", 1), ("trickplay=iframe", 0), ("trickplay=none", 0)] {
            var window = try stage.window(endpoint(.clearHLS))
            window.filter = try ManifestQuery(parsing: query).filter
            let playlist = try MultivariantPlaylist(parsing: PlaylistPackager.multivariant(window))
            #expect(playlist.imageVariants.count == count, "\(query)")
        }
    }
}
