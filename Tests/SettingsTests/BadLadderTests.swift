import Testing

@testable import Settings

@Suite struct BadLadderTests {
    @Test(arguments: cases)
    func saysWhatIsWrong(_ profile: BadProfile) {
        #expect(SampleProfile.diagnostics(replacing: profile.old, with: profile.new) == profile.expected)
    }

    static let cases: [BadProfile] = [
        BadProfile(
            "no rungs at all", "video:\n  - name: 720p",
            "videos:\n  - name: 720p",
            "7:1: error: unknown key 'videos' in the profile; did you mean 'video'?"),
        BadProfile(
            "duplicate rung name", "name: 360p",
            "name: 720p",
            "18:5: error: the name '720p' is taken by the rung in line 8; names are unique in a channel"),
        BadProfile(
            "name of audio taken", "name: stereo",
            "name: 720p",
            "20:5: error: the name '720p' is taken by the rung in line 8; names are unique in a channel"),
        BadProfile(
            "bad rung name", "name: 360p",
            "name: 360P",
            "18:13: error: 'name' cannot be '360P': use small letters, digits and hyphens, beginning with a letter or digit, at most 32"
        ),
        BadProfile(
            "missing bitrate", ", bitrate: 800000",
            "",
            "18:5: error: a video rung has no 'bitrate'; give bits a second, such as 3000000"),
        BadProfile(
            "bitrate 0", "bitrate: 800000",
            "bitrate: 0",
            "18:81: error: 'bitrate' is 0; it must be 10000 to 100000000"),
        BadProfile(
            "odd width", "width: 640",
            "width: 641",
            "18:39: error: 'width' is 641, which is odd; 4:2:0 pictures have even sides, so take 642"),
        BadProfile(
            "picture too large", "width: 640, height: 360",
            "width: 8192, height: 4320",
            "18:5: error: pictures of 8192x4320 are more than Sluice encodes; 4096x2304 is the largest"),
        BadProfile(
            "level too low for the size", "level: \"3.1\"",
            "level: \"3.0\"",
            "15:12: error: level 3.0 does not hold pictures of 1280x720; level 3.1 does"),
        BadProfile(
            "level too low for the rate", "framerate: 30\n    bitrate",
            "framerate: 60\n    bitrate",
            "15:12: error: level 3.1 does not hold 60 frames/s of 1280x720; level 3.2 does"),
        BadProfile(
            "bitrate above the level", "bitrate: 3000000",
            "bitrate: 17600000",
            "13:14: error: 'bitrate' is 17600000; level 3.1 ends at 17500000 for HIGH; level 3.2 does"),
        BadProfile(
            "no such level", "\"3.1\"",
            "\"3.3\"",
            "15:12: error: 'level' cannot be '3.3'; H.264 has 1.0, 1.1, 1.2, 1.3, 2.0, 2.1, 2.2, 3.0, 3.1, 3.2, 4.0, 4.1, 4.2, 5.0, 5.1, 5.2, 6.0, 6.1, 6.2"
        ),
        BadProfile(
            "GOP does not divide", "gopSize: 90",
            "gopSize: 100",
            "16:14: error: 'gopSize' is 100, which does not divide the 180 frames of a 6 s segment; take 90"),
        BadProfile(
            "B-frames in BASELINE", "profile: HIGH",
            "profile: BASELINE",
            "17:20: error: the BASELINE profile has no B-frames; take gopNumBFrames 0, or profile MAIN"),
        BadProfile(
            "more B-frames than frames", "gopSize: 90",
            "gopSize: 3",
            "17:20: error: 'gopNumBFrames' is 3, but a GOP has only 3 frames; take fewer"),
        BadProfile(
            "frames of a segment not whole", "framerate: 30, bitrate: 800000",
            "framerate: 25/4, bitrate: 800000",
            "18:68: error: a segment of 6 s has no whole number of frames at 25/4 frames/s; change framerate or segmentDurationSeconds"
        ),
        BadProfile(
            "no frame rate", "framerate: 30, bitrate: 800000",
            "framerate: fast, bitrate: 800000",
            "18:68: error: 'framerate' is 'fast'; it must be 1 to 120, whole (30) or a fraction (30000/1001)"),
        BadProfile(
            "two families of rates", "framerate: 30, bitrate: 800000",
            "framerate: 29.97, bitrate: 800000",
            "18:5: error: 30000/1001 frames/s beside 30 frames/s: their segments would not start together; use rates of one family"
        ),
        BadProfile(
            "rates of two families, twice",
            "framerate: 30, bitrate: 800000 }",
            "framerate: 60000/1001, bitrate: 800000 }\n  - { name: ntsc, codec: h264, width: 640, height: 360, framerate: 30000/1001, bitrate: 800000 }",
            "18:5: error: 60000/1001 frames/s beside 30 frames/s: their segments would not start together; use rates of one family",
            "19:5: error: 30000/1001 frames/s beside 30 frames/s: their segments would not start together; use rates of one family"
        ),
        BadProfile(
            "no such preset", "gopNumBFrames: 3",
            "preset: veryfats",
            "17:13: error: 'preset' cannot be 'veryfats'; did you mean 'veryfast'?"),
        BadProfile(
            "copy with a size", "{ name: 360p, codec: h264, width: 640, height: 360, framerate: 30, bitrate: 800000 }",
            "{ name: source, codec: copy, width: 640 }",
            "18:5: warning: codec copy beside other rungs: players can switch only if the encoder sends a keyframe every 6 s or at a divisor of it",
            "18:34: error: 'width' has no meaning with codec copy, which passes the encoder's picture on; delete it"),
        BadProfile(
            "copy beside encoded rungs",
            "{ name: 360p, codec: h264, width: 640, height: 360, framerate: 30, bitrate: 800000 }",
            "{ name: source, codec: copy }",
            "18:5: warning: codec copy beside other rungs: players can switch only if the encoder sends a keyframe every 6 s or at a divisor of it"
        ),
        BadProfile(
            "track of an encoded rung", "framerate: 30, bitrate: 800000",
            "framerate: 30, trackId: 1, bitrate: 800000",
            "18:72: error: 'trackId' has a meaning with codec copy only; encoded rungs are made of the encoder's track 0"
        ),
        BadProfile(
            "a GOP of an encoded rung", "framerate: 30, bitrate: 800000",
            "framerate: 30, longestGOPSeconds: 2, bitrate: 800000",
            "18:72: error: 'longestGOPSeconds' has a meaning with codec copy only; encoded rungs have a gopSize"
        ),
        BadProfile(
            "a GOP longer than a segment",
            "{ name: 360p, codec: h264, width: 640, height: 360, framerate: 30, bitrate: 800000 }",
            "{ name: source, codec: copy, longestGOPSeconds: 7 }",
            "18:5: warning: codec copy beside other rungs: players can switch only if the encoder sends a keyframe every 6 s or at a divisor of it",
            "18:53: error: 'longestGOPSeconds' is 7, but every segment of 6 s needs a keyframe; take at most 6"
        ),
        BadProfile(
            "copies of other tracks beside encoded rungs",
            "{ name: 360p, codec: h264, width: 640, height: 360, framerate: 30, bitrate: 800000 }",
            "{ name: source, codec: copy, trackId: 2 }",
            "8:3: error: encoded rungs are made of the encoder's track 0, and no rung copies that; beside encoded rungs, a rung with codec copy and trackId 0 must be there",
            "18:5: warning: codec copy beside other rungs: players can switch only if the encoder sends a keyframe every 6 s or at a divisor of it, at once on all its tracks"
        ),
        BadProfile(
            "a track copied twice",
            "{ name: 360p, codec: h264, width: 640, height: 360, framerate: 30, bitrate: 800000 }",
            "{ name: source, codec: copy }\n  - { name: again, codec: copy, trackId: 0 }",
            "18:5: warning: codec copy beside other rungs: players can switch only if the encoder sends a keyframe every 6 s or at a divisor of it",
            "19:5: error: there is a rung already that copies track 0, and this would be the same picture; delete it, or give it another trackId"
        ),
        BadProfile(
            "no such track", "{ name: stereo, codec: aac,",
            "{ name: stereo, codec: aac, trackId: 256,",
            "20:42: error: 'trackId' is 256; it must be 0 to 255"),
        BadProfile(
            "MediaLive's word for a track", "{ name: stereo, codec: aac,",
            "{ name: stereo, codec: aac, track: 1,",
            "20:33: error: unknown key 'track' in an audio rung; known are name, codec, trackId, bitrate, sampleRate, channels, language"
        ),
        BadProfile(
            "sample rate that AAC lacks", "sampleRate: 48000",
            "sampleRate: 47000",
            "20:62: error: 'sampleRate' cannot be 47000; AAC has 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000"
        ),
        BadProfile(
            "seven channels", "channels: 2",
            "channels: 7",
            "20:79: error: 'channels' cannot be 7; AAC has 1, 2, 3, 4, 5, 6, 8"),
        BadProfile(
            "audio bitrate above AAC", "bitrate: 128000",
            "bitrate: 700000",
            "20:42: error: 'bitrate' is 700000; AAC ends at 576000 for 2 channels at 48000 Hz"),
        BadProfile(
            "language", "language: en",
            "language: english language",
            "20:92: error: 'language' cannot be 'english language'; write a language tag such as en, pt-BR or und"),
        BadProfile(
            "copied sound with channels",
            "{ name: stereo, codec: aac, bitrate: 128000, sampleRate: 48000, channels: 2, language: en }",
            "{ name: stereo, codec: copy, channels: 2 }",
            "20:34: error: 'channels' has no meaning with codec copy, which passes the encoder's sound on; delete it"),
        BadProfile(
            "segment duration out of range", "segmentDurationSeconds: 6",
            "segmentDurationSeconds: 31",
            "21:25: error: 'segmentDurationSeconds' is 31; it must be 1 to 30"),
        BadProfile(
            "part longer than a segment", "partDurationSeconds: 1",
            "partDurationSeconds: 6.5",
            "22:22: error: 'partDurationSeconds' is longer than a segment (6 s); parts are what a segment is made of"),
    ]
}
