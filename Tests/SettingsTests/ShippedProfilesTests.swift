import Foundation
import Media
import Settings
import Testing

@Suite struct ShippedProfilesTests {
    /// The folder beside Tests/ in the checkout.
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Profiles").path

    static let environment = [
        "DEMO_STREAM_KEY": "demo-stream-key", "DRM_1080P_STREAM_KEY": "drm-stream-key",
        "OTT_5MIN_STREAM_KEY": "ott-stream-key", "PASSTHROUGH_STREAM_KEY": "pass-stream-key",
    ]

    @Test func haveNothingToComplainOfOnceTheirKeysAreSet() {
        let directory = ProfileDirectory.load(path: Self.folder, environment: Self.environment)
        #expect(directory.diagnostics == [])
        #expect(directory.profiles.map(\.channel) == ["demo", "drm-1080p", "ott-5min", "passthrough"])
    }

    @Test func areFineOnAFreshCheckout() {
        let found = SettingsCheck.check(paths: [Self.folder], environment: [:]).diagnostics
        #expect(!found.hasErrors)
        #expect(found.count == 4 && found.allSatisfy { $0.text.contains("environment variable") })
    }

    @Test func areWhatTheyAreNamedFor() throws {
        let profiles = ProfileDirectory.load(path: Self.folder, environment: Self.environment).profiles
        try #require(profiles.count == 4)
        let methods = { (profile: ChannelProfile) in
            Dictionary(uniqueKeysWithValues: profile.endpoints.map { ($0.id, $0.encryption?.method) })
        }
        #expect(
            methods(profiles[0]) == [
                "clear": nil, "hls-ts": .aes128, "hls": .commonEncryption(.cbcs), "dash": .commonEncryption(.cenc),
            ])
        #expect(profiles[0].endpoints.compactMap(\.encryption?.keyRotationIntervalSeconds) == [60, 60, 60])
        #expect(profiles[1].ladder.video.map(\.level) == [41, 31, 31])
        #expect(profiles[1].ladder.video.map(\.gopSize) == [90, 90, 90])
        #expect(profiles[1].ladder.video.map(\.bFrames) == [3, 3, 2])
        #expect(profiles[1].endpoints.compactMap(\.encryption?.keyRotationIntervalSeconds) == [3600, 3600])
        #expect(profiles[1].endpoints.map(\.windowSeconds) == [300, 300])
        #expect(profiles[2].endpoints.compactMap(\.encryption?.keyRotationIntervalSeconds) == [300, 300])
        #expect(profiles[3].ladder.video.map(\.codec) == [.copy])
        #expect(profiles[3].endpoints.allSatisfy { $0.encryption == nil })
    }
}
