import DASH
import HLS
import Packager
import Settings
import TestSupport
import Testing

/// Closed captions inside the pictures, as manifests say them.
@Suite struct CaptionTests {
    private func window(_ endpoint: EndpointProfile, _ captions: [CaptionService]) throws -> EndpointWindow {
        var endpoint = endpoint
        endpoint.captions = captions
        return try Stage([Array(0..<6)]).window(endpoint)
    }

    private let services = [
        CaptionService(channel: .field(1), language: "en", name: "English"),
        CaptionService(channel: .field(3), language: "es", name: "Español \"2\""),
        CaptionService(channel: .service(2), language: "de", name: "Deutsch"),
    ]

    @Test func playlistsNameEachServiceAndItsGroup() throws {
        let text = PlaylistPackager.multivariant(try window(.fairPlay, services))
        let playlist = try MultivariantPlaylist(parsing: text)
        let captions = playlist.renditions.filter { $0.kind == .closedCaptions }
        #expect(captions.map(\.language) == ["en", "es", "de"] && captions.map(\.isDefault) == [true, false, false])
        #expect(captions.allSatisfy { $0.uri == nil })
        #expect(playlist.variants.allSatisfy { $0.closedCaptions == .group("captions") })
        for stream in ["CC1", "CC3", "SERVICE2"] { #expect(text.contains("INSTREAM-ID=\"\(stream)\"")) }
        // A name is the user's, a line is ours.
        #expect(text.contains("#EXT-X-VERSION:7\n") && !text.contains("Español \"2\""))
    }

    @Test func whereThereAreNonePlayersAreToldSo() throws {
        let playlist = try MultivariantPlaylist(parsing: PlaylistPackager.multivariant(try window(.fairPlay, [])))
        #expect(playlist.variants.allSatisfy { $0.closedCaptions == Variant.ClosedCaptions.none })
    }

    @Test func theMPDHasADescriptorOfEachStandard() throws {
        let mpd = try MPD(parsing: Array(MPDPackager.mpd(try window(.dash(), services)).utf8))
        for period in mpd.periods {
            for set in period.adaptationSets {
                let values = set.accessibilities.map { "\($0.schemeIDURI) \($0.value ?? "")" }
                #expect(
                    values
                        == (set.contentType == .video
                            ? [
                                "urn:scte:dash:cc:cea-608:2015 CC1=en;CC3=es",
                                "urn:scte:dash:cc:cea-708:2015 2=lang:de",
                            ] : []))
            }
        }
    }
}
