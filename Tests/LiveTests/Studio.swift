import Keys
import Live
import Logging
import Media
import Settings
import Synchronization
import TestSupport
import Timeline

/// A channel with a key provider that gives what the test lets it. Segments of 2 s, keys of 10 s.
final class Studio: Sendable {
    /// 2020-09-13T12:26:40Z, where a key period begins.
    static let number: UInt64 = 800_000_000
    static let period: UInt64 = 160_000_000
    static let keyPeriod = KeyPeriod(period)
    static let duration = Ticks(2, timescale: 1)

    let clock = ManualClock(1_600_000_001_000)
    private let available: Mutex<Set<UInt64>>
    /// What the channel wants to be called back for, and when.
    let alarms = Mutex<[(time: Int64, action: @Sendable () -> Void)]>([])
    private let running = Mutex<[Task<Void, Never>]>([])

    init(available: Set<UInt64> = []) { self.available = Mutex(available) }

    deinit { for task in running.withLock({ $0 }) { task.cancel() } }

    func allow(_ period: UInt64) { available.withLock { _ = $0.insert(period) } }

    /// The provider does not have it any more.
    func withdraw(_ period: UInt64) { available.withLock { _ = $0.remove(period) } }

    /// A schedule that runs as long as the studio does.
    func schedule(
        rotationSeconds: UInt32 = 10, keepsReserve: Bool = false, onChange: @escaping @Sendable () -> Void = {},
        onFailure: @escaping @Sendable (KeyPeriod) -> Void = { _ in }
    ) -> KeySchedule {
        let schedule = KeySchedule(
            KeyPlan.Settings(
                rotationIntervalSeconds: rotationSeconds, prefetchSeconds: 5, retentionSeconds: 3600,
                keepsReserve: keepsReserve),
            clock: clock.keyClock, random: { 0 },
            report: { event in
                switch event {
                case .fetched: onChange()
                case .failed(let period, _, _): onFailure(period)
                default: break
                }
            }
        ) { [weak self] (period: KeyPeriod) async throws(KeyError) -> PeriodKeys in
            guard let self, self.available.withLock({ $0.contains(period.index) }) else {
                throw KeyError(.unavailable, "not yet")
            }
            do { return try SyntheticKeys.keys(of: period) } catch { throw KeyError(.invalidAnswer, "\(error)") }
        }
        running.withLock { $0.append(Task { await schedule.run() }) }
        return schedule
    }

    static let contract = KeyContract(
        contentID: "news", scheme: .aes128, rotationIntervalSeconds: 10, systems: [.aes128])

    static func encryption(_ method: EndpointEncryption.Method = .aes128, speke: String = "main") -> EndpointEncryption
    {
        EndpointEncryption(method: method, keyRotationIntervalSeconds: 10, speke: speke, systems: [.aes128])
    }

    static func profile(_ endpoints: [EndpointProfile], storageSeconds: UInt32 = 3600) -> ChannelProfile {
        ChannelProfile(
            channel: "news", ingest: IngestProfile(streamKeys: .init(primary: Secret("key"))),
            ladder: Ladder(
                video: [VideoRung(name: "720p", codec: .h264, frameRate: FrameRate(30), bitrate: 3_000_000)],
                audio: [AudioRung(name: "stereo", codec: .aac, bitrate: 128_000)], segmentDurationSeconds: 2,
                partDurationMilliseconds: 1000),
            storageWindowSeconds: storageSeconds, endpoints: endpoints,
            speke: [
                "main": SPEKEProfile(url: "http://keys.example/a", resourceID: "news"),
                "other": SPEKEProfile(url: "http://keys.example/b", resourceID: "news"),
            ])
    }

    /// A schedule with the reserve key, whose provider has failed to give the key after `Studio.keyPeriod`.
    func scheduleInAnOutage(holding: [UInt64] = [period, KeyPeriod.reserve().index]) async -> KeySchedule {
        for index in holding { allow(index) }
        let (failures, failed) = AsyncStream.makeStream(of: KeyPeriod.self)
        let schedule = schedule(keepsReserve: true, onFailure: { failed.yield($0) })
        for index in holding { _ = await schedule.keys(for: KeyPeriod(index), until: .max) }
        for await period in failures where period == KeyPeriod(Studio.period + 1) { break }
        return schedule
    }

    func channel(_ profile: ChannelProfile, directory: String? = nil) throws -> LiveChannel {
        try LiveChannel(
            profile: profile, directory: directory, budget: StorageBudget(maximumBytes: 1 << 30),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, disk: .patient,
            clock: { [clock] in clock.now },
            alarm: { [weak self] time, action in self?.alarms.withLock { $0.append((time, action)) } }
        ) { contract, _, _, onChange in
            self.schedule(rotationSeconds: contract.rotationIntervalSeconds, onChange: onChange)
        }
    }
}

extension EndpointProfile {
    static let clear = EndpointProfile(id: "clear", package: .hls, windowSeconds: 20)
    static let sealed = EndpointProfile(
        id: "sealed", package: .hls, container: .ts, windowSeconds: 20, encryption: Studio.encryption())
}
