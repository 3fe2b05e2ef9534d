import DASH
import Live
import Media
import NIOCore
import NIOHTTP1
import NIOPosix
import Packager
import Settings
import TestSupport
import Testing
import Timeline

@testable import Origin

/// Segments that are sent while they are made, as DASH players of low latency ask for them.
@Suite(.timeLimit(.minutes(5))) struct SegmentUnderWayTests {
    private static let number: UInt64 = 800_000_000
    private let loop = MultiThreadedEventLoopGroup.singleton.next()
    private let clock: ManualClock
    private let directory: ChannelDirectory
    private let channel: LiveChannel
    private let content: LiveContent
    private let cache = ResponseCache(maximumBytes: 64 << 20)
    private let feed: TimelineFeed
    private let keys: Task<Void, Never>

    init() async throws {
        let encryption = EndpointEncryption(
            method: .commonEncryption(.cenc), keyRotationIntervalSeconds: 30, speke: "main", systems: [.clearKey])
        let news = try await NewsChannel([
            EndpointProfile(
                id: "ll", package: .dash, windowSeconds: 60, lowLatency: true, suggestedPresentationDelaySeconds: nil,
                segmentTemplate: .number, inbandProducerReferenceTime: true, encryption: encryption),
            EndpointProfile(
                id: "plain", package: .dash, windowSeconds: 60, segmentTemplate: .number, encryption: encryption),
        ])
        (channel, feed, keys) = (news.channel, news.feed, news.keys)
        (clock, directory) = (news.clock, news.directory)
        content = LiveContent(
            channels: news.directory, cache: cache, threads: .singleton, others: .singleton, readers: .singleton,
            clock: { news.clock.now },
            logFailure: { _, _ in }, longestWait: { _ in .hours(1) })
    }

    private func request(_ uri: String) -> EventLoopFuture<CachedResponse> {
        guard let path = ResourcePath(parsing: uri) else { return loop.makeSucceededFuture(.notFound) }
        return loop.flatSubmit {
            switch content.response(for: path, to: Asker(on: loop)) {
            case .ready(let response): loop.makeSucceededFuture(response)
            case .later(let future): future
            }
        }
    }

    private func uri(_ number: UInt64, track: String = "720p", endpoint: String = "ll") throws -> String {
        let revision = try #require(channel.state(of: endpoint)?.window.revision)
        return "/news/\(endpoint)/\(track)/\(revision)/\(number).m4s"
    }

    private func mpd() async throws -> MPD {
        try MPD(parsing: Array(try await request("/news/ll/index.mpd").get().body.readableBytesView))
    }

    /// One of four parts of a segment, of both tracks.
    private func append(_ part: Int, of number: UInt64, to feed: TimelineFeed? = nil) throws {
        let feed = feed ?? self.feed
        for (index, track) in feed.tracks.enumerated() {
            let chunks = track.chunks(of: number, Ticks(2, timescale: 1), parts: 4)
            try feed.timeline.append(
                track: index, segment: number, endsSegment: part == 3, bytes: chunks[part],
                publication: feed.publication)
        }
    }

    private func segments(_ count: UInt64) throws {
        for number in Self.number..<Self.number + count { try feed.add(number, parts: 4) }
    }

    private func piece(_ index: Int, of response: CachedResponse) async throws -> [UInt8]? {
        let stream = try #require(response.rest)
        switch try await loop.flatSubmit({ stream.next(index, Asker(on: loop)) }).get() {
        case .bytes(let buffer): return Array(buffer.readableBytesView)
        case .end: return []
        case .broken: return nil
        }
    }

    @Test func aSegmentIsSentAsItIsMade() async throws {
        try segments(3)
        let next = Self.number + 3
        // Before its first part; and one segment further, which whose clock is ahead asks for.
        let early = request(try uri(next))
        let earlier = request(try uri(next + 1))
        try append(0, of: next)
        let response = try await early.get()
        #expect(response.status == .ok)
        #expect(response.contentType == "video/mp4")
        #expect(response.freshness == .immutable)
        var sent = try #require(try await piece(0, of: response))
        let others = try await (0..<20).asyncMap { _ in try await request(uri(next)).get() }
        let misses = cache.counters.misses
        for part in 1...3 {
            let stream = try #require(response.rest)
            let waiting = (others + [response]).map { other in
                loop.flatSubmit { (other.rest ?? stream).next(part, Asker(on: loop)) }
            }
            try append(part, of: next)
            for (index, future) in waiting.enumerated() {
                guard case .bytes(let buffer) = try await future.get() else {
                    Issue.record("broken at part \(part)")
                    return
                }
                if index == 0 { sent += Array(buffer.readableBytesView) }
            }
        }
        #expect(cache.counters.misses == misses + 3, "each part is made once for all")
        #expect(try await piece(4, of: response) == [], "the end")
        let whole = try await request(try uri(next)).get()
        #expect(whole.rest == nil)
        #expect(whole.entityTag == response.entityTag)
        #expect(Array(whole.body.readableBytesView) == sent)
        // A prft, a moof and an mdat for each part.
        #expect(sent.dropFirst(4).starts(with: Array("prft".utf8)))
        try append(0, of: next + 1)
        #expect(try await earlier.get().rest != nil)
    }

    @Test func whatIsTooFarAheadIsNotThere() async throws {
        try segments(3)
        for number in [Self.number + 5, Self.number + 600, .max] {
            #expect(try await request(try uri(number)).get().status == .notFound)
        }
        let plain = try await request(try uri(Self.number + 3, endpoint: "plain")).get()
        #expect(plain.status == .notFound, "nothing is sent there that is not whole")
        #expect(try await request("/news/ll/720p/0123456789ab/\(Self.number + 3).m4s").get().status == .notFound)
        #expect(try await request(try uri(Self.number + 3, track: "1080p")).get().status == .notFound)
    }

    @Test func anEncoderThatDiesLeavesAShortSegmentThatEnds() async throws {
        try segments(3)
        let next = Self.number + 3
        try append(0, of: next)
        let response = try await request(try uri(next)).get()
        let first = try #require(try await piece(0, of: response))
        let stream = try #require(response.rest)
        let waiting = loop.flatSubmit { stream.next(1, Asker(on: loop)) }
        feed.end()
        guard case .end = try await waiting.get() else {
            Issue.record("it goes on")
            return
        }
        #expect(Array(try await request(try uri(next)).get().body.readableBytesView) == first)
    }

    @Test(arguments: [true, false]) func whatCannotGoOnIsBrokenOff(_ isGone: Bool) async throws {
        try segments(3)
        try append(0, of: Self.number + 3)
        let response = try await request(try uri(Self.number + 3)).get()
        let stream = try #require(response.rest)
        let waiting = loop.flatSubmit { stream.next(1, Asker(on: loop)) }
        if isGone { #expect(directory.remove(named: "news") != nil) }
        channel.retire()
        switch try await waiting.get() {
        case .bytes: Issue.record("it goes on")
        case .end: #expect(!isGone, "what a channel that leaves has under way is listed, as a short segment")
        case .broken: #expect(isGone)
        }
    }

    @Test func whoMustKnowTheLengthWaitsForTheWhole() async throws {
        try segments(3)
        let next = Self.number + 3
        try append(0, of: next)
        let stream = try #require(try await request(try uri(next)).get().rest)
        let whole = loop.flatSubmit { stream.whole(Asker(on: loop)) }
        for part in 1...3 { try append(part, of: next) }
        let response = try await whole.get()
        #expect(response.rest == nil)
        #expect(response.body == (try await request(try uri(next)).get().body))
    }

    /// Players that knew of the next Period before would take the last segment to be complete with its first part.
    @Test func thePeriodOfTheNextKeyComesWithItsFirstPart() async throws {
        try segments(9)
        clock.advance(milliseconds: 18_000)
        channel.refresh()
        try append(0, of: Self.number + 9)
        let before = try await mpd()
        #expect(before.periods.map(\.id) == ["p800000000"])
        #expect(before.periods.last?.duration?.milliseconds == 20_000, "they know when it ends")
        #expect(before.minimumUpdatePeriod?.milliseconds == 500, "and look often")
        for part in 1...3 { try append(part, of: Self.number + 9) }
        #expect(try await mpd().periods.count == 1)
        try append(0, of: Self.number + 10)
        let after = try await mpd()
        #expect(after.periods.map(\.id) == ["p800000000", "p800000010"])
        #expect(after.publishTime != before.publishTime)
        #expect(after.periods[1].start?.milliseconds == 1_600_000_020_000)
        #expect(
            after.periods[1].adaptationSets[0].contentProtections
                != before.periods[0].adaptationSets[0].contentProtections)
        clock.advance(milliseconds: 1000)
        channel.refresh()
        let plain = try MPD(parsing: Array(try await request("/news/plain/index.mpd").get().body.readableBytesView))
        #expect(plain.periods.map(\.id) == ["p800000000", "p800000010"], "announced there")
    }

    @Test func theManifestSaysWhatPlayersNeed() async throws {
        try segments(3)
        let mpd = try await mpd()
        #expect(mpd.availabilityStartTime?.milliseconds == 0)
        #expect(mpd.suggestedPresentationDelay?.milliseconds == 2048)
        let latency = try #require(mpd.serviceDescription?.latency)
        #expect(latency == .init(target: 2048, referenceID: 1, minimum: 1024, maximum: 6096))
        #expect(mpd.serviceDescription?.playbackRate == .init(minimum: 960, maximum: 1040))
        for set in mpd.periods[0].adaptationSets {
            let template = try #require(set.segmentTemplate)
            #expect(template.availabilityTimeOffset?.milliseconds == 1488)
            #expect(!template.availabilityTimeComplete)
            let reference = try #require(set.producerReferenceTime)
            #expect(reference.id == set.id && reference.isInband)
            #expect(reference.wallClockTime.milliseconds == 1_600_000_000_000)
            #expect(reference.presentationTime == template.presentationTimeOffset)
            #expect(reference.utcTiming == .httpXSDate("time"))
        }
        // Of another time nothing is under way.
        let shifted = try await request("/news/ll/index.mpd?timedelay=2").get()
        let text = String(buffer: shifted.body)
        #expect(shifted.status == .ok && !text.contains("availabilityTimeComplete") && !text.contains("Latency"))
    }
}

extension Range<Int> {
    fileprivate func asyncMap<Result>(_ body: (Int) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for index in self { results.append(try await body(index)) }
        return results
    }
}
