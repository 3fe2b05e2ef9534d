import Testing

@testable import Settings

/// `ingest.input`: a file or a folder in place of an encoder, or as the second one.
@Suite struct FileInputSettingsTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("media", to: "film.mp4")
    }

    private func load(_ ingest: String) -> (ingest: IngestProfile?, texts: [String]) {
        let text = """
            channel: news
            ingest:
            \(ingest)
            audio: [{ name: stereo, codec: aac, bitrate: 128000 }]
            endpoints: [{ id: hls, package: hls }]
            """
        let result = ChannelProfile.load(
            text: text, file: "p.yaml", directory: folder.path, environment: SampleProfile.environment)
        return (result.profile?.ingest, result.diagnostics.map(\.description))
    }

    @Test func aFileTakesTheEncodersPlace() throws {
        let (ingest, texts) = load("  input: { file: film.mp4, loop: true }")
        #expect(texts == [])
        let input = try #require(ingest?.input)
        #expect(input.source.path == "\(folder.path)/film.mp4" && !input.isFolder && input.loop)
        #expect(ingest?.hasBackup == false && ingest?.inputRole == .primary)
        // Nobody knows a key.
        #expect(ingest?.streamKeys.match("") == nil)
    }

    @Test func aFolderMayBeTheSecondEncoder() throws {
        let (ingest, texts) = load(
            "  streamKeys: { primary: { env: PRIMARY } }\n  input: { folder: ., settledSeconds: 10 }\n"
                + "  redundancy: { failBackSeconds: 2 }")
        #expect(texts == [])
        #expect(ingest?.input?.isFolder == true && ingest?.input?.settledSeconds == 10 && ingest?.input?.loop == false)
        #expect(ingest?.hasBackup == true && ingest?.inputRole == .backup)
    }

    @Test func saysWhatIsWrong() {
        let keys = "  streamKeys: { primary: { env: PRIMARY }"
        let cases = [
            (
                "  input: { loop: true }",
                "3:3: error: 'input' needs either file or folder; write input: { file: PATH, loop: true } or input: { folder: PATH }"
            ),
            (
                "  input: { file: film.mp4, folder: . }",
                "3:3: error: 'input' needs either file or folder; write input: { file: PATH, loop: true } or input: { folder: PATH }"
            ),
            (
                "  input: { file: film.mp4, speed: 2 }",
                "3:28: error: unknown key 'speed' in input; known are file, folder, loop, settledSeconds"
            ),
            ("  input: { file: . }", "3:18: error: 'file': \(folder.path)/. is a folder; write folder: PATH"),
            (
                "  input: { folder: film.mp4 }",
                "3:20: error: 'folder': \(folder.path)/film.mp4 is a file; write file: PATH"
            ),
            (
                "  input: { file: later.mp4 }",
                "3:18: warning: 'file': \(folder.path)/later.mp4 does not exist; nothing is played before it is there"
            ),
            (
                keys + ", backup: { env: BACKUP } }\n  input: { folder: . }",
                "4:3: error: 'input' would be a third source beside streamKeys.primary and .backup; delete it or 'backup'"
            ),
            (
                keys + " }\n  input: { file: film.mp4 }",
                "4:3: warning: 'input' beside streamKeys plays from the start on, so that it can take an encoder's place: without loop: true it is over when it is needed"
            ),
            (
                "  input: { folder: . }\n  maxBitrate: 1000000",
                "4:3: warning: 'maxBitrate' has no effect without streamKeys: no encoder may publish"
            ),
            (
                "  maxBitrate: 1000000",
                "3:3: error: ingest has no 'streamKeys'; without a key nobody can publish"
            ),
        ]
        for (ingest, text) in cases { #expect(load(ingest).texts == ["p.yaml:" + text]) }
    }

    @Test func whatIsPlayedCannotChangeUnderAPublication() {
        func ingest(_ path: String?, _ key: Secret? = nil) -> IngestProfile {
            IngestProfile(
                streamKeys: .init(primary: key.map { [$0] } ?? []),
                input: path.map { FileInputProfile(source: ProfileFile(path: $0, key: "file"), isFolder: false) })
        }
        #expect(ingest("a").admitting(as: ingest("b")) != ingest("b"))
        #expect(ingest("a", Secret("x")).admitting(as: ingest("a", Secret("y"))) == ingest("a", Secret("y")))
        #expect(ingest("a", Secret("x")).admitting(as: ingest("a")) != ingest("a"))
        // A key that is taken away is, although the place of a second encoder goes only later.
        #expect(ingest("a", Secret("x")).refusing(as: ingest("a")).streamKeys == ingest("a").streamKeys)
        #expect(ingest("a").refusing(as: ingest("a", Secret("x"))).streamKeys == ingest("a").streamKeys)
    }
}
