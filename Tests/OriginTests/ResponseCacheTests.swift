import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import Origin

@Suite(.timeLimit(.minutes(5))) struct ResponseCacheTests {
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    private func response(_ size: Int, gzip: Int? = nil) -> CachedResponse {
        CachedResponse(
            status: .ok, contentType: "a/b", body: ByteBuffer(repeating: 1, count: size),
            gzipBody: gzip.map { ByteBuffer(repeating: 2, count: $0) }, freshness: .immutable)
    }

    /// What a look-up leads to: a hit, somebody else's making, or ours.
    private func kind(_ lookup: ResponseCache.Lookup) -> String {
        switch lookup {
        case .hit: "hit"
        case .wait: "wait"
        case .make: "make"
        case .overloaded: "overloaded"
        }
    }

    @Test func manyWaitForOneMaking() async throws {
        let cache = ResponseCache(maximumBytes: 1 << 20)
        var futures: [EventLoopFuture<CachedResponse>] = []
        var makers = 0
        for _ in 0..<1000 {
            switch cache.lookUp("/a", on: MultiThreadedEventLoopGroup.singleton.next()) {
            case .hit, .overloaded: Issue.record("nothing was made yet")
            case .wait(let future): futures.append(future)
            case .make(let future, _):
                makers += 1
                futures.append(future)
            }
        }
        #expect(makers == 1)
        cache.complete("/a", response(7), isKept: true)
        for future in futures { #expect(try await future.get().body.readableBytes == 7) }
        #expect(kind(cache.lookUp("/a", on: loop)) == "hit")
        let counters = cache.counters
        #expect([counters.hits, counters.misses, counters.waits] == [1, 1, 999])
        #expect(counters.entries == 1)
    }

    @Test func whatIsNotKeptIsMadeAgain() async throws {
        let cache = ResponseCache(maximumBytes: 1 << 20)
        guard case .make(let future, _) = cache.lookUp("/a", on: loop) else {
            Issue.record("not to be made")
            return
        }
        #expect(kind(cache.lookUp("/a", on: loop)) == "wait")
        cache.complete("/a", .notFound, isKept: false)
        #expect(try await future.get().status == .notFound)
        #expect(kind(cache.lookUp("/a", on: loop)) == "make")
        #expect(cache.counters.bytes == 0)
        cache.complete("/a", response(1), isKept: true)
        #expect(kind(cache.lookUp("/a", on: loop)) == "hit")
        // A second completion, of nobody's making, changes nothing.
        let bytes = cache.counters.bytes
        cache.complete("/a", response(1), isKept: true)
        #expect(cache.counters.bytes == bytes)
    }

    @Test func bytesAreBoundedAndTheLeastUsedLeave() {
        let cache = ResponseCache(maximumBytes: 100_000)
        for index in 0..<500 {
            #expect(kind(cache.lookUp("/\(index)", on: loop)) == "make")
            cache.complete("/\(index)", response(8000), isKept: true)
            // One that is always asked for stays.
            #expect(kind(cache.lookUp("/0", on: loop)) == "hit")
            #expect(cache.counters.bytes <= 100_000)
        }
        #expect(cache.counters.entries > 5)
        #expect(cache.counters.evictions > 400)
        #expect(kind(cache.lookUp("/499", on: loop)) == "hit")
        #expect(kind(cache.lookUp("/1", on: loop)) == "make")
        cache.complete("/1", .notFound, isKept: false)
    }

    @Test func compressedBodiesCount() {
        let cache = ResponseCache(maximumBytes: 100_000)
        for index in 0..<100 {
            _ = cache.lookUp("/\(index)", on: loop)
            cache.complete("/\(index)", response(100, gzip: 5000), isKept: true)
        }
        #expect(cache.counters.entries <= 20)
        #expect(cache.counters.bytes >= cache.counters.entries * 5100)
    }

    @Test func oneHugeAnswerDoesNotEmptyTheCache() async throws {
        let cache = ResponseCache(maximumBytes: 100_000)
        _ = cache.lookUp("/small", on: loop)
        cache.complete("/small", response(10), isKept: true)
        guard case .make(let future, _) = cache.lookUp("/huge", on: loop) else {
            Issue.record("not to be made")
            return
        }
        cache.complete("/huge", response(90_000), isKept: true)
        #expect(try await future.get().body.readableBytes == 90_000)
        #expect(kind(cache.lookUp("/small", on: loop)) == "hit")
        #expect(kind(cache.lookUp("/huge", on: loop)) == "make")
        cache.complete("/huge", .notFound, isKept: false)
    }

    /// A window that goes on lets go of what it no longer lists, however lately that was asked for.
    @Test func whatLeftItsWindowLeavesFirst() {
        let cache = ResponseCache(maximumBytes: 100_000)
        func add(_ name: String, _ segment: UInt64, firstListed: UInt64, window: String = "/a/hls") {
            _ = cache.lookUp(name, on: loop)
            cache.complete(
                name, response(8000), isKept: true,
                of: .init(window: window, segment: segment, firstListed: firstListed))
        }
        // Nine fit, with what they take in memory.
        for segment in 0..<9 { add("/a/\(segment)", UInt64(segment), firstListed: 0) }
        _ = cache.lookUp("/a/0", on: loop)
        _ = cache.lookUp("/a/1", on: loop)
        let before = cache.counters.entries
        add("/b/5", 5, firstListed: 5, window: "/b/hls")
        add("/a/9", 9, firstListed: 2)
        while cache.counters.evictions < 2 { add("/b/\(cache.counters.misses)", 100, firstListed: 5, window: "/b/hls") }
        #expect(before == 9)
        #expect(kind(cache.lookUp("/a/2", on: loop)) == "hit", "not asked for since, but listed")
        #expect(kind(cache.lookUp("/b/5", on: loop)) == "hit")
        #expect(kind(cache.lookUp("/a/0", on: loop)) == "make")
        #expect(kind(cache.lookUp("/a/1", on: loop)) == "make")
        cache.complete("/a/0", .notFound, isKept: false)
        cache.complete("/a/1", .notFound, isKept: false)
    }

    /// What leaves may take long to be given up, and event loops wait for the lock.
    @Test func nothingIsLetGoUnderTheLock() {
        final class Holder: Sendable {
            let cache: ResponseCache
            let gone: NIOLockedValueBox<Int>

            init(_ cache: ResponseCache, _ gone: NIOLockedValueBox<Int>) { (self.cache, self.gone) = (cache, gone) }

            deinit {
                // The lock is not to be had twice.
                _ = cache.counters
                gone.withLockedValue { $0 += 1 }
            }
        }
        let (cache, gone) = (ResponseCache(maximumBytes: 36 << 10), NIOLockedValueBox(0))
        for name in ["/a", "/a", "/b", "/c", "/d", "/e", "/f"] {
            var response = response(8000)
            response.rest = ResponseStream { [loop, holder = Holder(cache, gone)] _, _ in
                withExtendedLifetime(holder) { loop.makeSucceededFuture(.end) }
            } whole: { [loop] _ in
                loop.makeSucceededFuture(.notFound)
            }
            cache.complete(name, response, isKept: true)
        }
        #expect(cache.counters.evictions > 0)
        #expect(gone.withLockedValue { $0 } == Int(cache.counters.evictions) + 1)
    }

    @Test func whatFailedIsNotTriedAgainForASecond() async throws {
        let time = Mutex(NIODeadline.uptimeNanoseconds(1))
        let cache = ResponseCache(maximumBytes: 1 << 20) { time.withLock { $0 } }
        guard case .make(let future, _) = cache.lookUp("/a", on: loop) else {
            Issue.record("not to be made")
            return
        }
        cache.complete("/a", .notFound, isKept: false, hasFailed: true)
        #expect(try await future.get().status == .notFound)
        #expect(kind(cache.lookUp("/a", on: loop)) == "hit")
        #expect(kind(cache.lookUp("/b", on: loop)) == "make")
        cache.complete("/b", .notFound, isKept: false)
        time.withLock { $0 = $0 + .milliseconds(999) }
        #expect(kind(cache.lookUp("/a", on: loop)) == "hit" && cache.counters.failures == 2)
        #expect(cache.counters.failuresKept == 1)
        time.withLock { $0 = $0 + .milliseconds(1) }
        #expect(kind(cache.lookUp("/a", on: loop)) == "make")
        cache.complete("/a", response(1), isKept: true)
        #expect(kind(cache.lookUp("/a", on: loop)) == "hit" && cache.counters.failures == 2)
        #expect(cache.counters.hits == 1)
    }

    @Test func nothingIsKeptWhereThereIsNoRoom() {
        let cache = ResponseCache(maximumBytes: 0)
        for _ in 0..<2 {
            #expect(kind(cache.lookUp("/a", on: loop)) == "make")
            #expect(kind(cache.lookUp("/a", on: loop)) == "wait")
            cache.complete("/a", response(1), isKept: true)
        }
        #expect(cache.counters.entries == 0 && cache.counters.bytes == 0)
    }
}
