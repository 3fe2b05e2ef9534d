import Keys
import Live
import Logging
import Media
import Packager
import Settings
import TestSupport
import Timeline

@testable import Origin

/// A channel on air, called news: a picture and sound in segments of two seconds, under keys of thirty seconds each, of
/// which the first two are there.
struct NewsChannel {
    let clock = ManualClock(1_600_000_001_000)
    let directory = ChannelDirectory()
    let channel: LiveChannel
    let feed: TimelineFeed
    /// To be cancelled in the end.
    let keys: Task<Void, Never>

    init(_ endpoints: [EndpointProfile], partMilliseconds: UInt32 = 520) async throws {
        let profile = ChannelProfile(
            channel: "news", ingest: IngestProfile(streamKeys: .init(primary: Secret("key"))),
            ladder: Ladder(
                video: [VideoRung(name: "720p", codec: .h264, frameRate: FrameRate(30))],
                audio: [AudioRung(name: "stereo", codec: .aac, sampleRate: 48000)], segmentDurationSeconds: 2,
                partDurationMilliseconds: partMilliseconds),
            storageWindowSeconds: 3600, endpoints: endpoints,
            speke: ["main": SPEKEProfile(url: "http://keys.example", resourceID: "news")])
        let clock = clock
        let schedule = KeySchedule(
            KeyPlan.Settings(rotationIntervalSeconds: 30, prefetchSeconds: 25, retentionSeconds: 3600),
            clock: clock.keyClock, report: { _ in }
        ) { (period: KeyPeriod) async throws(KeyError) -> PeriodKeys in
            do { return try SyntheticKeys.keys(of: period) } catch { throw KeyError(.invalidAnswer, "\(error)") }
        }
        keys = Task { await schedule.run() }
        channel = try LiveChannel(
            profile: profile, directory: nil, budget: StorageBudget(maximumBytes: 1 << 30),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: { clock.now }, alarm: { _, _ in }
        ) { _, _, _, _ in schedule }
        directory.add(channel)
        for period in 53_333_333...53_333_334 as ClosedRange<UInt64> {
            _ = await schedule.keys(for: KeyPeriod(period), until: .max)
        }
        feed = try TimelineFeed(channel.timeline, [try .video(), try .audio()])
    }
}
