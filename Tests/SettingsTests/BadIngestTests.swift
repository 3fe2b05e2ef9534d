import Testing

@testable import Settings

@Suite struct BadIngestTests {
    @Test(arguments: cases)
    func saysWhatIsWrong(_ profile: BadProfile) {
        #expect(SampleProfile.diagnostics(replacing: profile.old, with: profile.new) == profile.expected)
    }

    static let cases: [BadProfile] = [
        BadProfile(
            "no stream key", "primary: { env: PRIMARY }",
            "primary:",
            "4:5: error: streamKeys has no 'primary'; write primary: { env: NAME }"),
        BadProfile(
            "literal stream key", "{ env: PRIMARY }",
            "hunter2hunter2",
            "4:14: warning: 'primary' is written into the file, where everybody who reads the file sees it; use { env: NAME } or { file: PATH }"
        ),
        BadProfile(
            "variable not set", "{ env: PRIMARY }",
            "{ env: NOWHERE }",
            "4:14: error: 'primary': the environment variable NOWHERE is not set; set it"),
        BadProfile(
            "secret for the name of a variable", "{ env: PRIMARY }",
            "{ env: hunter2-hunter2 }",
            "4:21: error: 'env' must be the name of an environment variable: letters, digits and _"),
        BadProfile(
            "secret file missing", "{ env: PRIMARY }",
            "{ file: /nowhere/key }",
            "4:14: error: 'primary': the file /nowhere/key does not exist or cannot be read by this user"),
        BadProfile(
            "secret is a folder", "{ env: PRIMARY }",
            "{ file: /tmp }",
            "4:14: error: 'primary': /tmp is no file with a secret in it (at most 4096 bytes)"),
        BadProfile(
            "both env and file", "{ env: PRIMARY }",
            "{ env: A, file: B }",
            "4:14: error: 'primary' needs either env or file: { env: NAME } or { file: PATH }"),
        BadProfile(
            "same key twice", "{ env: PRIMARY }",
            "{ env: PRIMARY }\n    backup: { env: PRIMARY }",

            "5:13: error: 'backup' is the same key as 'primary'; the two encoders need different keys"),
        BadProfile(
            "three keys", "{ env: PRIMARY }",
            "[{ env: PRIMARY }, { env: PRIMARY }, { env: PRIMARY }]",
            "4:14: error: 'primary' lists 3 keys; it must be one, or two while they change"),
        BadProfile(
            "a key listed twice", "{ env: PRIMARY }",
            "[{ env: PRIMARY }, { env: PRIMARY }]",
            "4:14: error: 'primary' lists the same key twice; keep one"),
        BadProfile(
            "webhook without an address", "  allow:",
            "  webhook: { secret: { env: PRIMARY } }\n  allow:",
            "5:12: error: webhook has no 'url'; give the address to ask"),
        BadProfile(
            "webhook without a secret, and the key sent in the open", "  allow:",
            "  webhook: { url: \"http://example.com/hook\", sendStreamKey: true }\n  allow:",
            "5:12: warning: without 'secret' nobody can tell the requests of this webhook from others'; give one",
            "5:61: warning: stream keys would cross the network unencrypted; use https, or leave sendStreamKey out"),
        BadProfile(
            "webhook to a user", "  allow:",
            "  webhook: { url: \"https://me:pw@example.com/\", secret: { env: PRIMARY }, onFailure: maybe }\n  allow:",
            "5:19: error: 'url' has a user in it, which would end up in logs; use secret",
            "5:86: error: 'onFailure' cannot be 'maybe'; known are allow, deny"),
        BadProfile(
            "whole world", "10.0.0.0/8",
            "0.0.0.0/0",
            "5:11: warning: 0.0.0.0/0 lets the whole world try stream keys; name the encoder's network"),
        BadProfile(
            "whole IPv6 world", "10.0.0.0/8",
            "::/0",
            "5:11: warning: ::/0 lets the whole world try stream keys; name the encoder's network"),
        BadProfile(
            "malformed CIDR", "10.0.0.0/8",
            "10.0.0/8",
            "5:11: error: '10.0.0/8' is no network; write ADDRESS/BITS, such as 10.0.0.0/8 or 2001:db8::/32"),
        BadProfile(
            "prefix too long", "10.0.0.0/8",
            "10.0.0.0/33",
            "5:11: error: '10.0.0.0/33' is no network; write ADDRESS/BITS, such as 10.0.0.0/8 or 2001:db8::/32"),
        BadProfile(
            "host bits", "10.0.0.0/8",
            "10.1.2.3/8",
            "5:11: warning: 10.1.2.3/8 is the network 10.0.0.0/8; write it so"),
        BadProfile(
            "filling for no time", "  maxBitrate: 20000000",
            "  inputLoss: { fill: black, holdSeconds: 0 }",
            "6:42: error: fill: black for 0 seconds shows nothing; write how long, or fill: none"),
        BadProfile(
            "a slate without a picture", "  maxBitrate: 20000000",
            "  inputLoss: { holdSeconds: 60, fill: slate }",
            "6:39: error: fill: slate has no picture; write inputLoss: { slate: { image: FILE } }, or clip: FILE"),
        BadProfile(
            "a picture that is not shown", "  maxBitrate: 20000000",
            "  inputLoss: { fill: repeat, slate: {} }",
            "6:30: error: 'slate' is shown with fill: slate, but fill is repeat; change one of them"),
        BadProfile(
            "maxBitrate out of range", "20000000",
            "5",
            "6:15: error: 'maxBitrate' is 5; it must be 100000 to 1000000000"),
    ]
}
