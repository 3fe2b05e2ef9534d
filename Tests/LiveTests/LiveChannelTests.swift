import Files
import Keys
import Media
import Packager
import Settings
import Synchronization
import TestSupport
import Testing
import Timeline

@testable import Live

@Suite(.timeLimit(.minutes(5))) struct LiveChannelTests {
    private let tracks: [SyntheticTrack]

    init() throws { tracks = [try .video(), try .audio()] }

    /// Waits until an endpoint's state is as wanted; `LiveChannel` changes it on the schedule's tasks.
    private func wait(
        _ channel: LiveChannel, _ endpoint: String, _ isAsWanted: (LiveChannel.EndpointState) -> Bool
    ) async -> Bool {
        // Every yield lets the schedule's task run; the time limit of the suite ends what never comes.
        while !Task.isCancelled {
            if let state = channel.state(of: endpoint), isAsWanted(state) { return true }
            await Task.yield()
        }
        return false
    }

    @Test func aClearEndpointShowsASegmentAtOnce() throws {
        let channel = try Studio().channel(Studio.profile([.clear]))
        let empty = try #require(channel.state(of: "clear"))
        #expect(empty.window.segments.isEmpty)
        let feed = try TimelineFeed(channel.timeline, tracks)
        try feed.add(Studio.number)
        let state = try #require(channel.state(of: "clear"))
        #expect(state.window.segments.map(\.number) == [Studio.number])
        #expect(state.version > empty.version)
        #expect(!state.isWithheld)
        // 3 Mb/s and segments of 2 s, into which a buffer of one second may empty.
        #expect(state.window.nominalBitrates == ["720p": 4_500_000, "stereo": 128_000])
        #expect(channel.schedules.isEmpty)
        #expect(channel.state(of: "none") == nil)
    }

    @Test func aProtectedEndpointShowsNothingWithoutItsKey() async throws {
        let studio = Studio()
        let channel = try studio.channel(Studio.profile([.clear, .sealed]))
        let feed = try TimelineFeed(channel.timeline, tracks)
        try feed.add(Studio.number)
        #expect(channel.state(of: "clear")?.window.segments.count == 1)
        let state = try #require(channel.state(of: "sealed"))
        #expect(state.isWithheld)
        #expect(state.window.segments.isEmpty)
        studio.allow(Studio.period)
        studio.clock.advance(milliseconds: 2000)
        #expect(await wait(channel, "sealed") { !$0.isWithheld })
        let shown = try #require(channel.state(of: "sealed"))
        #expect(shown.window.segments.map { $0.keys?.index } == [Studio.period])
        #expect(shown.version > state.version)
    }

    @Test func everyListedSegmentOfAProtectedEndpointHasAKey() async throws {
        let studio = Studio(available: [Studio.period])
        let channel = try studio.channel(Studio.profile([.sealed]))
        _ = await channel.schedules[0].keys(for: Studio.keyPeriod, until: .max)
        let feed = try TimelineFeed(channel.timeline, tracks)
        for number in Studio.number..<Studio.number + 30 {
            try feed.add(number)
            let window = try #require(channel.state(of: "sealed")?.window)
            #expect(window.segments.allSatisfy { $0.keys != nil })
        }
        #expect(channel.state(of: "sealed")?.isWithheld == true)
    }

    /// Segments of 2 s, which players look for every 2 s: keys are said 3 s before their first segment.
    @Test func theNextKeyIsAnnouncedBeforeItsFirstSegment() async throws {
        let studio = Studio(available: [Studio.period, Studio.period + 1])
        let channel = try studio.channel(Studio.profile([.sealed, .clear]))
        for period in Studio.period...Studio.period + 1 {
            _ = await channel.schedules[0].keys(for: KeyPeriod(period), until: .max)
        }
        let feed = try TimelineFeed(channel.timeline, tracks)
        func window() throws -> EndpointWindow { try #require(channel.state(of: "sealed")?.window) }
        for number in Studio.number..<Studio.number + 4 {
            studio.clock.advance(milliseconds: 2000)
            try feed.add(number)
            try #expect(window().next == nil)
        }
        let listedAt = studio.clock.now
        let alarm = try #require(studio.alarms.withLock { $0.last })
        #expect(alarm.time == listedAt + 1000)
        // A clock that is brought back runs more slowly than the one that rings: it does so again.
        studio.clock.advance(milliseconds: 970)
        alarm.action()
        try #expect(window().next == nil)
        let again = try #require(studio.alarms.withLock { $0.last })
        #expect(again.time == alarm.time && studio.alarms.withLock { $0.count } == 2)
        studio.clock.advance(milliseconds: 30)
        again.action()
        let announced = try #require(try window().next)
        #expect(announced.keys.period == KeyPeriod(Studio.period + 1))
        #expect(announced.firstNumber == Studio.number + 5)
        #expect(try window().publishedAtMilliseconds == listedAt + 1000)
        #expect(try window().changedAtMilliseconds == listedAt)
        // A segment that comes a little late does not take it back.
        studio.clock.advance(milliseconds: 1500)
        try feed.add(Studio.number + 4)
        #expect(try window().next?.announcedAtMilliseconds == listedAt + 1000)
        #expect(channel.state(of: "clear")?.window.next == nil)
        try feed.add(Studio.number + 5)
        #expect(try window().segments.last?.keys?.period == KeyPeriod(Studio.period + 1))
        #expect(try window().next == nil)
    }

    /// The keys of an emergency rotation are for the next segment: they are said as soon as they are there.
    @Test func anEmergencyRotationIsAnnouncedAtOnce() async throws {
        let studio = Studio(available: [Studio.period, Studio.period + 1])
        let channel = try studio.channel(Studio.profile([.sealed]))
        let schedule = channel.schedules[0]
        _ = await schedule.keys(for: Studio.keyPeriod, until: .max)
        let feed = try TimelineFeed(channel.timeline, tracks)
        try feed.add(Studio.number)
        #expect(channel.state(of: "sealed")?.window.next == nil)
        try channel.rotateKeys()
        let replaced = KeyPeriod(Studio.period, edition: 1)
        _ = await schedule.keys(for: replaced, until: .max)
        channel.refresh()
        let next = try #require(channel.state(of: "sealed")?.window.next)
        #expect(next.keys.period == replaced)
        #expect(next.firstNumber == Studio.number + 1)
    }

    /// Another address of the provider, or another endpoint: the keys that were given up stay so, and also when the
    /// profile becomes again what it was.
    @Test func anEmergencyRotationHoldsWhateverTheProfileBecomes() async throws {
        let directory = try TemporaryDirectory()
        let studio = Studio(available: [Studio.period])
        func add(_ number: UInt64, to channel: LiveChannel) throws {
            let feed = try TimelineFeed(channel.timeline, tracks)
            try feed.add(Studio.number + number)
            feed.end()
        }
        /// Before anything is added: else what is added is within the grace of the keys before.
        func fetch(_ channel: LiveChannel, through edition: UInt32) async throws {
            for schedule in channel.schedules {
                try #require(schedule.status.currentPeriod == KeyPeriod(Studio.period, edition: edition))
                for edition in 0...edition {
                    _ = await schedule.keys(for: KeyPeriod(Studio.period, edition: edition), until: .max)
                }
            }
            channel.refresh()
        }
        func editions(_ endpoint: String, _ channel: LiveChannel) throws -> [UInt32?] {
            try #require(channel.state(of: endpoint)).window.segments.map { $0.keys?.period.edition }
        }
        let before = Studio.profile([.sealed])
        let first = try studio.channel(before, directory: directory.path)
        try await fetch(first, through: 0)
        try add(0, to: first)
        try first.rotateKeys()
        try await fetch(first, through: 1)
        try add(1, to: first)
        #expect(try editions("sealed", first) == [0, 1])
        first.retire()
        var after = before
        after.speke["main"]?.url = "http://keys.example/c"
        var led = EndpointProfile.sealed
        led.id = "led"
        led.encryption?.clearLeadSeconds = 4
        after.endpoints.append(led)
        let second = try studio.channel(after, directory: directory.path)
        try await fetch(second, through: 1)
        try add(2, to: second)
        #expect(try editions("sealed", second) == [1, 1, 1], "all of it at other addresses")
        let lead = KeyPeriod.clearLead.edition
        #expect(try editions("led", second) == [lead, lead, 1])
        // One that cannot be read is said, after all others are written.
        try PlainFile.makeDirectory("\(directory.path)/bindings-0.json")
        #expect(throws: FileError.self) { try second.rotateKeys() }
        try directory.remove("bindings-0.json")
        try await fetch(second, through: 2)
        try add(3, to: second)
        #expect(try editions("sealed", second) == [1, 1, 1, 2])
        second.retire()
        let third = try studio.channel(before, directory: directory.path)
        try await fetch(third, through: 2)
        #expect(try editions("sealed", third) == [0, 1, 1, 2])
    }

    /// Nobody knows what the lost file said: what begins now begins as that did, and at addresses of its own.
    @Test func whatBeginsBesideDamagedBindingsIsAtOtherAddresses() throws {
        let studio = Studio()
        func open(damaged: Bool) throws -> LiveChannel {
            let directory = try TemporaryDirectory()
            if damaged { try directory.write("{", to: "bindings-0123456789ab.json") }
            return try studio.channel(Studio.profile([.sealed]), directory: directory.path)
        }
        let (sound, damaged) = try (open(damaged: false), open(damaged: true))
        #expect(sound.schedules[0].status.currentPeriod.edition == 0)
        #expect(damaged.schedules[0].status.currentPeriod.edition == 1_600_000_001 / 60)
        #expect(sound.state(of: "sealed")?.window.revision != damaged.state(of: "sealed")?.window.revision)
    }

    /// 4 s of segments of 2 s. What follows is protected, and what was clear stays so over a restart.
    @Test func aClearLeadIsTheBeginningOfAnEventAndNothingElse() async throws {
        let directory = try TemporaryDirectory()
        let studio = Studio(available: [Studio.period])
        var led = EndpointProfile.sealed
        led.id = "led"
        led.encryption?.clearLeadSeconds = 4
        let profile = Studio.profile([led, .sealed])
        let channel = try studio.channel(profile, directory: directory.path)
        #expect(channel.schedules.count == 2, "a lead is not shared")
        for schedule in channel.schedules { _ = await schedule.keys(for: Studio.keyPeriod, until: .max) }
        let feed = try TimelineFeed(channel.timeline, tracks)
        try feed.add(Studio.number)
        let first = try #require(channel.state(of: "led")?.window)
        #expect(first.segments.map { $0.keys?.period } == [.clearLead])
        #expect(first.next?.firstNumber == Studio.number + 2)
        #expect(first.next?.keys.period == Studio.keyPeriod)
        for number in Studio.number + 1..<Studio.number + 4 { try feed.add(number) }
        feed.end()
        // Somebody publishes again: the same event, and no lead.
        let second = try TimelineFeed(channel.timeline, tracks)
        try second.add(Studio.number + 4)
        let periods = [.clearLead, .clearLead, Studio.keyPeriod, Studio.keyPeriod, Studio.keyPeriod]
        #expect(channel.state(of: "led")?.window.segments.map { $0.keys?.period } == periods)
        #expect(
            channel.state(of: "sealed")?.window.segments.map { $0.keys?.period }
                == Array(repeating: Studio.keyPeriod, count: 5))
        let restarted = try studio.channel(profile, directory: directory.path)
        for schedule in restarted.schedules { _ = await schedule.keys(for: Studio.keyPeriod, until: .max) }
        restarted.refresh()
        #expect(restarted.state(of: "led")?.window.segments.map { $0.keys?.period } == periods)
    }

    @Test func aProviderThatIsNotThereKeepsTheChannelClosed() {
        var endpoint = EndpointProfile.sealed
        endpoint.encryption?.speke = "nobody"
        #expect(throws: UnknownKeyProvider.self) { _ = try Studio().channel(Studio.profile([.clear, endpoint])) }
    }

    @Test func endpointsShareKeysWhereTheyAgreeOnly() throws {
        func endpoint(_ id: String, _ encryption: EndpointEncryption) -> EndpointProfile {
            EndpointProfile(id: id, package: .hls, encryption: encryption)
        }
        var slower = Studio.encryption()
        slower.keyRotationIntervalSeconds = 300
        let channel = try Studio().channel(
            Studio.profile([
                endpoint("a", Studio.encryption()), endpoint("b", Studio.encryption()),
                endpoint("c", Studio.encryption(.commonEncryption(.cenc))), endpoint("d", slower),
                endpoint("e", Studio.encryption(speke: "other")), .clear,
            ]))
        #expect(channel.schedules.count == 4)
        let revisions = ["a", "b", "c", "d", "e", "clear"].compactMap { channel.state(of: $0)?.window.revision }
        #expect(revisions[0] == revisions[1])
        #expect(Set(revisions).count == 5)
    }

    /// A URL names the same bytes for ever: what changes them is in it.
    @Test func whatChangesBytesChangesTheRevision() throws {
        func revision(_ endpoint: EndpointProfile, _ change: (inout ChannelProfile) -> Void = { _ in }) throws
            -> String?
        {
            var profile = Studio.profile([endpoint])
            change(&profile)
            return try Studio().channel(profile).state(of: endpoint.id)?.window.revision
        }
        var muxed = EndpointProfile.sealed
        muxed.useAudioRenditionGroup = false
        var apart = muxed
        apart.useAudioRenditionGroup = true
        var longer = apart
        longer.windowSeconds = 40
        var manifest = apart
        manifest.container = .cmaf
        manifest.encryption = Studio.encryption(.commonEncryption(.cbcs))
        var both = manifest
        both.encryption?.rotationSignalling = .both
        let revisions = try [
            revision(manifest), revision(both), revision(muxed), revision(apart),
            revision(apart) { $0.ladder.segmentDurationSeconds = 6 },
            revision(apart) { $0.speke["main"]?.url = "http://keys.example/c" },
            revision(apart) { $0.speke["main"]?.resourceID = "sport" },
        ]
        #expect(Set(revisions).count == revisions.count)
        #expect(try revision(longer) == revisions[3])
    }

    /// What a manifest has listed can be fetched for one more window, however short the storage window is.
    @Test func whatLeftTheManifestStaysForOneMoreWindow() throws {
        let channel = try Studio().channel(Studio.profile([.clear], storageSeconds: 20))
        let feed = try TimelineFeed(channel.timeline, tracks)
        for number in Studio.number..<Studio.number + 25 { try feed.add(number) }
        let window = try #require(channel.state(of: "clear")?.window)
        #expect(window.listed.map(\.number) == Array(Studio.number + 15..<Studio.number + 25))
        for number in Studio.number + 5..<Studio.number + 15 {
            #expect(window.segment(number) != nil)
            #expect(channel.timeline.bytes(segment: number, track: "720p") != nil)
        }
    }

    @Test func anEndedChannelSaysSoUntilSomebodyPublishes() throws {
        let channel = try Studio().channel(Studio.profile([.clear]))
        let feed = try TimelineFeed(channel.timeline, tracks)
        try feed.add(Studio.number)
        #expect(channel.state(of: "clear")?.window.isEnded == false)
        channel.setEnded(true)
        #expect(channel.state(of: "clear")?.window.isEnded == true)
        channel.setEnded(false)
        #expect(channel.state(of: "clear")?.window.isEnded == false)
    }

    @Test func aChannelIsTheSameAfterARestart() throws {
        let directory = try TemporaryDirectory()
        let first = try Studio().channel(Studio.profile([.clear]), directory: directory.path)
        for numbers in [0..<3, 5..<7] as [Range<UInt64>] {
            let feed = try TimelineFeed(first.timeline, tracks)
            for number in numbers { try feed.add(Studio.number + number) }
            feed.end()
        }
        let before = try #require(first.state(of: "clear"))
        let second = try Studio().channel(Studio.profile([.clear]), directory: directory.path)
        let after = try #require(second.state(of: "clear"))
        #expect(after.window.segments.map(\.run) == before.window.segments.map(\.run))
        #expect(after.window.revision == before.window.revision)
        #expect(after.version > before.version, "manifests are cached by it")
        try #expect(PlaylistPackager.media("720p", after.window) == PlaylistPackager.media("720p", before.window))
    }
}
