import DASH
import Media
import Packager
import Settings
import TestSupport
import Testing
import Timeline

/// An encoder's own codecs: what a container cannot hold is left out, and what differs in codec is kept apart.
@Suite struct ContainerTests {
    private static func tracks() throws -> [SyntheticTrack] {
        let av1 = try AV1CodecConfigurationRecord(parsing: [
            0x81, 0, 0x0C, 0, 0x0A, 0x0A, 0, 0, 0, 0x02, 0xAF, 0xF1, 0x80, 0x5F, 0, 0x08,
        ])
        let ac3 = try AC3Configuration(parsing: [0x10, 0x11, 0x40])
        return [
            SyntheticTrack(track: Track(name: "source", timescale: 90000, codec: .av1(av1, width: 64, height: 36))),
            try .video("720p"), try .audio("stereo"),
            SyntheticTrack(track: Track(name: "surround", timescale: 48000, codec: .ac3(ac3))),
            SyntheticTrack(
                track: Track(name: "opus", timescale: 48000, codec: .opus(try OpusConfiguration(channels: 2)))),
        ]
    }

    private func window(_ endpoint: EndpointProfile, _ tracks: [SyntheticTrack]) throws -> EndpointWindow {
        try Stage([[0, 1, 2]], tracks: tracks).window(endpoint)
    }

    private func variants(_ playlist: String) -> [String] {
        playlist.split(separator: "\n").filter { $0.hasPrefix("#EXT-X-STREAM-INF") }.map { line in
            ["CODECS=\"", "AUDIO=\""].map { key in
                line.split(separator: key, maxSplits: 1).dropFirst().first.map { String($0.prefix { $0 != "\"" }) }
                    ?? "-"
            }.joined(separator: " ")
        }
    }

    @Test func transportStreamsWithSoundInside() throws {
        let window = try window(.transportStream(), Self.tracks())
        #expect(window.playlistTracks.map(\.track.name) == ["720p"])
        #expect(variants(PlaylistPackager.multivariant(window)) == ["avc1.64000d,mp4a.40.2 -"])
        #expect(window.leftOut.map(\.track.name) == ["source", "opus"])
        #expect(window.leftOut.first?.reason == "av01.0.00M.08 has no form in a transport stream")
        let segment = try #require(window.segments.last)
        #expect(window.share(of: "source", in: segment) == nil)
        let stored = try #require(window.share(of: "720p", in: segment)).0
        #expect(window.muxed(with: stored, in: segment).map(\.track.name) == ["720p", "stereo"])
    }

    @Test func transportStreamsWithSoundApart() throws {
        let playlist = PlaylistPackager.multivariant(try window(.transportStream(group: true), Self.tracks()))
        #expect(variants(playlist) == ["avc1.64000d,mp4a.40.2 audio-mp4a", "avc1.64000d,ac-3 audio-ac-3"])
        #expect(!playlist.contains("opus") && !playlist.contains("source"))
        for group in ["audio-mp4a", "audio-ac-3"] {
            #expect(playlist.contains("TYPE=AUDIO,GROUP-ID=\"\(group)\""))
        }
    }

    @Test func fragmentsHoldEverything() throws {
        let endpoint = EndpointProfile(id: "hls", package: .hls, windowSeconds: 20)
        let window = try window(endpoint, Self.tracks())
        #expect(window.leftOut.isEmpty)
        let all = ["av01.0.00M.08", "avc1.64000d"].flatMap { picture in
            [("mp4a.40.2", "mp4a"), ("ac-3", "ac-3"), ("opus", "opus")].map { "\(picture),\($0.0) audio-\($0.1)" }
        }
        #expect(variants(PlaylistPackager.multivariant(window)) == all)
    }

    @Test func adaptationSetsHaveOneCodec() throws {
        let endpoint = EndpointProfile(id: "dash", package: .dash, windowSeconds: 20)
        let mpd = try MPD(parsing: Array(MPDPackager.mpd(try window(endpoint, Self.tracks())).utf8))
        let sets = try #require(mpd.periods.first).adaptationSets
        #expect(
            sets.map { $0.representations.map(\.id) } == [["source"], ["720p"], ["stereo"], ["surround"], ["opus"]])
        // No player switches from one to the other.
        #expect(sets.allSatisfy { $0.supplementalProperties.isEmpty })
    }

    @Test func anEndpointThatCanHoldNothingListsNothing() throws {
        let tracks = try Self.tracks()
        #expect(try window(.transportStream(), [tracks[0], tracks[4]]).tracks.isEmpty)
        // HEVC is in transport streams, but has no SAMPLE-AES there.
        let record = try HEVCDecoderConfigurationRecord(
            parsing: [1, 1, 0x60, 0, 0, 0, 0xB0, 0, 0, 0, 0, 0, 93, 0xF0, 0, 0xFC, 0xFD, 0xF8, 0xF8, 0, 0, 0x0F, 2]
                + [33, 34].flatMap { [0x80 | $0, 0, 1, 0, 4, $0 << 1, 1, 0xAA, 0xBB] as [UInt8] })
        let hevc = Track(name: "source", timescale: 90000, codec: .hevc(record, width: 64, height: 36))
        var endpoint = EndpointProfile.transportStream()
        #expect(endpoint.refusal(of: hevc) == nil)
        endpoint.encryption?.method = .sampleAES
        #expect(endpoint.refusal(of: hevc)?.contains("SAMPLE-AES") == true)
        endpoint.container = .cmaf
        #expect(endpoint.refusal(of: hevc) == nil)
    }
}
