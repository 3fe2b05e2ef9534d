import Testing

@testable import Settings

@Suite struct BadEncryptionTests {
    @Test(arguments: cases)
    func saysWhatIsWrong(_ profile: BadProfile) {
        #expect(SampleProfile.diagnostics(replacing: profile.old, with: profile.new) == profile.expected)
    }

    static let cases: [BadProfile] = [
        BadProfile(
            "empty encryption",
            "    encryption: { scheme: cenc, keyRotationIntervalSeconds: 300, speke: main, systems: [widevine, playready] }",
            "    encryption:",
            "40:5: error: 'encryption' is empty; say how, or delete the key to serve in the clear"),
        BadProfile(
            "empty encryption as the first key",
            "  - id: hls-ts\n    package: hls\n    container: ts\n    playlistWindowSeconds: 60\n    encryption: { method: AES-128, keyRotationIntervalSeconds: 300, speke: main }",
            "  - encryption:\n    id: hls-ts\n    package: hls\n    container: ts",
            "25:5: error: 'encryption' is empty; say how, or delete the key to serve in the clear"),
        BadProfile(
            "cbcs in TS", "{ method: AES-128, keyRotationIntervalSeconds: 300, speke: main }",
            "{ method: SAMPLE-AES, scheme: cbcs, speke: main, systems: [widevine] }",
            "29:47: error: MPEG-TS cannot carry cbcs, which is for CMAF; use method AES-128, or container cmaf"),
        BadProfile(
            "cenc in TS", "{ method: AES-128, keyRotationIntervalSeconds: 300, speke: main }",
            "{ method: SAMPLE-AES-CTR, scheme: cenc, speke: main, systems: [widevine] }",
            "29:27: error: MPEG-TS cannot carry SAMPLE-AES-CTR (cenc); use AES-128, or container cmaf"),
        BadProfile(
            "Widevine for SAMPLE-AES in TS", "{ method: AES-128, keyRotationIntervalSeconds: 300, speke: main }",
            "{ method: SAMPLE-AES, speke: main, systems: [widevine] }",
            "29:62: error: only fairplay and identity decrypt SAMPLE-AES in MPEG-TS; leave the others out"),
        BadProfile(
            "identity beside DRM", "speke: main, systems: [widevine] }", "speke: main, systems: [widevine, identity] }",
            "34:119: error: identity beside other systems makes players take the wrong one; give it an endpoint of its own"
        ),
        BadProfile(
            "identity in DASH", "[widevine, playready]", "[identity]",
            "40:89: error: identity is HLS's: a URL that gives the key; use clearkey here"),
        BadProfile(
            "in-band rotation without boxes", "{ method: AES-128,", "{ rotationSignalling: both, method: AES-128,",
            "29:39: error: 'rotationSignalling' is for CMAF under cenc or cbcs; delete it"),
        BadProfile(
            "HLS without keys in the playlist", "{ method: SAMPLE-AES, scheme: cbcs,",
            "{ rotationSignalling: inband, method: SAMPLE-AES, scheme: cbcs,",
            "34:39: error: HLS says every key in its playlists, so 'inband' cannot be; write both, or manifest"),
        BadProfile(
            "a clear lead that nothing says the end of", "{ scheme: cenc,",
            "{ clearLeadSeconds: 5, rotationSignalling: inband, scheme: cenc,",
            "40:37: error: 'clearLeadSeconds' needs a manifest that says where the protection begins, so 'inband' cannot "
                + "be; write both"),
        BadProfile(
            "a clear lead is said", "{ scheme: cenc,", "{ clearLeadSeconds: 5, scheme: cenc,",
            "40:37: warning: the first 5 s of every event leave unprotected, for everybody"),
        BadProfile(
            "scheme beside AES-128", "method: AES-128,",
            "method: AES-128, scheme: cbcs,",
            "29:36: error: 'scheme' has no meaning with AES-128, which encrypts whole segments; delete it"),
        BadProfile(
            "systems beside AES-128", "{ method: AES-128, keyRotationIntervalSeconds: 300, speke: main }",
            "{ method: AES-128, speke: main, systems: [widevine] }",
            "29:49: error: 'systems' has no meaning with AES-128, whose key players fetch by URL; delete it"),
        BadProfile(
            "method in DASH", "{ scheme: cenc,",
            "{ method: SAMPLE-AES, scheme: cenc,",
            "40:19: error: 'method' is HLS's word; a dash endpoint says scheme: cenc or scheme: cbcs"),
        BadProfile(
            "method and scheme disagree", "scheme: cbcs",
            "scheme: cenc",
            "34:47: error: SAMPLE-AES means cbcs; for cenc write method SAMPLE-AES-CTR"),
        BadProfile(
            "no such scheme", "scheme: cenc",
            "scheme: cens",
            "40:27: error: 'scheme' cannot be 'cens'; did you mean 'cenc'?"),
        BadProfile(
            "rotation below a segment", "{ scheme: cenc, keyRotationIntervalSeconds: 300",
            "{ scheme: cenc, keyRotationIntervalSeconds: 5",
            "40:61: error: 'keyRotationIntervalSeconds' is 5, shorter than a segment of 6 s, which has one key; take a multiple of 6"
        ),
        BadProfile(
            "rotation below 10 s", "{ scheme: cenc, keyRotationIntervalSeconds: 300",
            "{ scheme: cenc, keyRotationIntervalSeconds: 9",
            "40:61: error: 'keyRotationIntervalSeconds' is 9; it must be 0 (never) or at least 10"),
        BadProfile(
            "rotation no multiple", "{ scheme: cenc, keyRotationIntervalSeconds: 300",
            "{ scheme: cenc, keyRotationIntervalSeconds: 301",
            "40:61: warning: 'keyRotationIntervalSeconds' is 301, no multiple of the 6 s of a segment: periods will differ by a segment"
        ),
        BadProfile(
            "protected without a provider", "300, speke: main, systems: [widevine, playready]",
            "300, systems: [widevine, playready]",
            "40:17: error: encryption has no 'speke'; name the key provider: speke: main, and describe it under speke"),
        BadProfile(
            "unknown provider", "300, speke: main, systems: [widevine, playready]",
            "300, speke: mian, systems: [widevine, playready]",
            "40:73: error: there is no key provider 'mian' under speke; did you mean 'main'?"),
        BadProfile(
            "no systems", ", systems: [widevine, playready]",
            "",
            "40:17: error: encryption has no 'systems'; list who can decrypt: systems: [widevine, playready]"),
        BadProfile(
            "empty systems", "[widevine, playready]",
            "[]",
            "40:88: error: 'systems' is empty, so no player could decrypt; list at least one"),
        BadProfile(
            "unknown system", "[widevine, playready]",
            "[widevine, playreddy]",
            "40:99: error: no DRM system has the name or UUID 'playreddy'; did you mean 'playready'?"),
        BadProfile(
            "system twice", "[widevine, playready]",
            "[widevine, edef8ba9-79d6-4ace-a3c8-27dcd51d21ed]",
            "40:99: error: this DRM system is listed twice; keep one"),
        BadProfile(
            "wrong id for a system", "[widevine, playready]",
            "{ widevine: 9a04f079-9840-4286-ab92-e65be0885f95 }",
            "40:100: error: wrong system id for widevine: 9a04f079-9840-4286-ab92-e65be0885f95, that is playready's; widevine has edef8ba9-79d6-4ace-a3c8-27dcd51d21ed"
        ),
        BadProfile(
            "no id for a system", "[widevine, playready]",
            "{ widevine: 42 }",
            "40:100: error: '42' is no UUID; widevine has edef8ba9-79d6-4ace-a3c8-27dcd51d21ed, or leave it out"),
        BadProfile(
            "unknown id", "[widevine, playready]",
            "[widevine, 00000000-0000-0000-0000-000000000001]",
            "40:99: warning: 00000000-0000-0000-0000-000000000001 is no DRM system that Sluice knows: its signalling is passed on as the provider gives it"
        ),
        BadProfile(
            "fairplay with cenc", "[widevine, playready]",
            "[fairplay]",
            "40:89: error: fairplay cannot decrypt cenc; use scheme cbcs, or leave fairplay out"),
        BadProfile(
            "fairplay in DASH",
            "{ scheme: cenc, keyRotationIntervalSeconds: 300, speke: main, systems: [widevine, playready] }",
            "{ scheme: cbcs, speke: main, systems: [fairplay, widevine] }",
            "40:56: warning: fairplay plays HLS only; it will not be listed in this manifest"),
        BadProfile(
            "clearkey beside others", "[widevine, playready]",
            "[widevine, clearkey]",
            "40:99: warning: clearkey hands the key to every player that asks, which undoes the other systems; leave it out where that matters"
        ),
    ]
}
