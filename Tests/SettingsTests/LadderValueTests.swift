import Media
import Testing

@testable import Settings

@Suite struct LadderValueTests {
    @Test func readsFrameRates() {
        #expect(FrameRate(parsing: "30") == FrameRate(30))
        #expect(FrameRate(parsing: "29.97") == FrameRate(30000, 1001))
        #expect(FrameRate(parsing: "60000/1001") == FrameRate(60000, 1001))
        #expect(FrameRate(parsing: "50/2") == FrameRate(25))
        for text in [
            "", "0", "121", "1/0", "0/1", "30/", "/1", "30/1/1", "-30", "30.5", "1e2", "9999999", "120000/10001",
        ] {
            #expect(FrameRate(parsing: text) == nil, "\(text)")
        }
    }

    @Test func countsFramesOfASegment() {
        #expect(FrameRate(30).framesPerSegment(seconds: 6) == 180)
        #expect(FrameRate(30000, 1001).framesPerSegment(seconds: 6) == 180)
        #expect(FrameRate(24000, 1001).framesPerSegment(seconds: 5) == 120)
        #expect(FrameRate(25, 2).framesPerSegment(seconds: 4) == 50)
        #expect(FrameRate(25, 2).framesPerSegment(seconds: 3) == nil)
    }

    struct Fit: Sendable {
        var width: UInt16
        var height: UInt16
        var rate: UInt32
        var bitrate: UInt32
        var profile: VideoRung.Profile
        var level: UInt8?
    }

    /// Known pairs of the trade: what encoders write for these pictures.
    @Test(arguments: [
        Fit(width: 176, height: 144, rate: 15, bitrate: 64000, profile: .baseline, level: 10),
        Fit(width: 352, height: 288, rate: 30, bitrate: 600_000, profile: .main, level: 13),
        Fit(width: 640, height: 360, rate: 30, bitrate: 800_000, profile: .main, level: 30),
        Fit(width: 720, height: 576, rate: 25, bitrate: 10_000_000, profile: .main, level: 30),
        Fit(width: 720, height: 576, rate: 25, bitrate: 10_000_001, profile: .main, level: 31),
        Fit(width: 720, height: 576, rate: 25, bitrate: 12_500_000, profile: .high, level: 30),
        Fit(width: 1280, height: 720, rate: 30, bitrate: 3_000_000, profile: .high, level: 31),
        Fit(width: 1280, height: 720, rate: 60, bitrate: 3_000_000, profile: .high, level: 32),
        Fit(width: 1920, height: 1080, rate: 30, bitrate: 5_000_000, profile: .high, level: 40),
        Fit(width: 1920, height: 1080, rate: 30, bitrate: 25_000_001, profile: .high, level: 41),
        Fit(width: 1920, height: 1080, rate: 60, bitrate: 5_000_000, profile: .high, level: 42),
        Fit(width: 3840, height: 2160, rate: 30, bitrate: 20_000_000, profile: .high, level: 51),
        Fit(width: 3840, height: 2160, rate: 60, bitrate: 20_000_000, profile: .high, level: 52),
        Fit(width: 8192, height: 4320, rate: 120, bitrate: 20_000_000, profile: .high, level: 62),
        Fit(width: 8192, height: 8192, rate: 30, bitrate: 20_000_000, profile: .high, level: nil),
        // Narrow, but wider than the square root of eight times the level's size allows.
        Fit(width: 2048, height: 16, rate: 1, bitrate: 64000, profile: .main, level: 31),
    ])
    func findsTheLowestLevel(_ fit: Fit) {
        let level = H264Level.lowest(
            width: fit.width, height: fit.height, frameRate: FrameRate(fit.rate), bitrate: fit.bitrate,
            profile: fit.profile)
        #expect(level?.number == fit.level)
    }

    @Test func suggestsTheNearestWord() {
        let words = ["width", "height", "bitrate", "framerate"]
        #expect(Suggestion.nearest(to: "widht", among: words) == "width")
        #expect(Suggestion.nearest(to: "frameRate", among: words) == "framerate")
        #expect(Suggestion.nearest(to: "colour", among: words) == nil)
        #expect(Suggestion.nearest(to: "3.0", among: ["1.0", "2.0"]) == nil)
        #expect(Suggestion.nearest(to: String(repeating: "x", count: 10000), among: words) == nil)
        #expect(Suggestion.nearest(to: "", among: words) == nil)
    }
}
