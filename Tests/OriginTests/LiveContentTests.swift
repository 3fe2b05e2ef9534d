import Foundation
import HLS
import Keys
import Live
import Logging
import Media
import NIOCore
import NIOHTTP1
import NIOPosix
import Packager
import Settings
import Synchronization
import TestSupport
import Testing
import Timeline

@testable import Origin

/// From a path to an answer, on a channel with synthetic media.
@Suite(.timeLimit(.minutes(5))) struct LiveContentTests {
    private static let number: UInt64 = 800_000_000
    private let loop = MultiThreadedEventLoopGroup.singleton.next()
    private let tracks: [SyntheticTrack]

    init() throws { tracks = [try .video(), try .audio()] }

    private func profile() -> ChannelProfile {
        let encryption = { (method: EndpointEncryption.Method) in
            EndpointEncryption(method: method, keyRotationIntervalSeconds: 10, speke: "main", systems: [.aes128])
        }
        return ChannelProfile(
            channel: "news", ingest: IngestProfile(streamKeys: .init(primary: Secret("key"))),
            ladder: Ladder(
                video: [VideoRung(name: "720p", codec: .h264, frameRate: FrameRate(30))],
                audio: [AudioRung(name: "stereo", codec: .aac)], segmentDurationSeconds: 2,
                partDurationMilliseconds: 1000),
            storageWindowSeconds: 3600,
            endpoints: [
                EndpointProfile(id: "clear", package: .hls, windowSeconds: 20),
                EndpointProfile(
                    id: "ts", package: .hls, container: .ts, windowSeconds: 20, useAudioRenditionGroup: false,
                    encryption: encryption(.aes128)),
                EndpointProfile(
                    id: "cbcs", package: .hls, windowSeconds: 20, encryption: encryption(.commonEncryption(.cbcs))),
                EndpointProfile(
                    id: "cenc", package: .dash, windowSeconds: 20, encryption: encryption(.commonEncryption(.cenc))),
            ],
            speke: ["main": SPEKEProfile(url: "http://keys.example", resourceID: "news")])
    }

    /// What happens beside the answers.
    private final class Notes: Sendable {
        let failures = Mutex<[String]>([])
        let tasks = Mutex<[Task<Void, Never>]>([])
    }

    /// A channel, and its answers.
    private final class Rig: Sendable {
        let channel: LiveChannel
        let content: LiveContent
        /// One thing of each kind is made at a time.
        let cache = ResponseCache(maximumBytes: 64 << 20, maximumBytesBeingMade: 1)
        let notes = Notes()

        init(
            _ profile: ChannelProfile, directory: String? = nil, hasKeys: Bool, threads: NIOThreadPool = .singleton,
            others: NIOThreadPool = .singleton, readers: NIOThreadPool = .singleton
        ) throws {
            let clock = ManualClock(1_600_000_001_000)
            let notes = notes
            channel = try LiveChannel(
                profile: profile, directory: directory, budget: StorageBudget(maximumBytes: 1 << 30),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, disk: .patient, clock: { clock.now },
                alarm: { _, _ in }
            ) { contract, _, _, _ in
                let schedule = KeySchedule(
                    KeyPlan.Settings(rotationIntervalSeconds: 10, prefetchSeconds: 5, retentionSeconds: 3600),
                    clock: clock.keyClock, report: { _ in }
                ) { (period: KeyPeriod) async throws(KeyError) -> PeriodKeys in
                    guard hasKeys else { throw KeyError(.unavailable, "none") }
                    do { return try SyntheticKeys.keys(of: period) } catch {
                        throw KeyError(.invalidAnswer, "\(error)")
                    }
                }
                notes.tasks.withLock { $0.append(Task { await schedule.run() }) }
                return schedule
            }
            let directory = ChannelDirectory()
            directory.add(channel)
            content = LiveContent(
                channels: directory, cache: cache, threads: threads, others: others, readers: readers,
                clock: { clock.now },
                logFailure: { path, reason in notes.failures.withLock { $0.append("\(path): \(reason)") } })
        }

        deinit { for task in notes.tasks.withLock({ $0 }) { task.cancel() } }

        func get(_ uri: String) async throws -> CachedResponse {
            guard let path = ResourcePath(parsing: uri) else { return .notFound }
            switch content.response(for: path, to: Asker(on: MultiThreadedEventLoopGroup.singleton.next())) {
            case .ready(let response): return response
            case .later(let future): return try await future.get()
            }
        }

        func text(_ uri: String) async throws -> String { String(buffer: try await get(uri).body) }
    }

    private func rig(
        _ profile: ChannelProfile? = nil, directory: String? = nil, hasKeys: Bool = true, segments: UInt64 = 3,
        threads: NIOThreadPool = .singleton, others: NIOThreadPool = .singleton, readers: NIOThreadPool = .singleton
    ) async throws -> Rig {
        let rig = try Rig(
            profile ?? self.profile(), directory: directory, hasKeys: hasKeys, threads: threads, others: others,
            readers: readers)
        if hasKeys {
            for schedule in rig.channel.schedules {
                for period in 160_000_000...160_000_001 as ClosedRange<UInt64> {
                    _ = await schedule.keys(for: KeyPeriod(period), until: .max)
                }
            }
            // Here and not when the schedules say so, which may be later: requests would see two states.
            rig.channel.refresh()
        }
        if segments > 0 {
            let feed = try TimelineFeed(rig.channel.timeline, tracks)
            for number in Self.number..<Self.number + segments { try feed.add(number) }
        }
        return rig
    }

    private func revision(_ rig: Rig, _ endpoint: String) throws -> String {
        try #require(rig.channel.state(of: endpoint)?.window.revision)
    }

    /// One thread, which is busy until the gate is signalled.
    private func busyPool() -> (pool: NIOThreadPool, gate: DispatchSemaphore) {
        let pool = NIOThreadPool(numberOfThreads: 1)
        let gate = DispatchSemaphore(value: 0)
        pool.start()
        pool.submit { _ in gate.wait() }
        return (pool, gate)
    }

    /// After a restart the past is on the disk alone, and what comes is in memory.
    @Test func aDiskThatDoesNotAnswerStopsThePastAlone() async throws {
        let directory = try TemporaryDirectory()
        _ = try await rig(directory: directory.path)
        let (readers, gate) = busyPool()
        let rig = try await rig(directory: directory.path, segments: 0, readers: readers)
        let feed = try TimelineFeed(rig.channel.timeline, tracks)
        for number in Self.number + 3..<Self.number + 6 { try feed.add(number) }
        let folder = "/news/clear/720p/\(try revision(rig, "clear"))"
        let path = try #require(ResourcePath(parsing: "\(folder)/\(Self.number).m4s"))
        guard case .later(let past) = rig.content.response(for: path, to: Asker(on: loop)) else {
            return #expect(Bool(false), "the past is not in memory")
        }
        let answered = Mutex<[UInt64]>([])
        past.whenComplete { _ in answered.withLock { $0.append(0) } }
        for number in 3..<6 as Range<UInt64> {
            #expect(try await rig.get("\(folder)/\(Self.number + number).m4s").status == .ok)
            answered.withLock { $0.append(number) }
        }
        gate.signal()
        #expect(try await past.get().status == .ok)
        #expect(answered.withLock { $0 } == [3, 4, 5, 0])
        try await readers.shutdownGracefully()
    }

    /// A small manifest waits for no thread; a large one would keep an event loop from everybody else.
    @Test func whatIsBriefIsMadeWhereItIsAskedFor() async throws {
        let (threads, gate) = busyPool()
        let rig = try await rig(threads: threads)
        for path in [
            "clear/index.m3u8", "clear/720p/playlist.m3u8", "ts/720p/playlist.m3u8", "cbcs/stereo/playlist.m3u8",
            "cenc/index.mpd",
        ] {
            #expect(try await rig.get("/news/\(path)").status == .ok)
            #expect(try await rig.get("/news/\(path)").status == .ok)
        }
        #expect(rig.cache.counters.misses == 5)
        #expect(rig.cache.counters.hits == 5)
        var profile = profile()
        profile.endpoints = [EndpointProfile(id: "long", package: .hls, windowSeconds: 600)]
        let large = try await self.rig(profile, segments: 140, threads: threads)
        let path = try #require(ResourcePath(parsing: "/news/long/720p/playlist.m3u8"))
        guard case .later(let long) = large.content.response(for: path, to: Asker(on: loop)) else {
            return #expect(Bool(false), "nobody has asked for it")
        }
        let isThere = Mutex(false)
        long.whenComplete { _ in isThere.withLock { $0 = true } }
        try await loop.submit {}.get()
        #expect(!isThere.withLock { $0 })
        gate.signal()
        #expect(try await long.get().status == .ok)
        try await threads.shutdownGracefully()
    }

    /// Of other times there is no end, and the live edge is neither behind them nor refused for their sake.
    @Test func whoAsksForOtherTimesStopsThoseAlone() async throws {
        let (others, gate) = busyPool()
        let rig = try await rig(others: others)
        let playlist = "/news/clear/720p/playlist.m3u8"
        let path = try #require(ResourcePath(parsing: "\(playlist)?window=2"))
        guard case .later(let other) = rig.content.response(for: path, to: Asker(on: loop)) else {
            return #expect(Bool(false), "nobody has asked for it")
        }
        #expect(try await rig.get("\(playlist)?window=4").status == .serviceUnavailable)
        let live = try await rig.text(playlist)
        #expect(live.contains("#EXTM3U"))
        gate.signal()
        #expect(try await other.get().status == .ok)
        try await others.shutdownGracefully()
    }

    @Test func everythingThatManifestsNameIsThere() async throws {
        let rig = try await rig()
        for (endpoint, names) in [("clear", ["720p", "stereo"]), ("ts", ["720p"]), ("cbcs", ["720p", "stereo"])] {
            let multivariant = try await rig.get("/news/\(endpoint)/index.m3u8")
            #expect(multivariant.status == .ok)
            #expect(multivariant.contentType == "application/vnd.apple.mpegurl")
            for name in names {
                let text = try await rig.text("/news/\(endpoint)/\(name)/playlist.m3u8")
                let uris = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
                #expect(uris.count == 3)
                let maps = text.matches(of: /EXT-X-MAP:URI="([^"]*)"/).map { String($0.1) }
                #expect(maps.isEmpty == (endpoint == "ts"))
                for uri in uris.map(String.init) + maps {
                    let response = try await rig.get("/news/\(endpoint)/\(name)/\(uri)")
                    #expect(response.status == .ok)
                    #expect(response.freshness == .immutable)
                    #expect(response.entityTag?.isEmpty == false)
                    #expect(response.body.readableBytes > 500)
                }
            }
        }
        let mpd = try await rig.get("/news/cenc/index.mpd")
        #expect(mpd.contentType == "application/dash+xml")
        #expect(mpd.gzipBody != nil)
        let revision = try revision(rig, "cenc")
        for name in ["720p/\(revision)/init-1-160000000.mp4", "720p/\(revision)/\(Self.number).m4s"] {
            #expect(try await rig.get("/news/cenc/\(name)").status == .ok)
        }
        #expect(rig.notes.failures.withLock { $0 } == [])
    }

    @Test func nothingElseIsThere() async throws {
        let rig = try await rig()
        let clear = try revision(rig, "clear")
        let cbcs = try revision(rig, "cbcs")
        let ts = try revision(rig, "ts")
        for uri in [
            "/sport/clear/index.m3u8", "/news/none/index.m3u8", "/news/clear/index.mpd", "/news/cenc/index.m3u8",
            "/news/clear/480p/playlist.m3u8", "/news/ts/stereo/playlist.m3u8", "/news/cenc/720p/playlist.m3u8",
            "/news/clear/720p/\(cbcs)/\(Self.number).m4s", "/news/cbcs/720p/\(clear)/\(Self.number).m4s",
            "/news/clear/720p/\(clear)/\(Self.number).ts", "/news/ts/720p/\(ts)/\(Self.number).m4s",
            "/news/clear/480p/\(clear)/\(Self.number).m4s", "/news/clear/720p/\(clear)/\(Self.number - 1).m4s",
            "/news/clear/720p/\(clear)/\(UInt64.max).m4s", "/news/clear/720p/\(clear)/init-2.mp4",
            "/news/clear/720p/\(clear)/init-1-160000000.mp4", "/news/cbcs/720p/\(cbcs)/init-1.mp4",
            "/news/cbcs/720p/\(cbcs)/init-1-7.mp4", "/news/ts/720p/\(ts)/init-1.mp4",
        ] {
            let response = try await rig.get(uri)
            #expect(response.status == .notFound, "\(uri)")
            #expect(response.freshness == .seconds(1))
        }
        #expect(rig.cache.counters.misses == 0, "no work is done for what is not there")
        let early = try await rig.get("/news/clear/720p/\(clear)/\(Self.number + 3).m4s")
        #expect(early.status == .notFound)
        #expect(early.retryAfter == 1)
    }

    @Test func aChannelWithoutMediaIsNotYetThere() async throws {
        let rig = try await rig(segments: 0)
        for uri in ["/news/clear/index.m3u8", "/news/clear/720p/playlist.m3u8", "/news/cenc/index.mpd"] {
            let response = try await rig.get(uri)
            #expect(response.status == .notFound)
            #expect(response.retryAfter == 1)
        }
        #expect(try await rig.get("/news/cenc/time").freshness == .noStore)
        #expect(try await rig.text("/news/cenc/time") == "2020-09-13T12:26:41.000Z")
    }

    /// Promise 1 of the contract: without a key every answer of a protected endpoint is an error.
    @Test func withoutKeysNothingOfAProtectedEndpointIsServed() async throws {
        let rig = try await rig(hasKeys: false)
        for endpoint in ["ts", "cbcs", "cenc"] {
            let revision = try revision(rig, endpoint)
            var uris = ["index.m3u8", "index.mpd", "720p/playlist.m3u8", "stereo/playlist.m3u8"]
            for track in ["720p", "stereo"] {
                for number in Self.number - 1..<Self.number + 6 {
                    uris += ["\(track)/\(revision)/\(number).m4s", "\(track)/\(revision)/\(number).ts"]
                }
                uris += ["init-1.mp4", "init-1-0.mp4", "init-1-160000000.mp4"].map { "\(track)/\(revision)/\($0)" }
            }
            for uri in uris {
                let response = try await rig.get("/news/\(endpoint)/\(uri)")
                #expect([.notFound, .serviceUnavailable].contains(response.status), "\(uri)")
                #expect(response.body.readableBytes < 100)
            }
            let manifest = endpoint == "cenc" ? "index.mpd" : "index.m3u8"
            let response = try await rig.get("/news/\(endpoint)/\(manifest)")
            #expect(response.status == .serviceUnavailable)
            #expect(response.freshness == .noStore)
            #expect(response.retryAfter == 2)
        }
        #expect(try await rig.get("/news/clear/index.m3u8").status == .ok, "the clear endpoint goes on")
    }

    @Test func protectedAnswersShowNothingClear() async throws {
        let rig = try await rig()
        let samples = tracks.flatMap { $0.samples(of: Self.number, Ticks(2, timescale: 1)) }
        func showsClear(_ response: CachedResponse) -> Bool {
            let bytes = Data(response.body.readableBytesView)
            return samples.contains { bytes.range(of: Data($0.data.suffix(12))) != nil }
        }
        let clear = try revision(rig, "clear")
        #expect(showsClear(try await rig.get("/news/clear/720p/\(clear)/\(Self.number).m4s")))
        let (ts, cenc) = (try revision(rig, "ts"), try revision(rig, "cenc"))
        for uri in [
            "ts/720p/\(ts)/\(Self.number).ts", "ts/stereo/\(ts)/\(Self.number).ts",
            "cenc/720p/\(cenc)/\(Self.number).m4s", "cenc/stereo/\(cenc)/\(Self.number).m4s",
        ] { #expect(!showsClear(try await rig.get("/news/\(uri)")), "\(uri)") }
    }

    @Test func manyRequestsMakeASegmentOnce() async throws {
        let rig = try await rig()
        let uri = "/news/cenc/720p/\(try revision(rig, "cenc"))/\(Self.number).m4s"
        let tags = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<50 { group.addTask { try await rig.get(uri).entityTag } }
            return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(tags.count == 1)
        #expect(rig.cache.counters.misses == 1)
        #expect(rig.cache.counters.hits + rig.cache.counters.waits == 49)
    }

    @Test func aManifestChangesWithTheWindowAndItsTagWithTheText() async throws {
        let rig = try await rig(segments: 0)
        let feed = try TimelineFeed(rig.channel.timeline, tracks)
        try feed.add(Self.number)
        let first = try await rig.get("/news/clear/720p/playlist.m3u8")
        let again = try await rig.get("/news/clear/720p/playlist.m3u8")
        try feed.add(Self.number + 1)
        let second = try await rig.get("/news/clear/720p/playlist.m3u8")
        #expect(first.entityTag == again.entityTag)
        #expect(first.entityTag != second.entityTag)
        #expect(String(buffer: second.body).contains("/\(Self.number + 1).m4s"))
    }

    @Test func anotherTimeIsAskedForByTheQuery() async throws {
        let rig = try await rig(segments: 10)
        let start = Int64(Self.number) * 2
        let shifted = try await rig.text("/news/clear/720p/playlist.m3u8?start=\(start + 4)&end=\(start + 10)")
        #expect(shifted.contains("#EXT-X-ENDLIST"))
        #expect(shifted.split(separator: "\n").filter { !$0.hasPrefix("#") }.count == 3)
        let bad = try await rig.get("/news/clear/index.m3u8?start=noon")
        #expect(bad.status == .badRequest)
        #expect(String(buffer: bad.body).contains("'start' is neither"))
        #expect(try await rig.get("/news/cenc/index.mpd?start=\(start + 3000)").status == .notFound)
        #expect(try await rig.get("/news/cenc/index.mpd?end=\(start - 3000)").status == .notFound)
        #expect(try await rig.get("/news/clear/index.m3u8?height=5000-&language=fr").status == .notFound)
        #expect(try await rig.get("/news/clear/720p/playlist.m3u8?height=5000-").status == .ok)
        // One text for all that ask for the same segments; media has no queries.
        let misses = rig.cache.counters.misses
        _ = try await rig.get("/news/clear/720p/playlist.m3u8?end=\(start + 9).5&start=\(start + 5)")
        #expect(rig.cache.counters.misses == misses)
        let revision = try revision(rig, "clear")
        #expect(try await rig.get("/news/clear/720p/\(revision)/\(Self.number).m4s?start=noon").status == .ok)
    }

    /// CTA-5006: what is known for sure, of each kind of object.
    @Test func objectsSayWhatTheyAre() async throws {
        let rig = try await rig()
        let (clear, ts, cenc) = (try revision(rig, "clear"), try revision(rig, "ts"), try revision(rig, "cenc"))
        let manifest = try await rig.get("/news/clear/720p/playlist.m3u8")
        #expect(manifest.cmsd == "ot=m,sf=h,st=l" && manifest.lastModified == nil)
        #expect(manifest.staleIfError == 4, "two target durations")
        #expect(try await rig.get("/news/cenc/index.mpd").cmsd == "ot=m,sf=d,st=l")
        #expect(try await rig.get("/news/clear/720p/\(clear)/init-1.mp4").cmsd == "ot=i,sf=h,st=l")
        for (uri, type, format) in [
            ("clear/720p/\(clear)/\(Self.number).m4s", "v", "h"),
            ("clear/stereo/\(clear)/\(Self.number).m4s", "a", "h"),
            ("ts/720p/\(ts)/\(Self.number).ts", "av", "h"), ("cenc/720p/\(cenc)/\(Self.number).m4s", "v", "d"),
        ] {
            let segment = try await rig.get("/news/\(uri)")
            let said = try #require(
                try #/br=(\d+),d=(\d+),ot=(a|v|av),sf=(h|d),st=l/#.wholeMatch(in: segment.cmsd ?? ""))
            let (rate, duration) = (try #require(Int(said.1)), try #require(Int(said.2)))
            #expect(said.3 == type && said.4 == format && abs(duration - 2000) < 30)
            #expect(rate == (segment.body.readableBytes * 8 + duration - 1) / duration && segment.staleIfError == nil)
            let modified = try #require(segment.lastModified)
            #expect(abs(modified.epochSeconds - 1_600_000_002) <= 1, "when it was there")
        }
        #expect(try await rig.get("/news/clear/720p/\(clear)/\(Self.number + 9).m4s").cmsd == nil)
    }

    @Test func whatIsNotThereYetOrAnyMoreIsAnsweredByProfile() async throws {
        var profile = profile()
        profile.endpoints[0].tooEarlyStatus = .tooEarly
        profile.endpoints[0].expiredStatus = .gone
        let rig = try await rig(profile)
        let (clear, ts) = (try revision(rig, "clear"), try revision(rig, "ts"))
        let early = try await rig.get("/news/clear/720p/\(clear)/\(Self.number + 3).m4s")
        #expect(early.status.code == 425 && early.retryAfter == 1 && early.freshness == .seconds(1))
        let gone = try await rig.get("/news/clear/720p/\(clear)/\(Self.number - 1).m4s")
        #expect(gone.status == .gone && gone.freshness == .seconds(60))
        #expect(try await rig.get("/news/clear/480p/\(clear)/\(Self.number - 1).m4s").status == .notFound)
        #expect(try await rig.get("/news/clear/720p/\(clear)/\(Self.number + 9).m4s").status == .notFound)
        #expect(try await rig.get("/news/clear/index.m3u8?end=1000").status == .gone)
        #expect(try await rig.get("/news/ts/720p/\(ts)/\(Self.number - 1).ts").status == .notFound)
    }

    /// A file that a crash or a full disk has spoilt is not served as the segment.
    @Test(arguments: ["", "short"]) func aSpoiltFileIsNotServed(_ text: String) async throws {
        let directory = try TemporaryDirectory()
        _ = try await rig(directory: directory.path)
        // Opened anew, so that memory is empty.
        let rig = try await rig(directory: directory.path, segments: 0)
        #expect(rig.channel.timeline.snapshot.segments.count == 3)
        for track in ["720p", "stereo"] { try directory.write(text, to: "\(track)/\(Self.number).m4s") }
        let uri = "/news/clear/720p/\(try revision(rig, "clear"))/"
        #expect(try await rig.get(uri + "\(Self.number).m4s").status == .notFound)
        #expect(try await rig.get("/news/ts/720p/\(try revision(rig, "ts"))/\(Self.number).ts").status == .notFound)
        #expect(try await rig.get(uri + "\(Self.number + 1).m4s").status == .ok)
        #expect(rig.notes.failures.withLock { $0.count } == 2)
    }
}
