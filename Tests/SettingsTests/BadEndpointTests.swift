import Media
import Testing

@testable import Settings

@Suite struct BadEndpointTests {
    @Test(arguments: cases)
    func saysWhatIsWrong(_ profile: BadProfile) {
        #expect(SampleProfile.diagnostics(replacing: profile.old, with: profile.new) == profile.expected)
    }

    /// Parts are whole frames: of 0.12 s some have 3 of 30 a second, others 4; of 0.1 s some have 4 of sound, others 5.
    @Test(
        arguments: [
            ("0.33", []), ("1", []), ("0.5", []),
            (
                "0.1",
                [
                    "22:22: error: 'partDurationSeconds' is 0.1: of whole frames (AAC at 48000 Hz) some parts would not be 85 % of "
                        + "the longest, as players of low latency need it; take 0.132"
                ]
            ),
            (
                "0.12",
                [
                    "22:22: error: 'partDurationSeconds' is 0.12: of whole frames (30 frames/s) some parts would not be 85 % of "
                        + "the longest, as players of low latency need it; take 0.132"
                ]
            ),
        ] as [(String, [String])]) func partsAreWholeFrames(_ duration: String, _ expected: [String])
    {
        let text = SampleProfile.text.replacing("partDurationSeconds: 1", with: "partDurationSeconds: \(duration)")
        func diagnostics(_ text: String) -> [String] {
            ChannelProfile.load(text: text, file: "f", environment: SampleProfile.environment).diagnostics.map {
                $0.description.replacing("f:", with: "", maxReplacements: 1)
            }
        }
        #expect(diagnostics(text).isEmpty, "without low latency any duration is good")
        let low = text.replacing("programDateTimeIntervalSeconds: 6", with: "lowLatency: true")
        #expect(diagnostics(low) == expected)
        for (text, isLow) in [(text, false), (low, expected.isEmpty)] {
            let result = ChannelProfile.load(text: text, file: "f", environment: SampleProfile.environment)
            #expect(result.profile?.ladder.isLowLatency ?? false == isLow, "the worker looks ahead only where it may")
        }
    }

    static let cases: [BadProfile] = [
        BadProfile(
            "duplicate endpoint id", "id: dash",
            "id: hls",
            "35:5: error: the endpoint id 'hls' is taken by the one in line 30; ids are unique in a channel"),
        BadProfile(
            "no such package", "package: dash",
            "package: mss",
            "36:14: error: 'package' cannot be 'mss'; known are hls, dash"),
        BadProfile(
            "DASH word in HLS", "programDateTimeIntervalSeconds: 6",
            "minBufferTimeSeconds: 6",
            "33:5: error: 'minBufferTimeSeconds' is a word of package dash, and this endpoint is hls; delete it"),
        BadProfile(
            "HLS word in DASH", "suggestedPresentationDelaySeconds: 18",
            "playlistType: live",
            "38:5: error: 'playlistType' is a word of package hls, and this endpoint is dash; delete it"),
        BadProfile(
            "DASH in TS", "package: dash",
            "package: dash\n    container: ts",
            "37:16: error: 'container' is ts, but DASH is made of cmaf only; delete it"),
        BadProfile(
            "event with a window", "programDateTimeIntervalSeconds: 6",
            "playlistType: event",
            "32:5: error: 'playlistWindowSeconds' contradicts playlistType event, which keeps all; delete one"),
        BadProfile(
            "window below three segments", "playlistWindowSeconds: 60\n    programDate",
            "playlistWindowSeconds: 17\n    programDate",
            "32:28: error: 'playlistWindowSeconds' is 17, less than three segments of 6 s, which players need; take at least 18"
        ),
        BadProfile(
            "window above the storage", "playlistWindowSeconds: 60\n    programDate",
            "playlistWindowSeconds: 601\n    programDate",
            "32:28: error: 'playlistWindowSeconds' is 601, but storageWindowSeconds keeps only 600; raise that or shorten this"
        ),
        BadProfile(
            "storage below three segments", "storageWindowSeconds: 600",
            "storageWindowSeconds: 12",
            "23:23: error: 'storageWindowSeconds' is 12, less than three segments of 6 s; take at least 18"),
        BadProfile(
            "date interval above the window", "programDateTimeIntervalSeconds: 6",
            "programDateTimeIntervalSeconds: 61",
            "33:37: error: 'programDateTimeIntervalSeconds' is 61, longer than the window of 60 s, so most playlists would have no date; take at most 60"
        ),
        BadProfile(
            "delay below a segment", "suggestedPresentationDelaySeconds: 18",
            "suggestedPresentationDelaySeconds: 5",
            "38:40: error: 'suggestedPresentationDelaySeconds' is 5, less than one segment of 6 s, so players would ask for what is not made yet; take 18"
        ),
        BadProfile(
            "delay behind the window", "suggestedPresentationDelaySeconds: 18",
            "suggestedPresentationDelaySeconds: 90",
            "38:40: error: 'suggestedPresentationDelaySeconds' is 90, behind the window of 60 s; take at most 60, or raise manifestWindowSeconds"
        ),
        BadProfile(
            "update period as long as the window", "suggestedPresentationDelaySeconds: 18",
            "minUpdatePeriodSeconds: 60",
            "38:29: error: 'minUpdatePeriodSeconds' is 60, but what a player got is gone after manifestWindowSeconds 60; take a segment's duration or less"
        ),
        BadProfile(
            "CMAF with muxed audio", "programDateTimeIntervalSeconds: 6",
            "useAudioRenditionGroup: false",
            "33:29: error: 'useAudioRenditionGroup' is false, but CMAF keeps audio apart; write true, or container ts"),
        BadProfile(
            "low latency not in effect",
            "encryption: { method: AES-128, keyRotationIntervalSeconds: 300, speke: main }",
            "lowLatency: true\n    encryption: { method: AES-128, keyRotationIntervalSeconds: 300, speke: main }",
            "29:5: warning: lowLatency is in effect in cmaf without AES-128 alone: the endpoint is served without parts"
        ),
        BadProfile(
            "low latency with a timeline", "suggestedPresentationDelaySeconds: 18",
            "lowLatency: true\n    segmentTemplate: timeline",
            "39:22: error: 'segmentTemplate' is timeline, which says of a segment how long it is before lowLatency could know; write number, or delete it"
        ),
        BadProfile(
            "low latency's words without it", "suggestedPresentationDelaySeconds: 18",
            "targetLatencySeconds: 2",
            "38:5: error: 'targetLatencySeconds' wants lowLatency: true beside it"),
        BadProfile(
            "HbbTV beyond its bounds", "suggestedPresentationDelaySeconds: 18",
            "profile: HBBTV_1_5\n    lowLatency: true",
            "38:14: error: 'profile' is HBBTV_1_5, which knows no low latency; delete one of the two"),
        BadProfile(
            "patches of numbers", "suggestedPresentationDelaySeconds: 18",
            "segmentTemplate: number\n    mpdPatch: true",
            "39:15: error: 'mpdPatch' is for segmentTemplate timeline: with number there is hardly anything to patch; delete it"
        ),
        BadProfile(
            "rotation without periods", "periodTriggers: [keyRotation]",
            "periodTriggers: [sourceChange]",
            "39:21: warning: keys rotate, but 'periodTriggers' has no keyRotation: players that look for keys in the manifest only will stop"
        ),
        BadProfile(
            "ad markers of HLS in DASH", "periodTriggers: [keyRotation]",
            "adMarkers: DATERANGE",
            "39:16: error: 'adMarkers' cannot be 'DATERANGE' in this package; take BINARY, NONE"),
        BadProfile(
            "the same cue tags twice", "programDateTimeIntervalSeconds: 6",
            "adMarkers: [CUE_OUT_IN, SCTE35_ENHANCED]",
            "33:16: error: 'adMarkers' is CUE_OUT_IN and SCTE35_ENHANCED, which has the same tags; delete one"),
    ]
}
