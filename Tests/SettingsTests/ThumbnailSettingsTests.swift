import Media
import Settings
import Testing

@Suite struct ThumbnailSettingsTests {
    private func load(_ text: String, _ words: String, rung: String = "") -> (
        profile: ChannelProfile?, diagnostics: [Diagnostic]
    ) {
        let encoded = "{ name: low, codec: h264, width: 640, height: 360, framerate: 25, bitrate: 800000 }"
        return ChannelProfile.load(
            text: """
                channel: news
                ingest: { streamKeys: { primary: { env: KEY } } }
                video: [\(rung.isEmpty ? encoded : rung)]
                audio: [{ name: sound, codec: aac }]
                \(text)
                endpoints:
                  - { id: clear, package: hls, includeThumbnails: true }
                  - { id: ts, package: hls, container: ts, \(words), encryption: { method: AES-128, speke: main } }
                  - { id: dash, package: dash, \(words), encryption: { scheme: cenc, speke: main, systems: [widevine] } }
                speke: { main: { url: "https://keys.example.com", resourceId: news } }
                """, file: "p.yaml", environment: ["KEY": "a-long-stream-key"])
    }

    private static let good = "thumbnails: { width: 160, height: 90, columns: 3, rows: 2 }"

    @Test func eachEndpointSaysWhetherItHasThem() throws {
        let (profile, diagnostics) = load(Self.good, "includeThumbnails: false")
        #expect(diagnostics == [])
        let made = try #require(profile)
        #expect(made.ladder.thumbnails?.tiles == PictureTiles(width: 160, height: 90, columns: 3, rows: 2))
        #expect(made.endpoints.map(\.thumbnailForm) == [.clear, nil, nil])
        #expect(load("thumbnails: {}", "includeThumbnails: false").profile?.ladder.thumbnails?.tiles.width == 320)
    }

    /// AES-128 is over whole files of any kind; Common Encryption knows no pictures.
    @Test func whatCannotBeProtectedIsAnError() {
        let (profile, diagnostics) = load(Self.good, "includeThumbnails: true")
        #expect(profile == nil)
        #expect(
            diagnostics.map(\.description) == [
                "p.yaml:9:32: error: 'includeThumbnails': thumbnails have a form under AES-128 in HLS and under nothing "
                    + "else, so they would go out in the clear; delete it, or write clearThumbnails: true beside it"
            ])
    }

    @Test func clearOnesAreAWarning() throws {
        let (profile, diagnostics) = load(Self.good, "includeThumbnails: true, clearThumbnails: true")
        #expect(diagnostics.allSatisfy { $0.severity == .warning } && diagnostics.count == 2)
        #expect(try #require(profile).endpoints.map(\.thumbnailForm) == [.clear, .clear, .clear])
    }

    @Test(arguments: [
        ("", "includeThumbnails: false", "", "wants thumbnails:"),
        ("thumbnails: { width: 100 }", "includeThumbnails: false", "", "a multiple of 16"),
        ("thumbnails: { height: 91 }", "includeThumbnails: false", "", "the height even"),
        ("thumbnails: { columns: 11 }", "includeThumbnails: false", "", "columns"),
        ("thumbnails: { width: 1920, height: 1080, rows: 2 }", "includeThumbnails: false", "", "picture elements"),
        (
            "thumbnails: { width: 16, height: 16, columns: 10, rows: 10 }", "includeThumbnails: false", "",
            "in a segment of 150 frames"
        ),
        (good, "clearThumbnails: true", "", "there are none"),
        (good, "includeThumbnails: false", "{ name: source, codec: copy }", "only passes pictures on"),
        (
            good, "includeThumbnails: false",
            "{ name: thumbnails, codec: h264, width: 640, height: 360, framerate: 25, bitrate: 800000 }", "rename it"
        ),
    ]) func whatIsWrongIsSaid(_ text: String, _ words: String, _ rung: String, _ reason: String) {
        let (profile, diagnostics) = load(text, words, rung: rung)
        #expect(profile == nil)
        #expect(diagnostics.contains { $0.severity == .error && "\($0)".contains(reason) }, "\(diagnostics)")
    }
}
