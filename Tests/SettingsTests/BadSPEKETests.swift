import Testing

@testable import Settings

@Suite struct BadSPEKETests {
    @Test(arguments: cases)
    func saysWhatIsWrong(_ profile: BadProfile) {
        #expect(SampleProfile.diagnostics(replacing: profile.old, with: profile.new) == profile.expected)
    }

    static let cases: [BadProfile] = [
        BadProfile(
            "no address", "    url: https://keys.example.com/speke/v2.0/copyProtection\n",
            "",
            "43:5: error: the key provider 'main' has no 'url'; give the provider's address"),
        BadProfile(
            "neither http nor https", "https://keys",
            "ftp://keys",
            "43:10: error: 'url' must be an http or https address, such as https://keys.example.com/speke/v2.0/copyProtection"
        ),
        BadProfile(
            "http to elsewhere", "https://keys",
            "http://keys",
            "43:10: warning: keys would cross the network to keys.example.com unencrypted; use https, or keep the provider on this machine"
        ),
        BadProfile(
            "user in the address", "https://keys",
            "https://me:secret@keys",
            "43:10: error: 'url' has a user in it, which would end up in logs; use authentication: { basic: ... }"),
        BadProfile(
            "no resourceId", "    resourceId: news\n",
            "",
            "43:5: error: the key provider 'main' has no 'resourceId'; it names the content to the provider (the CPIX content id)"
        ),
        BadProfile(
            "no such version", "version: \"2.0\"",
            "version: \"3.0\"",
            "44:14: error: 'version' cannot be '3.0'; known are 1.0, 2.0, 2.1"),
        BadProfile(
            "no such authentication", "version: \"2.0\"",
            "version: \"2.0\"\n    authentication: { digest: {} }",
            "45:23: error: unknown authentication 'digest'; known are none, basic, header, bearer, sigV4, clientCertificate"
        ),
        BadProfile(
            "SPEKE 1.0 with a key policy", "version: \"2.0\"",
            "version: \"1.0\"",
            "44:14: warning: SPEKE 1.0 is not in effect yet: endpoints that use it get no keys and are not served",
            "46:5: error: 'keyPolicy' is SPEKE 2's; version 1.0 has one key for everything, so delete it"),
        BadProfile(
            "SPEKE 2.1", "version: \"2.0\"",
            "version: 2.1",
            "44:14: warning: SPEKE 2.1 is not in effect yet: keys are asked for by 2.0"),
        BadProfile(
            "two authentications", "version: \"2.0\"",
            "authentication: { none: {}, bearer: { token: { env: PRIMARY } } }",
            "44:21: error: 'authentication' must be one of none, basic, header, bearer, sigV4, clientCertificate, such as { none: {} }"
        ),
        BadProfile(
            "literal password", "version: \"2.0\"",
            "authentication: { basic: { user: me, password: hunter2 } }",
            "44:52: warning: 'password' is written into the file, where everybody who reads the file sees it; use { env: NAME } or { file: PATH }"
        ),
        BadProfile(
            "header name", "version: \"2.0\"",
            "authentication: { header: { name: \"X Key\", value: { env: PRIMARY } } }",
            "44:39: error: 'X Key' is no name of an HTTP header"),
        BadProfile(
            "client certificate missing", "version: \"2.0\"",
            "authentication: { clientCertificate: { certificate: /nowhere/c.pem, privateKey: /nowhere/k.pem } }",
            "44:57: error: 'certificate': the file /nowhere/c.pem does not exist or cannot be read by this user",
            "44:85: error: 'privateKey': the file /nowhere/k.pem does not exist or cannot be read by this user"),
        BadProfile(
            "no such preset", "PRESET-VIDEO-1",
            "PRESET-VIDEO-9",
            "46:25: error: 'video' cannot be 'PRESET-VIDEO-9'; known are PRESET-VIDEO-1, PRESET-VIDEO-2, PRESET-VIDEO-3, PRESET-VIDEO-4, PRESET-VIDEO-5, PRESET-VIDEO-6, PRESET-VIDEO-7, PRESET-VIDEO-8, SHARED, UNENCRYPTED"
        ),
        BadProfile(
            "preset not in effect", "PRESET-VIDEO-1",
            "PRESET-VIDEO-2",
            "46:25: warning: this preset is not in effect yet: all video shares one key, and all audio another (preset 1)"
        ),
        BadProfile(
            "SHARED for one", "video: PRESET-VIDEO-1",
            "video: SHARED",
            "46:40: error: SHARED means one key for video and audio, so both must say it"),
        BadProfile(
            "UNENCRYPTED for both", "{ video: PRESET-VIDEO-1, audio: PRESET-AUDIO-1 }",
            "{ video: UNENCRYPTED, audio: UNENCRYPTED }",
            "46:25: error: video and audio are both UNENCRYPTED; for an endpoint in the clear delete its encryption"),
        BadProfile(
            "UNENCRYPTED for one", "audio: PRESET-AUDIO-1",
            "audio: UNENCRYPTED",
            "46:48: warning: UNENCRYPTED is not in effect yet: these tracks are protected like the others"),
        BadProfile(
            "clear on failure", "prefetchSeconds: 60",
            "onKeyFailure: { graceSeconds: 30, then: clear }",
            "47:45: error: 'then' cannot be 'clear'; there is only 'stop'"),
        BadProfile(
            "prefetch above the rotation", "prefetchSeconds: 60",
            "prefetchSeconds: 301",
            "29:64: warning: keys rotate every 300 s, but prefetchSeconds is 301: keys are asked for more than a period ahead",
            "34:81: warning: keys rotate every 300 s, but prefetchSeconds is 301: keys are asked for more than a period ahead",
            "40:61: warning: keys rotate every 300 s, but prefetchSeconds is 301: keys are asked for more than a period ahead"
        ),
        BadProfile(
            "provider that nobody uses", "speke:\n  main:",
            "speke:\n  spare: { url: https://keys.example.com/, resourceId: x }\n  main:",
            "42:3: warning: no endpoint uses the key provider 'spare'"),
    ]
}
