import Settings

/// A profile without a fault, for tests to break in one place.
enum SampleProfile {
    static let environment = ["PRIMARY": "a-long-stream-key", "BACKUP": "another-stream-key"]

    static let text = """
        channel: news
        ingest:
          streamKeys:
            primary: { env: PRIMARY }
          allow: ["10.0.0.0/8"]
          maxBitrate: 20000000
        video:
          - name: 720p
            codec: h264
            width: 1280
            height: 720
            framerate: 30
            bitrate: 3000000
            profile: HIGH
            level: "3.1"
            gopSize: 90
            gopNumBFrames: 3
          - { name: 360p, codec: h264, width: 640, height: 360, framerate: 30, bitrate: 800000 }
        audio:
          - { name: stereo, codec: aac, bitrate: 128000, sampleRate: 48000, channels: 2, language: en }
        segmentDurationSeconds: 6
        partDurationSeconds: 1
        storageWindowSeconds: 600
        endpoints:
          - id: hls-ts
            package: hls
            container: ts
            playlistWindowSeconds: 60
            encryption: { method: AES-128, keyRotationIntervalSeconds: 300, speke: main }
          - id: hls
            package: hls
            playlistWindowSeconds: 60
            programDateTimeIntervalSeconds: 6
            encryption: { method: SAMPLE-AES, scheme: cbcs, keyRotationIntervalSeconds: 300, speke: main, systems: [widevine] }
          - id: dash
            package: dash
            manifestWindowSeconds: 60
            suggestedPresentationDelaySeconds: 18
            periodTriggers: [keyRotation]
            encryption: { scheme: cenc, keyRotationIntervalSeconds: 300, speke: main, systems: [widevine, playready] }
        speke:
          main:
            url: https://keys.example.com/speke/v2.0/copyProtection
            version: "2.0"
            resourceId: news
            keyPolicy: { video: PRESET-VIDEO-1, audio: PRESET-AUDIO-1 }
            prefetchSeconds: 60

        """

    /// What is wrong with the profile once `old` is `new` in it, as the command line prints it, without the file.
    static func diagnostics(
        replacing old: String, with new: String, environment: [String: String] = environment,
        purpose: LoadPurpose = .serve
    ) -> [String] {
        let broken = text.replacing(old, with: new, maxReplacements: 1)
        let result = ChannelProfile.load(text: broken, file: "news.yaml", environment: environment, purpose: purpose)
        return result.diagnostics.map { $0.description.replacing("news.yaml:", with: "", maxReplacements: 1) }
    }
}
