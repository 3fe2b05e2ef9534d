import Media
import Settings
import Testing

/// The example of the documentation, word for word: it must go on working.
@Suite struct ContractProfileTests {
    static let text = """
        channel: news
        ingest:
          streamKeys:
            primary: { env: NEWS_PRIMARY_KEY }
            backup:  { env: NEWS_BACKUP_KEY }
          allow: ["10.0.0.0/8", "127.0.0.0/8"]
          maxBitrate: 20000000
          inputLoss: { holdSeconds: 60, fill: repeat }
          sourceEndBehavior: CONTINUE
        video:
          - { name: 1080p, codec: h264, width: 1920, height: 1080, framerate: 30, bitrate: 5000000, rateControlMode: CBR,
              profile: HIGH, level: "4.1", gopSize: 90, gopNumBFrames: 3, preset: veryfast }
          - { name: 720p,  codec: h264, width: 1280, height: 720,  framerate: 30, bitrate: 3000000, profile: HIGH, level: "3.1", gopSize: 90, gopNumBFrames: 3 }
          - { name: 480p,  codec: h264, width: 854,  height: 480,  framerate: 30, bitrate: 1500000, profile: MAIN, level: "3.1", gopSize: 90, gopNumBFrames: 2 }
        audio:
          - { name: stereo, codec: aac, bitrate: 128000, sampleRate: 48000, channels: 2, language: und }
        segmentDurationSeconds: 6
        partDurationSeconds: 1
        storageWindowSeconds: 3600
        endpoints:
          - id: hls-ts
            package: hls
            container: ts
            playlistType: live
            playlistWindowSeconds: 60
            programDateTimeIntervalSeconds: 6
            useAudioRenditionGroup: false
            encryption: { method: AES-128, keyRotationIntervalSeconds: 300, speke: main }
          - id: hls
            package: hls
            container: cmaf
            lowLatency: true
            playlistWindowSeconds: 60
            useAudioRenditionGroup: true
            includeIframeOnlyStream: true
            encryption: { method: SAMPLE-AES, scheme: cbcs, keyRotationIntervalSeconds: 300, speke: main, systems: [fairplay, widevine, playready, clearkey] }
          - id: dash
            package: dash
            manifestWindowSeconds: 60
            minBufferTimeSeconds: 6
            minUpdatePeriodSeconds: 3
            suggestedPresentationDelaySeconds: 18
            segmentTemplate: timeline
            periodTriggers: [keyRotation, ads, sourceChange]
            encryption: { scheme: cenc, keyRotationIntervalSeconds: 300, speke: main, systems: [widevine, playready, clearkey] }
        speke:
          main:
            url: http://127.0.0.1:8090/speke/v2.0/copyProtection
            version: "2.0"
            resourceId: news
            authentication: { none: {} }
            keyPolicy: { video: PRESET-VIDEO-1, audio: PRESET-AUDIO-1 }
            prefetchSeconds: 60
            onKeyFailure: { graceSeconds: 30, then: stop }

        """

    @Test func hasNoErrors() throws {
        let environment = ["NEWS_PRIMARY_KEY": "one-stream-key", "NEWS_BACKUP_KEY": "two-stream-key"]
        let result = ChannelProfile.load(text: Self.text, file: "news.yaml", environment: environment)
        #expect(!result.diagnostics.hasErrors)
        let profile = try #require(result.profile)
        #expect(
            profile.endpoints.map(\.encryption?.method) == [
                .aes128, .commonEncryption(.cbcs), .commonEncryption(.cenc),
            ])
        #expect(profile.endpoints[2].periodTriggers == [.keyRotation, .ads, .sourceChange])
        #expect(profile.ingest.inputLoss.fill == .repeat)
        #expect(profile.ingest.streamKeys.backup.map { $0.matches("two-stream-key") } == [true])
    }

    @Test func mayLackItsSecretsWhileOnlyChecked() throws {
        let check = ChannelProfile.load(text: Self.text, file: "news.yaml", environment: [:], purpose: .check)
        #expect(!check.diagnostics.hasErrors)
        #expect(
            check.diagnostics.first?.description
                == "news.yaml:4:14: warning: 'primary': the environment variable NEWS_PRIMARY_KEY is not set; set it")
        let profile = try #require(check.profile)
        let key = try #require(profile.ingest.streamKeys.primary.first)
        #expect(!key.matches("") && !key.isResolved)
        let serve = ChannelProfile.load(text: Self.text, file: "news.yaml", environment: [:], purpose: .serve)
        #expect(serve.profile == nil && serve.diagnostics.hasErrors)
    }
}
