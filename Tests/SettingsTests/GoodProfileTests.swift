import Media
import Settings
import Testing

@Suite struct GoodProfileTests {
    @Test func readsEveryValueOfTheSample() throws {
        let result = ChannelProfile.load(
            text: SampleProfile.text, file: "news.yaml", environment: SampleProfile.environment)
        #expect(result.diagnostics == [])
        let profile = try #require(result.profile)
        #expect(profile.channel == "news")
        #expect(profile.ingest.streamKeys.primary.map { $0.matches("a-long-stream-key") } == [true])
        #expect(profile.ingest.streamKeys.backup == [])
        #expect(profile.ingest.allow.map(\.description) == ["10.0.0.0/8"])
        #expect(profile.ingest.inputLoss == InputLoss(holdSeconds: 60, fill: .none, end: .stop))
        #expect(profile.ladder.segmentDurationSeconds == 6)
        #expect(profile.ladder.partDurationMilliseconds == 1000)
        #expect(
            profile.ladder.video == [
                VideoRung(
                    name: "720p", codec: .h264, width: 1280, height: 720, frameRate: FrameRate(30), bitrate: 3_000_000,
                    rateControl: .cbr, profile: .high, level: 31, gopSize: 90, bFrames: 3, preset: "veryfast"),
                VideoRung(
                    name: "360p", codec: .h264, width: 640, height: 360, frameRate: FrameRate(30), bitrate: 800_000,
                    rateControl: .cbr, profile: .high, level: 0, gopSize: 60, bFrames: 2, preset: "veryfast"),
            ])
        #expect(
            profile.ladder.audio == [
                AudioRung(
                    name: "stereo", codec: .aac, bitrate: 128_000, sampleRate: 48000, channels: 2, language: "en")
            ])
        #expect(profile.storageWindowSeconds == 600)
        #expect(
            profile.endpoints == [
                EndpointProfile(
                    id: "hls-ts", package: .hls, container: .ts, useAudioRenditionGroup: false,
                    encryption: EndpointEncryption(
                        method: .aes128, keyRotationIntervalSeconds: 300, speke: "main", systems: [.aes128])),
                EndpointProfile(
                    id: "hls", package: .hls,
                    encryption: EndpointEncryption(
                        method: .commonEncryption(.cbcs), keyRotationIntervalSeconds: 300, speke: "main",
                        systems: [.widevine])),
                EndpointProfile(
                    id: "dash", package: .dash, programDateTimeIntervalSeconds: 0,
                    encryption: EndpointEncryption(
                        method: .commonEncryption(.cenc), keyRotationIntervalSeconds: 300, speke: "main",
                        systems: [.widevine, .playReady])),
            ])
        #expect(
            profile.speke == [
                "main": SPEKEProfile(
                    url: "https://keys.example.com/speke/v2.0/copyProtection", version: .v2, resourceID: "news",
                    authentication: .none, keyPolicy: KeyPolicy(video: .preset1, audio: .preset1), prefetchSeconds: 60,
                    onKeyFailure: KeyFailurePolicy(graceSeconds: 30, then: .stop))
            ])
    }

    /// The encoder's own ladder and its languages.
    @Test func readsTracksOfTheEncoder() throws {
        let text = """
            channel: news
            ingest: { streamKeys: { primary: { env: PRIMARY } } }
            video:
              - { name: hd, codec: copy }
              - { name: sd, codec: copy, trackId: 1 }
            audio:
              - { name: english, codec: aac, language: en }
              - { name: french, codec: aac, trackId: 1, language: fr }
              - { name: surround, codec: copy, trackId: 2 }
            endpoints: [{ id: hls, package: hls }]
            """
        let result = ChannelProfile.load(text: text, file: "news.yaml", environment: SampleProfile.environment)
        #expect(result.diagnostics.allSatisfy { $0.severity == .warning })
        let ladder = try #require(result.profile?.ladder)
        #expect(ladder.video.map(\.trackID) == [0, 1])
        #expect(ladder.audio.map(\.trackID) == [0, 1, 2])
        #expect(ladder.audio.map(\.language) == ["en", "fr", "und"])
    }

    @Test func takesTwoKeysAndAWebHook() throws {
        let text = """
            channel: news
            ingest:
              streamKeys: { primary: [{ env: PRIMARY }, { env: NEXT }] }
              webhook: { url: "https://example.com/sluice", secret: { env: HOOK }, timeoutSeconds: 2.5, onFailure: allow, sendStreamKey: true }
            audio: [{ name: stereo, codec: aac, bitrate: 128000 }]
            endpoints: [{ id: hls, package: hls }]
            """
        let environment = SampleProfile.environment.merging(["NEXT": "the-next-key", "HOOK": "s3cret-of-hook"]) { $1 }
        let result = ChannelProfile.load(text: text, file: "news.yaml", environment: environment)
        #expect(result.diagnostics == [])
        let ingest = try #require(result.profile).ingest
        #expect(ingest.streamKeys.match("the-next-key")?.key == Secret("the-next-key"))
        #expect(ingest.streamKeys.match("a-long-stream-key")?.key == Secret("a-long-stream-key"))
        #expect(ingest.streamKeys.match("the-next-ke")?.key == nil && ingest.streamKeys.match("") == nil)
        #expect(
            ingest.webHook
                == WebHookProfile(
                    url: "https://example.com/sluice", secret: Secret("s3cret-of-hook"), timeoutMilliseconds: 2500,
                    onFailure: .allow, sendStreamKey: true))
    }

    /// Keys may change under an encoder on air; a second encoder may not come to be.
    @Test func tellsWhoMayPublishFromHow() {
        let (old, new) = (Secret("the-old-key"), Secret("the-new-key"))
        func ingest(_ primary: Secret, _ backup: Secret? = nil) -> IngestProfile {
            IngestProfile(streamKeys: .init(primary: primary, backup: backup))
        }
        #expect(ingest(new).admitting(as: ingest(old)) == ingest(old))
        #expect(ingest(new, old).admitting(as: ingest(old, new)) == ingest(old, new))
        #expect(ingest(old, new).admitting(as: ingest(old)) != ingest(old))
        #expect(ingest(old).admitting(as: ingest(old, new)) != ingest(old, new))
    }

    /// Nobody can know how long an event will be: who says nothing of the storage is told what happens then.
    @Test func warnsOfEventsWithoutAWindow() throws {
        let text = """
            channel: news
            ingest: { streamKeys: { primary: { env: PRIMARY } } }
            audio: [{ name: stereo, codec: aac, bitrate: 128000 }]
            endpoints: [{ id: hls, package: hls, playlistType: event }]
            """
        func warnings(_ text: String) -> [String] {
            ChannelProfile.load(text: text, file: "news.yaml", environment: SampleProfile.environment).diagnostics
                .map(\.description)
        }
        #expect(
            warnings(text) == [
                "news.yaml:4:1: warning: playlistType event lists at most storageWindowSeconds, an hour where nothing is "
                    + "said; a longer event goes on as a live playlist: write storageWindowSeconds"
            ])
        #expect(warnings(text + "\nstorageWindowSeconds: 14400") == [])
    }

    @Test func readsAllThatIsSaidOfAKeyProvider() throws {
        let text = SampleProfile.text
            .replacing(
                "url: https://keys.example.com/speke/v2.0/copyProtection",
                with: "url: [https://a.example/speke?x=1, \"https://b.example/\"]"
            )
            .replacing(
                "version: \"2.0\"",
                with: """
                    version: "2.1"
                        authentication: { digest: { user: me, password: { env: BACKUP } } }
                        headers: { X-Tenant: { env: TENANT }, X-Key: { env: PRIMARY } }
                        caFile: /etc/hostname
                        documentKey: { certificate: /etc/hostname, privateKey: /etc/hostname }
                        allowKeyIDOverride: true
                        prefetchPeriods: 2
                        timeoutSeconds: 2.5
                        quirks:
                          acceptMissingVersionHeader: true
                          acceptOtherContentID: true
                          acceptEmptySystems: true
                          acceptOtherKeyIDsInSignalling: true
                          acceptExplicitIV: false
                          sendExplicitIV: false
                          sendKeyPeriod: false
                          rebuildSignalling: true
                          sendMethodAsScheme: false
                          multivariantWord: master
                          aes128SystemID: 81376844-f976-481e-a84e-cc25d39b0b33
                    """
            )
            .replacing(
                "{ video: PRESET-VIDEO-1, audio: PRESET-AUDIO-1 }",
                with: "{ video: PRESET-VIDEO-8, audio: UNENCRYPTED }")
        let environment = SampleProfile.environment.merging(["TENANT": "one two"]) { $1 }
        let result = ChannelProfile.load(text: text, file: "p.yaml", environment: environment)
        #expect(!result.diagnostics.hasErrors, "\(result.diagnostics)")
        let read = try #require(result.profile?.speke["main"])
        var expected = SPEKEProfile(
            urls: ["https://a.example/speke?x=1", "https://b.example/"], version: .v21, resourceID: "news",
            authentication: .digest(user: "me", password: Secret("another-stream-key")),
            keyPolicy: KeyPolicy(video: .preset8, audio: .unencrypted))
        expected.headers = [
            .init(name: "X-Tenant", value: Secret("one two")), .init(name: "X-Key", value: Secret("a-long-stream-key")),
        ]
        expected.caFile = "/etc/hostname"
        expected.documentKey = .init(certificate: "/etc/hostname", privateKey: "/etc/hostname")
        expected.allowKeyIDOverride = true
        expected.prefetchPeriods = 2
        expected.timeoutMilliseconds = 2500
        expected.quirks.acceptMissingVersionHeader = true
        expected.quirks.acceptOtherContentID = true
        expected.quirks.acceptEmptySystems = true
        expected.quirks.acceptOtherKeyIDsInSignalling = true
        expected.quirks.acceptExplicitIV = false
        expected.quirks.sendExplicitIV = false
        expected.quirks.sendKeyPeriod = false
        expected.quirks.rebuildSignalling = true
        expected.quirks.sendMethodAsScheme = false
        expected.quirks.multivariantWord = .master
        expected.quirks.aes128SystemID = DRMSystemID(parsing: "81376844-f976-481e-a84e-cc25d39b0b33")
        #expect(read == expected)
    }

    @Test func theFirstSPEKESharesOneKey() throws {
        for policy in ["", "    keyPolicy: { video: SHARED, audio: SHARED }\n"] {
            let text = SampleProfile.text.replacing("version: \"2.0\"", with: "version: \"1.0\"")
                .replacing("    keyPolicy: { video: PRESET-VIDEO-1, audio: PRESET-AUDIO-1 }\n", with: policy)
            let result = ChannelProfile.load(text: text, file: "p.yaml", environment: SampleProfile.environment)
            #expect(result.diagnostics == [])
            let speke = try #require(result.profile?.speke["main"])
            #expect(speke.version == .v1 && speke.keyPolicy == KeyPolicy(video: .shared, audio: .shared))
        }
    }

    @Test func takesDefaultsWhereLittleIsSaid() throws {
        let text = """
            channel: little
            ingest: { streamKeys: { primary: { env: PRIMARY } } }
            video: [{ name: only, codec: h264, width: 640, height: 360, framerate: 29.97, bitrate: 800_000 }]
            endpoints: [{ id: hls, package: hls }, { id: dash, package: dash }]
            """
        let result = ChannelProfile.load(text: text, file: "l.yaml", environment: SampleProfile.environment)
        #expect(result.diagnostics == [])
        let profile = try #require(result.profile)
        #expect(profile.ingest.allow == CIDR.loopback)
        #expect(profile.ladder.video.first?.frameRate == FrameRate(30000, 1001))
        #expect(profile.ladder.video.first?.gopSize == 60)
        #expect(profile.ladder.audio == [])
        #expect(profile.storageWindowSeconds == 3600)
        #expect(profile.endpoints.map(\.encryption) == [nil, nil])
        #expect(profile.endpoints.map(\.windowSeconds) == [60, 60])
        #expect(profile.endpoints.last?.suggestedPresentationDelaySeconds == 18)
    }

    @Test func understandsAliasesAndMerges() throws {
        let text = SampleProfile.text
            .replacing("  - id: hls\n", with: "  - &hls\n    id: hls\n")
            .replacing("speke:\n  main:", with: "  - { <<: *hls, id: again }\nspeke:\n  main:")
        let result = ChannelProfile.load(text: text, file: "a.yaml", environment: SampleProfile.environment)
        #expect(result.diagnostics == [])
        let endpoints = try #require(result.profile).endpoints
        #expect(endpoints.map(\.id) == ["hls-ts", "hls", "dash", "again"])
        #expect(endpoints[3].encryption == endpoints[1].encryption)
    }

    @Test func takesNorwegianForALanguage() throws {
        let text = SampleProfile.text.replacing("language: en", with: "language: no")
        let result = ChannelProfile.load(text: text, file: "n.yaml", environment: SampleProfile.environment)
        #expect(try #require(result.profile).ladder.audio.first?.language == "no")
    }

    @Test func saysEverythingThatIsWrongAtOnce() {
        let text = SampleProfile.text
            .replacing("width: 1280", with: "widht: 1280")
            .replacing("    height: 720", with: "    height: 720\n    codec: h264\n    name: 720p")
            .replacing("segmentDurationSeconds: 6", with: "segmentDurationSeconds: 99")
            .replacing("package: dash", with: "package: smooth")
            .replacing("version: \"2.0\"", with: "version: two")
        let result = ChannelProfile.load(text: text, file: "x.yaml", environment: [:])
        #expect(result.profile == nil)
        #expect(
            result.diagnostics.map(\.description) == [
                "x.yaml:4:14: error: 'primary': the environment variable PRIMARY is not set; set it",
                "x.yaml:8:5: error: a video rung has no 'width'; give the picture's width in pixels",
                "x.yaml:10:5: error: unknown key 'widht' in a video rung; did you mean 'width'?",
                "x.yaml:12:5: error: the key 'codec' stands twice, first in line 9; keep one of them",
                "x.yaml:13:5: error: the key 'name' stands twice, first in line 8; keep one of them",
                "x.yaml:23:25: error: 'segmentDurationSeconds' is 99; it must be 1 to 30",
                "x.yaml:38:14: error: 'package' cannot be 'smooth'; known are hls, dash",
                "x.yaml:46:14: error: 'version' cannot be 'two'; known are 1.0, 2.0, 2.1",
            ])
    }

    @Test func keepsPlacesInFilesWithCarriageReturns() {
        let text = SampleProfile.text.replacing("width: 1280", with: "height: 720").replacing("\n", with: "\r\n")
        let result = ChannelProfile.load(text: text, file: "w.yaml", environment: SampleProfile.environment)
        #expect(
            result.diagnostics.map(\.description) == [
                "w.yaml:8:5: error: a video rung has no 'width'; give the picture's width in pixels",
                "w.yaml:11:5: error: the key 'height' stands twice, first in line 10; keep one of them",
            ])
    }

    @Test(arguments: BadEncryptionTests.cases)
    func neverDropsProtection(_ change: BadProfile) {
        let text = SampleProfile.text.replacing(change.old, with: change.new, maxReplacements: 1)
        let result = ChannelProfile.load(text: text, file: "p.yaml", environment: SampleProfile.environment)
        #expect(result.profile?.endpoints.allSatisfy { $0.encryption != nil } ?? result.diagnostics.hasErrors)
    }

    @Test(arguments: ["", "# nothing\n", "[]", "42", "a: b: c", "\u{0}", "- - -", "{", "*x", "&a [*a]", "? [a]\n: b"])
    func refusesWhatIsNoProfile(_ text: String) {
        let result = ChannelProfile.load(text: text, file: "no.yaml", environment: [:])
        #expect(result.profile == nil)
        #expect(result.diagnostics.hasErrors)
    }

    @Test func takesOrRefusesEveryTruncation() {
        let bytes = Array(SampleProfile.text.utf8)
        var refused = 0
        for length in bytes.indices {
            let text = String(decoding: bytes[..<length], as: UTF8.self)
            let result = ChannelProfile.load(text: text, file: "t.yaml", environment: SampleProfile.environment)
            #expect((result.profile == nil) == result.diagnostics.hasErrors, "cut at \(length)")
            if result.profile == nil { refused += 1 }
        }
        // All but the few that end between two values that may be left out.
        #expect(refused > bytes.count * 9 / 10)
    }

    @Test func boundsWhatAliasesBecome() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            text +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        let result = ChannelProfile.load(text: text, file: "bomb.yaml", environment: [:])
        #expect(result.profile == nil)
        #expect(
            result.diagnostics.map(\.description) == [
                "bomb.yaml:1:1: error: the file has more than 100000 values once its aliases are followed"
            ])
    }
}
