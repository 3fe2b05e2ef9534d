import Settings
import Testing

/// What a DASH endpoint of low latency is made of.
@Suite struct LowLatencyDASHTests {
    private func endpoint(_ words: String) throws -> EndpointProfile {
        let text = SampleProfile.text
            .replacing("    suggestedPresentationDelaySeconds: 18\n", with: words)
        let (profile, diagnostics) = ChannelProfile.load(
            text: text, file: "sample.yaml", environment: SampleProfile.environment)
        #expect(diagnostics.isEmpty)
        return try #require(profile?.endpoints.last)
    }

    @Test func whatIsLeftOutFollowsFromTheLatency() throws {
        let endpoint = try endpoint("    lowLatency: true\n")
        #expect(endpoint.hasParts)
        #expect(endpoint.segmentTemplate == .number)
        #expect(endpoint.suggestedPresentationDelaySeconds == nil)
        #expect(endpoint.minBufferTimeSeconds == 1)
        #expect(endpoint.targetLatencyMilliseconds == nil)
        #expect(!endpoint.inbandProducerReferenceTime)
    }

    @Test func whatIsSaidIsTaken() throws {
        let endpoint = try endpoint(
            "    lowLatency: true\n    targetLatencySeconds: 1.5\n    inbandProducerReferenceTime: true\n"
                + "    suggestedPresentationDelaySeconds: 3\n    minBufferTimeSeconds: 2\n")
        #expect(endpoint.targetLatencyMilliseconds == 1500)
        #expect(endpoint.inbandProducerReferenceTime)
        #expect(endpoint.suggestedPresentationDelaySeconds == 3)
        #expect(endpoint.minBufferTimeSeconds == 2)
    }
}
