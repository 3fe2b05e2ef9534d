import Media
import Settings
import Testing

@Suite struct SubtitleSettingsTests {
    private func load(_ captions: String, _ words: String, rung: String = "source") -> (
        profile: ChannelProfile?, diagnostics: [Diagnostic]
    ) {
        ChannelProfile.load(
            text: """
                channel: news
                ingest: { streamKeys: { primary: { env: KEY } } }
                video: [{ name: \(rung), codec: copy }]
                audio: [{ name: sound, codec: aac }]
                captionLanguageMappings: [\(captions)]
                endpoints:
                  - { id: clear, package: hls, includeSubtitles: true }
                  - { id: ts, package: hls, container: ts, \(words), encryption: { method: AES-128, speke: main } }
                  - { id: dash, package: dash, \(words), encryption: { scheme: cenc, speke: main, systems: [widevine] } }
                speke: { main: { url: "https://keys.example.com", resourceId: news } }
                """, file: "p.yaml", environment: ["KEY": "a-long-stream-key"])
    }

    private static let english = "{ captionChannel: CC1, languageCode: en, languageDescription: English }"
    private static let good =
        "{ captionChannel: SERVICE1, languageCode: de }, \(english), { captionChannel: CC3, languageCode: es }"

    @Test func theyAreMadeOfEveryChannelOfCEA608() throws {
        let (profile, diagnostics) = load(Self.good, "includeSubtitles: false")
        #expect(diagnostics == [])
        let made = try #require(profile)
        #expect(
            made.ladder.captions == [CaptionRung(channel: 1, language: "en"), CaptionRung(channel: 3, language: "es")])
        #expect(made.ladder.trackNames.suffix(2) == ["subtitles-cc1", "subtitles-cc3"])
        #expect(made.endpoints.map(\.subtitleForm) == [.clear, nil, nil])
    }

    @Test func whatCannotBeProtectedIsAnError() {
        let (profile, diagnostics) = load(Self.english, "includeSubtitles: true")
        #expect(profile == nil)
        #expect(
            diagnostics.map(\.description) == [
                "p.yaml:9:32: error: 'includeSubtitles': subtitles have a form under AES-128 in HLS and under nothing "
                    + "else, so they would go out in the clear; delete it, or write clearSubtitles: true beside it"
            ])
    }

    @Test func clearOnesAreAWarning() throws {
        let (profile, diagnostics) = load(Self.english, "includeSubtitles: true, clearSubtitles: true")
        #expect(diagnostics.allSatisfy { $0.severity == .warning } && diagnostics.count == 2)
        #expect(try #require(profile).endpoints.map(\.subtitleForm) == [.clear, .clear, .clear])
    }

    @Test(arguments: [
        ("{ captionChannel: SERVICE1, languageCode: en }", "includeSubtitles: false", "source", "none of CC1 to CC4"),
        (english, "clearSubtitles: true", "source", "there are none"),
        (english, "includeSubtitles: false", "subtitles-cc1", "rename it"),
    ]) func whatIsWrongIsSaid(_ captions: String, _ words: String, _ rung: String, _ reason: String) {
        let (profile, diagnostics) = load(captions, words, rung: rung)
        #expect(profile == nil)
        #expect(diagnostics.contains { $0.severity == .error && "\($0)".contains(reason) }, "\(diagnostics)")
    }
}
