import CommonEncryption
import DASH
import HLS
import ISOBMFF
import Keys
import MPEGTS
import Media
import MediaMemory
import Packager
import Settings
import TestSupport
import Testing
import Timeline

/// The first picture of each segment by itself.
@Suite struct IFrameTests {
    private let stage: Stage

    init() throws { stage = try Stage([Array(0..<12)]) }

    private func endpoint(_ endpoint: EndpointProfile) -> EndpointProfile {
        var endpoint = endpoint
        endpoint.includeIframeOnlyStream = true
        return endpoint
    }

    private func picture(_ number: UInt64, _ window: EndpointWindow) throws -> (bytes: [UInt8], track: StoredTrack) {
        let bound = try #require(window.segment(Stage.number + number))
        let stored = try #require(window.iFrameTracks.first)
        let bytes = try window.iFrame(of: stored, in: bound) { stage.timeline.media(segment: $0, track: $1) }.array
        return (bytes, stored)
    }

    @Test func aFragmentIsTheSegmentsFirstSampleForTheSegmentsTime() throws {
        let window = try stage.window(endpoint(.clearHLS))
        let (bytes, stored) = try picture(3, window)
        let clear = try stage.clear(Stage.number + 3, stored.track.name).clear
        let samples = try MovieFragmentTable(parsing: bytes.span).fragments.flatMap(\.samples)
        let first = try #require(try MovieFragmentTable(parsing: clear.span).fragments.first?.samples.first)
        #expect(samples.count == 1)
        let sample = try #require(samples.first)
        #expect(sample.isSync && sample.decodeTime == first.decodeTime && sample.duration == 2 * 90000)
        #expect(sample.compositionOffset == first.compositionOffset)
        #expect(bytes[sample.offset..<sample.offset + sample.size] == clear[first.offset..<first.offset + first.size])
    }

    /// The same key stream on the same bytes: nothing is given away by having the picture twice.
    @Test(arguments: [ProtectionScheme.cenc, .cbcs])
    func theProtectedPictureIsTheSegmentsOwn(_ scheme: ProtectionScheme) throws {
        let profile = endpoint(
            EndpointProfile(
                id: "hls", package: .hls, windowSeconds: 20,
                encryption: Stage.encryption(.commonEncryption(scheme), [.widevine])))
        let window = try stage.window(profile)
        let (bytes, stored) = try picture(3, window)
        let bound = try #require(window.segment(Stage.number + 3))
        let segment = try window.media(of: stored, in: bound) { stage.timeline.media(segment: $0, track: $1) }.array
        let clear = try picture(3, try stage.window(endpoint(.clearHLS))).bytes
        func sample(_ bytes: [UInt8]) throws -> [UInt8] {
            let sample = try #require(try MovieFragmentTable(parsing: bytes.span).fragments.first?.samples.first)
            return Array(bytes[sample.offset..<sample.offset + sample.size])
        }
        #expect(try sample(bytes) == sample(segment))
        #expect(try sample(bytes) != sample(clear))
    }

    /// CBC over different bytes: its IV is never that of the segment.
    @Test func aes128HasAnIVOfItsOwnThatThePlaylistSays() throws {
        for container in [EndpointProfile.Container.cmaf, .ts] {
            let profile = endpoint(
                EndpointProfile(
                    id: "a", package: .hls, container: container, windowSeconds: 20,
                    useAudioRenditionGroup: container == .cmaf, encryption: Stage.encryption(.aes128, [.aes128])))
            let window = try stage.window(profile)
            let (bytes, _) = try picture(3, window)
            let iFrames = try MediaPlaylist(parsing: try PlaylistPackager.iFrames("720p", window))
            let whole = try MediaPlaylist(parsing: try PlaylistPackager.media("720p", window))
            let ivs = (iFrames.segments + whole.segments).compactMap { $0.keys.first?.iv }
            #expect(ivs.count == 20 && Set(ivs).count == 20)
            let index = Int(Stage.number + 3 - iFrames.mediaSequence)
            let iv = try #require(iFrames.segments[index].keys.first?.iv)
            let key = try #require(window.segment(Stage.number + 3)?.keys?.entries.first?.key)
            let opened = try AES128Segment.open(bytes.span, key: key.key, iv: iv)
            #expect(container == .ts ? opened.first == 0x47 : opened[4..<8] == ArraySlice("moof".utf8))
        }
    }

    @Test func thePlaylistHasTheSegmentsNumbersTimesAndKeys() throws {
        let window = try stage.window(endpoint(.fairPlay))
        let text = try PlaylistPackager.iFrames("720p", window)
        #expect(text.contains("#EXT-X-I-FRAMES-ONLY\n"))
        let iFrames = try MediaPlaylist(parsing: text)
        let whole = try MediaPlaylist(parsing: try PlaylistPackager.media("720p", window))
        #expect(iFrames.mediaSequence == whole.mediaSequence && iFrames.segments.count == whole.segments.count)
        for (picture, segment) in zip(iFrames.segments, whole.segments) {
            #expect(picture.uri == segment.uri.replacing("/8", with: "/iframe-8"))
            #expect(picture.duration == segment.duration && picture.programDateTime == segment.programDateTime)
            #expect(picture.keys == segment.keys && picture.map == segment.map)
        }
    }

    @Test func theMultivariantPlaylistNamesThemWhereTheProfileSaysSo() throws {
        #expect(!PlaylistPackager.multivariant(try stage.window(.fairPlay)).contains("I-FRAME"))
        let playlist = try MultivariantPlaylist(
            parsing: PlaylistPackager.multivariant(try stage.window(endpoint(.fairPlay))))
        #expect(playlist.iFrameVariants.map(\.uri) == ["720p/iframes.m3u8", "360p/iframes.m3u8"])
        for (iFrames, variant) in zip(playlist.iFrameVariants, playlist.variants) {
            #expect(iFrames.bandwidth < variant.bandwidth && iFrames.resolution == variant.resolution)
            #expect(iFrames.codecs.count == 1)
        }
        // What is announced is a bound.
        let window = try stage.window(endpoint(.fairPlay))
        for number in 2..<12 as Range<UInt64> {
            let bits = try picture(number, window).bytes.count * 8
            #expect(bits <= Int(playlist.iFrameVariants[0].bandwidth) * 2)
        }
    }

    @Test(arguments: [EndpointProfile.SegmentTemplate.timeline, .number])
    func trickModeSetsStandBesideTheirs(_ template: EndpointProfile.SegmentTemplate) throws {
        let mpd = try MPD(parsing: Array(MPDPackager.mpd(try stage.window(endpoint(.dash(template)))).utf8))
        for period in mpd.periods {
            let sets = period.adaptationSets
            let trick = try #require(sets.first { $0.id == 101 })
            let main = try #require(sets.first { $0.id == 1 })
            #expect(trick.essentialProperties == [.trickMode(of: 1)])
            #expect(trick.contentProtections == main.contentProtections && !trick.contentProtections.isEmpty)
            #expect(trick.representations.map(\.id) == ["720p-iframes", "360p-iframes"])
            #expect(trick.representations.allSatisfy { $0.maximumPlayoutRate == 60 })
            let own = try #require(trick.representations.first?.segmentTemplate)
            let theirs = try #require(main.segmentTemplate)
            #expect(
                own.media
                    == theirs.media.replacing("$RepresentationID$", with: "720p")
                    .replacing("$Number$", with: "iframe-$Number$"))
            #expect(own.addressing == theirs.addressing && own.startNumber == theirs.startNumber)
        }
        let none = try MPD(parsing: Array(MPDPackager.mpd(try stage.window(.dash(template))).utf8))
        #expect(none.periods.allSatisfy { $0.adaptationSets.allSatisfy { $0.id < 100 } })
    }

    @Test func filtersChooseAmongThem() throws {
        func iFrames(_ query: String) throws -> [String] {
            var window = try stage.window(endpoint(.fairPlay))
            window.filter = try ManifestQuery(parsing: query).filter
            return try MultivariantPlaylist(parsing: PlaylistPackager.multivariant(window)).iFrameVariants.map(\.uri)
        }
        #expect(try iFrames("trickplay=none").isEmpty)
        #expect(try iFrames("trickplay=iframe").count == 2)
        #expect(try iFrames("aws.manifestfilter=trickplay_type:none").isEmpty)
        #expect(try iFrames("bitrate=1000000-") == ["720p/iframes.m3u8"])
        let height = try #require(stage.window(.fairPlay).tracks.first?.track.codec.pictureSize?.height)
        #expect(try iFrames("aws.manifestfilter=trickplay_height:\(height)").count == 2)
        #expect(try iFrames("aws.manifestfilter=trickplay_height:\(height + 1)-").isEmpty)
        #expect(throws: ManifestQueryError.self) { try ManifestQuery(parsing: "trickplay=fast") }
    }
}
