import Media
import Packager
import TestSupport
import Testing

@Suite struct ManifestQueryTests {
    private func refusal(_ query: String) -> String? {
        do throws(ManifestQueryError) { _ = try ManifestQuery(parsing: query) } catch { return error.description }
        return nil
    }

    @Test(arguments: [
        "start=2026-11-21T20:15:00Z", "start=1795292100", "start=1795292100.0", "START=2026-11-21T21:15:00%2B01:00",
        "start=2026-11-21T21:15:00+01:00", "aws.manifestsettings=start:1795292100",
        "aws.manifestsettings=start:2026-11-21T20:15:00Z", "aws.manifestsettings=start%3A2026-11-21T20%3A15%3A00Z",
        "session=x&start=1795292100&_HLS_msn=7",
    ]) func aStartIsSpelledInManyWays(_ query: String) throws {
        let query = try ManifestQuery(parsing: query)
        #expect(query.shift.start?.epochMilliseconds == 1_795_292_100_000)
        #expect(query.filter.isNone)
    }

    @Test(arguments: [
        "timedelay=30&window=90", "time_delay=30&manifest_window_seconds=90",
        "aws.manifestsettings=time_delay:30;manifest_window_seconds:90",
    ])
    func delaysAndWindows(_ query: String) throws {
        let shift = try ManifestQuery(parsing: query).shift
        #expect(shift.delaySeconds == 30)
        #expect(shift.windowSeconds == 90)
    }

    @Test(arguments: [
        ("start=yesterday", "'start' is neither seconds"), ("start=", "'start' is neither"),
        ("end=12:00", "'end' is neither"),
        ("start=1795292100000", "not milliseconds"), ("start=-5", "neither"), ("start=1.2.3", "neither"),
        ("start=2&end=2", "'end' is not after 'start'"), ("start=3&end=2", "'end' is not after 'start'"),
        ("start=0&end=86461", "more than 24 hours"), ("timedelay=5&start=1", "goes with neither"),
        ("window=60&start=1", "does not go with 'start'"), ("window=0", "is 0"),
        ("timedelay=1.5", "not a number of seconds"),
        ("timedelay=99999999", "not a number of seconds"), ("start=1&start=2", "'start' is there twice"),
        ("start=1&aws.manifestsettings=start:1", "there twice"), ("aws.manifestsettings=begin:1", "has no 'begin'"),
        ("aws.manifestsettings=start", "has no value"), ("aws.manifestfilter=height:5", "has no 'height'"),
        ("aws.manifestfilter=video_height:tall", "wants a number or a range"), ("height=720-360", "wants a number"),
        ("height=-", "wants a number"), ("height=", "empty value"), ("codec=h263", "knows no 'h263', but"),
        ("aws.manifestfilter=video_codec:aac", "knows no 'aac', but av1"), ("framerate=29.9700", "wants a number"),
        ("bitrate=99999999999", "wants a number"), ("height=1&aws.manifestfilter=video_height:1", "there twice"),
        ("start=%zz", "neither"), ("aws.manifestfilter=%3A", "has no value"), ("aws.manifestfilter=:", "has no value"),
        ("aws.manifestfilter=::", "has no value"), ("aws.manifestsettings=:::5", "has no value"),
        ("aws.manifestfilter=video_height:1;:", "has no value"), ("aws.manifestsettings=start:", "has no value"),
    ]) func badValuesAreRefusedWithAReason(_ query: String, _ reason: String) throws {
        let refusal = try #require(self.refusal(query))
        #expect(refusal.contains(reason))
        #expect(!refusal.contains("\n"))
    }

    @Test func longQueriesAndStrangeTextAreRefused() {
        #expect(self.refusal("a=" + String(repeating: "b", count: 3000))?.contains("longer") == true)
        #expect(self.refusal("start=%0d%0aSet-Cookie:x")?.contains("\r") == false)
        #expect(self.refusal("other=1&more") == nil)
    }

    @Test func aFilterAdmitsWhatItSays() throws {
        let hd = try SyntheticTrack.video("720p").track
        let stereo = try SyntheticTrack.audio("stereo").track
        let height = try #require(hd.codec.pictureSize?.height)
        func admits(_ query: String, _ track: Track, bitrate: UInt32 = 3_000_000) throws -> Bool {
            try ManifestQuery(parsing: query).filter.admits(track, bitrate: bitrate)
        }
        for query in [
            "height=\(height)", "height=1-\(height)", "height=-\(height)", "height=\(height)-", "height=1,\(height)",
            "codec=h264", "codec=H264,hevc", "bitrate=-3000000",
            "aws.manifestfilter=video_codec:H264;video_bitrate:0-2147483647",
            "aws.manifestfilter=audio_language:xx", "codec=aac", "channels=9",
        ] { #expect(try admits(query, hd), "\(query)") }
        for query in [
            "height=\(height + 1)-", "codec=av1", "bitrate=3000001-", "aws.manifestfilter=video_codec%3Ah265",
        ] { #expect(try !admits(query, hd), "\(query)") }
        for query in [
            "channels=2", "language=\(stereo.language.uppercased()),fr", "codec=aac",
            "aws.manifestfilter=audio_sample_rate:0-48000", "height=1",
        ] {
            #expect(try admits(query, stereo), "\(query)")
        }
        for query in [
            "channels=6", "language=fr", "codec=ac-3", "aws.manifestfilter=audio_bitrate:0-1000;audio_codec:AACL",
        ] {
            #expect(try !admits(query, stereo), "\(query)")
        }
        let spanish = SyntheticTrack.subtitles(language: "es").track
        for query in ["subtitles=en,es", "aws.manifestfilter=subtitle_language:ES", "language=en"] {
            #expect(try admits(query, spanish), "\(query)")
        }
        for query in ["subtitles=en", "aws.manifestfilter=subtitle_language:en,fr"] {
            #expect(try !admits(query, spanish), "\(query)")
        }
        #expect(
            try ManifestQuery(parsing: "codec=hevc,h264").filter.text
                == ManifestQuery(parsing: "codec=h264,hevc").filter.text)
        #expect(try ManifestQuery(parsing: "height=1").filter.text != ManifestQuery(parsing: "bitrate=1").filter.text)
    }
}
