import Settings
import Testing

@Suite struct SecretTests {
    @Test func neverPrints() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        let profile = IngestProfile(streamKeys: .init(primary: secret, backup: secret))
        var wholeProfile = ""
        dump(profile, to: &wholeProfile)
        for text in [
            "\(secret)", String(reflecting: secret), dumped, "\(profile)", wholeProfile,
            "\(SecretSource.literal(secret))", "\(SPEKEAuthentication.basic(user: "me", password: secret))",
        ] {
            #expect(!text.contains("hunter2"))
            #expect(text.contains("redacted"))
        }
    }

    @Test func matchesItselfOnly() {
        let secret = Secret("hunter2")
        #expect(secret.matches("hunter2"))
        for other in ["", "hunter", "hunter22", "hunter3", "Hunter2", "hunter2hunter2"] {
            #expect(!secret.matches(other))
        }
        #expect(!Secret.unresolved.matches(""))
        #expect(secret == Secret("hunter2"))
        #expect(secret != Secret("hunter3"))
        #expect(secret != .unresolved)
    }

    @Test func comesFromAFileBesideTheProfile() throws {
        let folder = try TemporaryFolder()
        try folder.write("  from-a-file-1234\n", to: "key")
        let text = SampleProfile.text.replacing("{ env: PRIMARY }", with: "{ file: key }")
        let path = try folder.write(text, to: "news.yaml")
        let result = ChannelProfile.load(path: path, environment: [:])
        #expect(result.diagnostics == [])
        #expect(try #require(result.profile).ingest.streamKeys.match("from-a-file-1234") != nil)
    }

    @Test func fromAFileThatEverybodyCanReadIsAWarning() throws {
        let folder = try TemporaryFolder()
        let key = try folder.write("from-a-file-1234", to: "key", mode: 0o644)
        let path = try folder.write(
            SampleProfile.text.replacing("{ env: PRIMARY }", with: "{ file: key }"), to: "n.yaml")
        let result = ChannelProfile.load(path: path, environment: [:])
        #expect(
            result.diagnostics.map(\.description) == [
                "\(path):4:14: warning: 'primary': every user of this machine can read \(key); chmod 600 it"
            ])
        #expect(result.profile != nil)
    }

    @Test(arguments: ["", "\n", "two words", "tab\there", "two\nlines"])
    func thatCannotBeSentIsAnError(_ content: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(content, to: "key")
        let path = try folder.write(
            SampleProfile.text.replacing("{ env: PRIMARY }", with: "{ file: key }"), to: "n.yaml")
        let result = ChannelProfile.load(path: path, environment: [:])
        #expect(result.profile == nil)
        #expect(result.diagnostics.count == 1)
        #expect(result.diagnostics.allSatisfy { $0.line == 4 && (content.count < 2 || !$0.text.contains(content)) })
        if content.isEmpty { #expect(result.diagnostics.first?.text.contains("is empty; write the secret") == true) }
    }

    @Test func isInNoDiagnostic() {
        let secrets = ["hunter2", "s3cr3t/key", "per cent"]
        for secret in secrets {
            for form in ["\"\(secret)\"", "{ env: \"\(secret) \" }", "{ value: \"\(secret)\" }", "[\"\(secret)\"]"] {
                for line in SampleProfile.diagnostics(replacing: "{ env: PRIMARY }", with: form) {
                    #expect(!line.contains(secret))
                }
            }
        }
    }
}
