import Testing

@testable import Settings

@Suite struct BadFileTests {
    @Test(arguments: cases)
    func saysWhatIsWrong(_ profile: BadProfile) {
        #expect(SampleProfile.diagnostics(replacing: profile.old, with: profile.new) == profile.expected)
    }

    static let cases: [BadProfile] = [
        BadProfile(
            "no YAML", "  allow: [",
            "  allow: ][",
            "5:10: error: is not YAML from here on: did not find expected node content"),
        BadProfile(
            "tab", "    width: 1280",
            "\twidth: 1280",
            "10:1: error: is not YAML from here on: found a tab character that violates indentation; tabs do not indent in YAML"
        ),
        BadProfile(
            "unknown key", "maxBitrate",
            "maxBitRate",
            "6:3: error: unknown key 'maxBitRate' in ingest; did you mean 'maxBitrate'?"),
        BadProfile(
            "unknown key without a near one", "maxBitrate",
            "quux",
            "6:3: error: unknown key 'quux' in ingest; known are streamKeys, allow, maxBitrate, inputLoss, sourceEndBehavior, webhook, redundancy, input"
        ),
        BadProfile(
            "duplicate key", "    height: 720",
            "    height: 720\n    width: 1280",
            "12:5: error: the key 'width' stands twice, first in line 10; keep one of them"),
        BadProfile(
            "list for a mapping", "  streamKeys:\n    primary: { env: PRIMARY }",
            "  streamKeys: [a]",
            "3:15: error: streamKeys is a list; it must be a mapping of primary, backup"),
        BadProfile(
            "text for a number", "width: 1280",
            "width: wide",
            "10:12: error: 'width' is 'wide'; it must be a whole number, 16 to 8192"),
        BadProfile(
            "quoted number", "width: 1280",
            "width: \"1280\"",
            "10:12: error: 'width' is the text \"1280\"; it must be a whole number, 16 to 8192"),
        BadProfile(
            "fraction for a whole number", "width: 1280",
            "width: 1280.5",
            "10:12: error: 'width' is '1280.5'; it must be a whole number, 16 to 8192"),
        BadProfile(
            "not true or false", "playlistWindowSeconds: 60\n    programDate",
            "lowLatency: yes\n    programDate",
            "32:17: error: 'lowLatency' is 'yes'; it must be true or false"),
        BadProfile(
            "mapping for a value", "bitrate: 3000000",
            "bitrate: { max: 1 }",
            "13:14: error: 'bitrate' is a mapping; it must be a whole number, 10000 to 100000000"),
        BadProfile(
            "missing channel", "channel: news\n",
            "",
            "1:1: error: the profile has no 'channel'; it is the name in every URL: channel: news"),
        BadProfile(
            "bad channel name", "channel: news",
            "channel: News_1",
            "1:10: error: 'channel' cannot be 'News_1': use small letters, digits and hyphens, beginning with a letter or digit, at most 64"
        ),
        BadProfile(
            "a second document", "speke:\n",
            "---\nspeke:\n",
            "41:1: error: is not YAML from here on: but found another document"),
    ]
}
