import Settings
import Testing

@Suite struct HarvestSettingsTests {
    private func load(_ text: String) -> (configuration: DaemonConfiguration?, diagnostics: [Diagnostic]) {
        DaemonConfiguration.load(
            text: "harvest: { destinations: \(text) }", file: "s.yaml", directory: "/etc/sluice",
            environment: ["S3_SECRET": "geheim"])
    }

    private static let bucket = """
        { s3: { url: "https://vod.s3.eu-central-1.amazonaws.com/live", region: eu-central-1, accessKeyId: AKID, \
        secretAccessKey: { env: S3_SECRET } } }
        """

    @Test func readsFoldersAndBuckets() throws {
        let (configuration, diagnostics) = load("{ archive: { directory: vod }, bucket: \(Self.bucket) }")
        #expect(diagnostics == [])
        let destinations = try #require(configuration).harvestDestinations
        #expect(destinations["archive"]?.place == .directory("/etc/sluice/vod"))
        #expect(destinations["archive"]?.takesClear == false)
        guard case .bucket(let bucket)? = destinations["bucket"]?.place else {
            Issue.record("no bucket")
            return
        }
        #expect(bucket.url == "https://vod.s3.eu-central-1.amazonaws.com/live" && bucket.region == "eu-central-1")
        #expect(bucket.accessKeyID == "AKID" && bucket.secretAccessKey.matches("geheim"))
        #expect(bucket.sessionToken == nil)
        #expect(!"\(destinations)".contains("geheim"))
    }

    @Test func clearMediaIsAWarning() throws {
        let (configuration, diagnostics) = load("{ archive: { directory: /vod, allowClear: true } }")
        #expect(try #require(configuration).harvestDestinations["archive"]?.takesClear == true)
        #expect(diagnostics.map(\.severity) == [.warning])
        #expect(diagnostics.first?.text.contains("without protection to 'archive'") == true)
    }

    @Test(arguments: [
        ("[a]", "must be a mapping"), ("{ A: { directory: /a } }", "cannot be called 'A'"),
        ("{ a: { } }", "either directory or s3"), ("{ a: { directory: /a, s3: {} } }", "either directory or s3"),
        ("{ a: { directory: /a, clear: true } }", "unknown key 'clear'"), ("{ a: { s3: {} } }", "'s3' has no"),
        (
            "{ a: { s3: { url: \"ftp://x\", region: a, accessKeyId: a, secretAccessKey: { env: S3_SECRET } } } }",
            "'url'"
        ),
        (
            "{ a: { s3: { url: \"https://u:p@x/\", region: a, accessKeyId: a, secretAccessKey: { env: S3_SECRET } } } }",
            "'url'"
        ),
        ("{ a: { s3: { url: \"https://x/\", region: a, accessKeyId: a, secretAccessKey: { env: NONE } } } }", "NONE"),
    ])
    func whatIsWrongIsSaidWithItsPlace(text: String, reason: String) throws {
        let (configuration, diagnostics) = load(text)
        #expect(configuration == nil)
        let error = try #require(diagnostics.first { $0.severity == .error })
        #expect("\(error)".contains(reason), "\(error)")
        #expect("\(error)".hasPrefix("s.yaml:1:"))
    }
}
