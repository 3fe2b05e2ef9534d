import Settings
import Testing

@Suite struct CaptionSettingsTests {
    private func load(_ text: String) -> (profile: ChannelProfile?, diagnostics: [Diagnostic]) {
        ChannelProfile.load(
            text: """
                channel: news
                ingest: { streamKeys: { primary: { env: KEY } } }
                video: [{ name: source, codec: copy }]
                audio: [{ name: sound, codec: copy }]
                endpoints: [{ id: hls, package: hls }, { id: dash, package: dash }]
                captionLanguageMappings: \(text)
                """, file: "p.yaml", environment: ["KEY": "geheim"])
    }

    @Test func everyEndpointHasThem() throws {
        let (profile, diagnostics) = load(
            "[{ captionChannel: CC1, languageCode: en, languageDescription: English }, "
                + "{ captionChannel: SERVICE63, languageCode: pt-BR }]")
        #expect(diagnostics == [])
        for endpoint in try #require(profile).endpoints {
            #expect(
                endpoint.captions == [
                    CaptionService(channel: .field(1), language: "en", name: "English"),
                    CaptionService(channel: .service(63), language: "pt-BR", name: "pt-BR"),
                ])
        }
    }

    @Test(arguments: [
        ("[{ captionChannel: CC5, languageCode: en }]", "'captionChannel' cannot be 'CC5'"),
        ("[{ captionChannel: CC01, languageCode: en }]", "'captionChannel' cannot be 'CC01'"),
        ("[{ captionChannel: SERVICE64, languageCode: en }]", "SERVICE63"),
        ("[{ captionChannel: CC1, languageCode: english language }]", "'languageCode' cannot be"),
        ("[{ captionChannel: CC1 }]", "has no 'languageCode'"),
        ("[{ captionChannel: CC1, languageCode: en }, { captionChannel: CC1, languageCode: de }]", "there twice"),
        ("{ captionChannel: CC1 }", "it must be a list"),
    ])
    func whatIsWrongIsSaid(text: String, reason: String) {
        let (profile, diagnostics) = load(text)
        #expect(profile == nil)
        #expect(diagnostics.contains { "\($0)".contains(reason) && "\($0)".hasPrefix("p.yaml:6:") })
    }
}
