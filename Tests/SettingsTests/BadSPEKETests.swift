import Testing

@testable import Settings

@Suite struct BadSPEKETests {
    @Test(arguments: cases)
    func saysWhatIsWrong(_ profile: BadProfile) {
        let environment = SampleProfile.environment.merging(["LINES": "a\nb"]) { $1 }
        #expect(
            SampleProfile.diagnostics(replacing: profile.old, with: profile.new, environment: environment)
                == profile.expected)
    }

    static let cases: [BadProfile] = [
        BadProfile(
            "key delivery without a secret", "    url: https://keys", "    keyDelivery: {}\n    url: https://keys",
            "43:18: error: keyDelivery has no 'tokenSecret'; the key server's: tokenSecret: { file: token-secret }"),
        BadProfile(
            "a short token secret", "    url: https://keys",
            "    keyDelivery: { tokenSecret: short }\n    url: https://keys",
            "43:33: error: 'tokenSecret' has less than 32 bytes; take the file that the key server made",
            "43:33: warning: 'tokenSecret' is written into the file, where everybody who reads the file sees it; use { env: NAME } or { file: PATH }"
        ),
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
            "version: \"2.0\"\n    authentication: { kerberos: {} }",
            "45:23: error: unknown authentication 'kerberos'; known are none, basic, digest, header, bearer, sigV4, clientCertificate"
        ),
        BadProfile(
            "SPEKE 1.0 with a key policy", "version: \"2.0\"",
            "version: \"1.0\"",
            "46:5: error: version 1.0 has one key for everything; delete 'keyPolicy', or say SHARED for video and audio"
        ),
        BadProfile(
            "two authentications", "version: \"2.0\"",
            "authentication: { none: {}, bearer: { token: { env: PRIMARY } } }",
            "44:21: error: 'authentication' must be one of none, basic, digest, header, bearer, sigV4, clientCertificate, such as { none: {} }"
        ),
        BadProfile(
            "no digest password", "version: \"2.0\"",
            "authentication: { digest: { user: \"a:b\" } }",
            "44:31: error: digest has no 'password'; write { env: NAME } or { file: PATH }",
            "44:39: error: 'user' has a ':' in it, which ends the name in HTTP"),
        BadProfile(
            "no addresses", "url: https://keys.example.com/speke/v2.0/copyProtection",
            "url: []",
            "43:10: error: 'url' lists 0 addresses; it must be 1 to 8"),
        BadProfile(
            "one address twice, one wrong", "url: https://keys.example.com/speke/v2.0/copyProtection",
            "url: [https://a/, https://a/, file:///b]",
            "43:23: error: this address is listed twice; keep one",
            "43:35: error: 'url' must be an http or https address, such as https://keys.example.com/speke/v2.0/copyProtection"
        ),
        BadProfile(
            "no name of a header", "version: \"2.0\"",
            "headers: { \"X Key\": { env: PRIMARY } }",
            "44:16: error: 'X Key' is no name of an HTTP header"),
        BadProfile(
            "a header of ours", "version: \"2.0\"",
            "headers: { x-speke-version: { env: PRIMARY } }",
            "44:16: error: the header 'x-speke-version' is set by Sluice itself; delete it"),
        BadProfile(
            "a header of the authentication", "version: \"2.0\"",
            "authentication: { bearer: { token: { env: PRIMARY } } }\n    headers: { authorization: { env: PRIMARY } }",
            "45:16: error: the header 'authorization' is set by 'authentication'; keep one of them"),
        BadProfile(
            "a header twice", "version: \"2.0\"",
            "headers: { X-Key: { env: PRIMARY }, x-key: { env: BACKUP } }",
            "44:41: error: the header 'x-key' stands twice; keep one of them"),
        BadProfile(
            "a header over two lines", "version: \"2.0\"",
            "headers: { X-Key: { env: LINES } }",
            "44:23: error: 'X-Key' has a line break or a control character in it; take one without"),
        BadProfile(
            "headers as a list", "version: \"2.0\"",
            "headers: [X-Key]",
            "44:14: error: 'headers' is a list; it must be a mapping: X-Tenant: { env: NAME }"),
        BadProfile(
            "a header written into the file", "version: \"2.0\"",
            "headers: { X-Tenant: one two }",
            "44:26: warning: 'X-Tenant' is written into the file, where everybody who reads the file sees it; use { env: NAME } or { file: PATH }"
        ),
        BadProfile(
            "no such authorities", "version: \"2.0\"",
            "caFile: /nowhere/ca.pem",
            "44:13: error: 'caFile': the file /nowhere/ca.pem does not exist or cannot be read by this user"),
        BadProfile(
            "TLS words without TLS",
            "url: https://keys.example.com/speke/v2.0/copyProtection\n    version: \"2.0\"",
            "url: http://127.0.0.1:1/\n    caFile: /dev/null\n    authentication: { clientCertificate: { certificate: /dev/null, privateKey: /dev/null } }",
            "44:5: error: 'caFile' has no meaning with http, which has no certificates; use https, or delete it",
            "45:21: error: clientCertificate has no meaning with http, which has no certificates; use https",
            "45:80: warning: 'privateKey': every user of this machine can read /dev/null; chmod 600 it"),
        BadProfile(
            "half a document key", "version: \"2.0\"",
            "documentKey: { certificate: /nowhere/c.pem }",
            "44:18: error: documentKey has no 'privateKey'; the path of a PEM file",
            "44:33: error: 'certificate': the file /nowhere/c.pem does not exist or cannot be read by this user"),
        BadProfile(
            "three periods ahead", "version: \"2.0\"",
            "prefetchPeriods: 3",
            "44:22: error: 'prefetchPeriods' is 3; it must be 1 to 2"),
        BadProfile(
            "no time at all", "version: \"2.0\"",
            "timeoutSeconds: 0",
            "44:21: error: 'timeoutSeconds' is 0; it must be 0.100 to 60"),
        BadProfile(
            "no truth value", "version: \"2.0\"",
            "allowKeyIDOverride: maybe",
            "44:25: error: 'allowKeyIDOverride' is 'maybe'; it must be true or false"),
        BadProfile(
            "no such quirk", "version: \"2.0\"",
            "quirks: { acceptExplicitIv: 1, acceptAnything: true }",
            "44:15: error: unknown key 'acceptExplicitIv' in quirks; did you mean 'acceptExplicitIV'?",
            "44:36: error: unknown key 'acceptAnything' in quirks; known are acceptMissingVersionHeader, acceptOtherContentID, acceptEmptySystems, acceptOtherKeyIDsInSignalling, acceptRepeatedKeys, acceptExplicitIV, sendExplicitIV, sendKeyPeriod, rebuildSignalling, sendMethodAsScheme, multivariantWord, aes128SystemID"
        ),
        BadProfile(
            "quirks of another kind", "version: \"2.0\"",
            "version: \"2.1\"\n    quirks: { sendExplicitIV: 1, multivariantWord: main, aes128SystemID: x }",
            "45:31: error: 'sendExplicitIV' is '1'; it must be true or false",
            "45:52: error: 'multivariantWord' cannot be 'main'; known are master, multiVariant",
            "45:74: error: 'aes128SystemID' is 'x'; it must be a UUID"),
        BadProfile(
            "a quirk of 2.1", "version: \"2.0\"",
            "version: \"2.0\"\n    quirks: { sendMethodAsScheme: false }",
            "45:15: error: 'sendMethodAsScheme' has a meaning in version 2.1 alone; delete it"),
        BadProfile(
            "a quirk of 2.0",
            "version: \"2.0\"\n    resourceId: news\n    keyPolicy: { video: PRESET-VIDEO-1, audio: PRESET-AUDIO-1 }",
            "version: \"1.0\"\n    resourceId: news\n    quirks: { acceptMissingVersionHeader: true }",
            "46:15: error: 'acceptMissingVersionHeader' has no meaning in version 1.0, which knows no such thing; delete it"
        ),
        BadProfile(
            "stale keys", "version: \"2.0\"",
            "quirks: { acceptRepeatedKeys: true }",
            "44:15: warning: a stale key would go unnoticed: the provider could answer one key for ever; leave 'acceptRepeatedKeys' to tests"
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
            "SHARED for one", "video: PRESET-VIDEO-1",
            "video: SHARED",
            "46:40: error: SHARED means one key for video and audio, so both must say it"),
        BadProfile(
            "UNENCRYPTED for both", "{ video: PRESET-VIDEO-1, audio: PRESET-AUDIO-1 }",
            "{ video: UNENCRYPTED, audio: UNENCRYPTED }",
            "46:25: error: video and audio are both UNENCRYPTED; for an endpoint in the clear delete its encryption"),
        BadProfile(
            "clear on failure", "prefetchSeconds: 60",
            "onKeyFailure: { graceSeconds: 30, then: clear }",
            "47:45: error: 'then' cannot be 'clear'; known are stop, slate"),
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
