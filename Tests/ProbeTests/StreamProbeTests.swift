import Media
import Probe
import Testing

/// Presentations over a real socket: right ones pass, and each planted fault is found by its rule.
@Suite(.timeLimit(.minutes(2))) struct StreamProbeTests {
    @Test(arguments: Presentation.Kind.allCases) func passes(_ kind: Presentation.Kind) async throws {
        let report = try await Presentation(kind).probe()
        #expect(report.findings.isEmpty, "\(report.text)")
        #expect(report.isGood)
        #expect(report.renditions.map(\.segments) == ([.transportStream, .sampleAES].contains(kind) ? [3] : [3, 3]))
        #expect(report.renditions.allSatisfy { $0.mediaMilliseconds == 3072 && $0.lastNumber == 1003 })
        let protection: [Presentation.Kind: [String]] = [
            .clear: [], .transportStream: ["AES-128"], .sampleAES: ["SAMPLE-AES"], .cbcs: ["cbcs"], .dash: ["cenc"],
        ]
        #expect(report.renditions.allSatisfy { $0.protections == protection[kind] })
        let key = kind == .clear ? [] : [RecordedMedia.keyID.uuid]
        #expect(report.renditions.allSatisfy { $0.keys == key })
        #expect(!report.text.contains("00112233445566") && !report.json.contains("00112233445566"))
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var kind: Presentation.Kind
        var rule: String
        var plant: @Sendable (inout Presentation) throws -> Void

        init(
            _ name: String, _ kind: Presentation.Kind, _ rule: String,
            _ plant: @escaping @Sendable (inout Presentation) throws -> Void
        ) {
            testDescription = "\(kind): \(name)"
            self.kind = kind
            self.rule = rule
            self.plant = plant
        }

        /// Replaces text in one file.
        init(
            _ name: String, _ kind: Presentation.Kind, _ rule: String, _ file: String, _ old: String, _ new: String
        ) {
            self.init(name, kind, rule) { presentation in
                let text = presentation.files[file]?.text ?? ""
                #expect(text.contains(old), "the fault cannot be planted")
                presentation.files[file]?.text = text.replacing(old, with: new)
            }
        }
    }

    private static let wrongKey: @Sendable (inout Presentation) -> Void = {
        $0.files[Presentation.keyPath]?.bytes = Array(repeating: 9, count: 16)
    }

    static let faults: [Fault] = [
        Fault("segment missing", .clear, "http.status") { $0.files["/audio/1003.m4s"]?.status = 404 },
        Fault("playlist as text", .clear, "http.content-type") { $0.files["/index.m3u8"]?.type = "text/plain" },
        Fault("playlist cached for ever", .clear, "http.cache-manifest") {
            $0.files["/video/playlist.m3u8"]?.cache = "max-age=3600"
        },
        Fault("absolute media", .clear, "http.relative") { presentation in
            presentation.files["/video/playlist.m3u8"]?.text.replace(
                "1003.m4s", with: "http://127.0.0.1:1/video/1003.m4s")
        },
        Fault("not a playlist", .clear, "hls.extm3u", "/audio/playlist.m3u8", "#EXTM3U", "#EXTM3V"),
        Fault("long segment", .clear, "hls.target-duration", "/video/playlist.m3u8", "EXTINF:1.0", "EXTINF:1.6"),
        Fault(
            "duration of text and media", .clear, "media.duration", "/video/playlist.m3u8", "EXTINF:1.0", "EXTINF:1.1"),
        Fault("low version", .clear, "hls.version", "/video/playlist.m3u8", "VERSION:6", "VERSION:3"),
        Fault(
            "renditions apart", .clear, "hls.aligned-times", "/audio/playlist.m3u8", "1970-01-01T00:17:",
            "1970-01-01T00:18:"),
        Fault("other numbers", .clear, "hls.alignment", "/audio/playlist.m3u8", "SEQUENCE:1000", "SEQUENCE:2000"),
        Fault("unreachable bandwidth", .clear, "hls.bandwidth", "/index.m3u8", "BANDWIDTH=1000000", "BANDWIDTH=10000"),
        Fault("other codecs", .clear, "hls.codecs", "/index.m3u8", "mp4a.40.2", "mp4a.40.5"),
        Fault("other size", .clear, "hls.resolution", "/index.m3u8", "320x180", "640x360"),
        Fault("no group", .clear, "hls.group", "/index.m3u8", "AUDIO=\"audio\"", "AUDIO=\"sound\""),
        Fault("segments swapped", .clear, "media.continuity") { presentation in
            presentation.files["/video/1003.m4s"] = presentation.files["/video/1001.m4s"]
        },
        Fault("cut segment", .clear, "media.segment") { $0.files["/audio/1003.m4s"]?.bytes.removeLast(10) },
        Fault("broken initialization", .clear, "media.header") { $0.files["/audio/init.mp4"]?.bytes.removeLast(10) },
        Fault("starts within a picture group", .clear, "media.sync") { presentation in
            presentation.files["/video/1003.m4s"]?.bytes = try RecordedMedia.video().withoutFirstPicture.clear(1003)
        },

        Fault("wrong key", .transportStream, "key.decrypt", wrongKey),
        Fault("no key", .transportStream, "key.fetch") { $0.files[Presentation.keyPath] = nil },
        Fault("short key", .transportStream, "key.fetch") { $0.files[Presentation.keyPath]?.bytes.removeLast() },
        Fault("transport stream in the clear", .transportStream, "media.clear") { presentation in
            presentation.files["/video/1003.ts"]?.bytes = try RecordedMedia.transportStream(
                1003, [RecordedMedia.video(), RecordedMedia.audio()])
        },
        Fault("no IV", .transportStream, "hls.iv") { presentation in
            let text = presentation.files["/video/playlist.m3u8"]?.text ?? ""
            presentation.files["/video/playlist.m3u8"]?.text = text.split(separator: "\n").map {
                $0.hasPrefix("#EXT-X-KEY") ? $0.prefix { $0 != "," } + ",URI=\"\(Presentation.keyPath)\"" : $0
            }.joined(separator: "\n")
        },

        Fault("wrong key", .sampleAES, "media.payload", wrongKey),
        Fault("no key", .sampleAES, "key.fetch") { $0.files[Presentation.keyPath] = nil },
        Fault("no line to ask by", .sampleAES, "key.fetch") { presentation in
            presentation.files["/video/playlist.m3u8"]?.text.replace(
                "URI=\"\(Presentation.keyPath)\"",
                with: "URI=\"skd://asset\",KEYFORMAT=\"com.apple.streamingkeydelivery\"")
        },
        Fault("nothing protected", .sampleAES, "media.clear") { presentation in
            presentation.files["/video/1003.ts"]?.bytes = try RecordedMedia.transportStream(
                1003, [RecordedMedia.video(), RecordedMedia.audio()])
        },

        Fault("wrong key", .cbcs, "media.payload", wrongKey),
        Fault("no key", .cbcs, "key.fetch") { $0.files[Presentation.keyPath] = nil },
        Fault("sound in the clear behind its tenc", .cbcs, "media.clear") { presentation in
            presentation.files["/audio/1003.m4s"]?.bytes = try RecordedMedia.audio().protected(
                1003, .cbcs, key: RecordedMedia.key(), onlySaysSo: true)
        },
        Fault("sound in the clear", .cbcs, "media.clear") { presentation in
            presentation.files["/audio/1003.m4s"]?.bytes = try RecordedMedia.audio().clear(1003)
        },
        Fault("initialization in the clear", .cbcs, "media.clear") { presentation in
            presentation.files["/video/init.mp4"]?.bytes = try RecordedMedia.video().header(nil)
        },
        Fault("another KID", .cbcs, "key.kid", "/audio/playlist.m3u8", "KEYID=0x0", "KEYID=0x1"),
        Fault("map before key", .cbcs, "hls.key-before-map") { presentation in
            var lines = presentation.files["/video/playlist.m3u8"]?.text.split(separator: "\n") ?? []
            let key = lines.firstIndex { $0.hasPrefix("#EXT-X-KEY") } ?? 0
            lines.swapAt(key, key + 1)
            presentation.files["/video/playlist.m3u8"]?.text = lines.joined(separator: "\n")
        },

        Fault("not XML", .dash, "dash.syntax", "/index.mpd", "</MPD>", ""),
        Fault("wrong key", .dash, "media.payload", wrongKey),
        Fault("picture in the clear, no senc", .dash, "media.clear") { presentation in
            presentation.files["/video/1003.m4s"]?.bytes = try RecordedMedia.video().clear(1003)
        },
        Fault("sound in the clear behind senc", .dash, "media.clear") { presentation in
            presentation.files["/audio/1003.m4s"]?.bytes = try RecordedMedia.audio().protected(
                1003, .cenc, key: RecordedMedia.key(), onlySaysSo: true)
        },
        Fault("another KID", .dash, "dash.default-kid", "/index.mpd", "default_KID=\"0", "default_KID=\"1"),
        Fault("another scheme", .dash, "dash.default-kid", "/index.mpd", "value=\"cenc\"", "value=\"cbcs\""),
        Fault("media elsewhere in time", .dash, "dash.media-time") { presentation in
            presentation.files["/video/1003.m4s"] = presentation.files["/video/1002.m4s"]
        },
        Fault("other codecs", .dash, "dash.codecs", "/index.mpd", "mp4a.40.2", "mp4a.40.5"),
        Fault(
            "unreachable bandwidth", .dash, "dash.bandwidth", "/index.mpd", "bandwidth=\"1000000\"", "bandwidth=\"9\""),
        Fault("no time", .dash, "http.status") { $0.files["/time"] = nil },
    ]

    @Test(arguments: faults) func finds(_ fault: Fault) async throws {
        var presentation = try Presentation(fault.kind)
        try fault.plant(&presentation)
        let report = try await presentation.probe()
        #expect(report.findings.contains { $0.rule.id == fault.rule }, "\(report.text)")
        #expect(!report.isGood)
        #expect(report.text.contains(fault.rule) && report.json.contains("\"good\" : false"))
    }

    @Test func nobodyThere() async throws {
        var presentation = try Presentation(.clear)
        presentation.files = [:]
        let report = try await presentation.probe()
        #expect(report.findings.map(\.rule.id) == ["http.status"] && !report.isGood)
    }

    @Test func rulesHaveNamesOfTheirOwn() {
        #expect(Set(Rule.all.map(\.id)).count == Rule.all.count)
        #expect(Rule.all.allSatisfy { !$0.clause.isEmpty && !$0.text.isEmpty })
    }
}
