import Testing

@testable import Probe

@Suite struct SecretsInReportsTests {
    @Test(arguments: [
        (
            "403 for http://a/news/hls/~abc.d-e_f/index.m3u8; the rule",
            "403 for http://a/news/hls/~…/index.m3u8; the rule"
        ),
        ("http://a/~exp=1~acl=%2f*~hmac=00", "http://a/~…"), ("http://u:p@a/x?token=t&b", "http://a/x?…"),
        ("index.m3u8", "index.m3u8"),
    ])
    func tokensAreNotQuoted(_ text: String, _ expected: String) {
        #expect(Reference.withoutSecrets(text) == expected)
    }
}
