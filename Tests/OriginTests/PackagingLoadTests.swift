import NIOPosix
import Testing

@testable import Origin

/// What may be begun while much is being made.
@Suite struct PackagingLoadTests {
    /// What each of these is answered.
    private static func begin(_ load: inout PackagingLoad, _ costs: Int..., isUrgent: Bool = false) -> [Bool] {
        costs.map { load.begin(cost: $0, isUrgent: isUrgent) }
    }

    private static func join(_ load: inout PackagingLoad, isUrgent: Bool = false) -> Bool {
        load.join(isUrgent: isUrgent)
    }

    @Test func bytesAreTheBound() {
        var load = PackagingLoad(maximumBytes: 100, maximumRequests: 10)
        #expect(Self.begin(&load, 60, 40, 1) == [true, true, false])
        // For what is begun anybody may wait; and who has waited already is let in.
        #expect(Self.join(&load))
        #expect(Self.begin(&load, 50, isUrgent: true) == [true])
        #expect(load.bytes == 150 && load.requests == 4)
        load.end(cost: 60, requests: 2)
        load.end(cost: 50, requests: 1)
        #expect(Self.begin(&load, 60, 1) == [true, false])
    }

    @Test func requestsAreTheOther() {
        var load = PackagingLoad(maximumBytes: 100, maximumRequests: 2)
        #expect(Self.begin(&load, 1) == [true])
        #expect([Self.join(&load), Self.join(&load)] == [true, false])
        #expect(Self.begin(&load, 1) == [false])
        #expect(Self.join(&load, isUrgent: true))
        load.end(cost: 1, requests: 3)
        #expect(load.bytes == 0 && load.requests == 0)
    }

    @Test func aloneAnythingMay() {
        var load = PackagingLoad(maximumBytes: 100, maximumRequests: 2)
        #expect(Self.begin(&load, .max, 0) == [true, false])
        load.end(cost: .max, requests: 1)
        #expect(Self.begin(&load, 1) == [true])
    }

    @Test func theCacheRefusesAndGivesWhatItHas() {
        let cache = ResponseCache(maximumBytes: 1 << 20, maximumBytesBeingMade: 100, maximumRequestsForIt: 10)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        func kind(_ key: String, cost: Int = 60, isUrgent: Bool = false) -> String {
            switch cache.lookUp(key, cost: cost, isUrgent: isUrgent, on: loop) {
            case .hit: "hit"
            case .wait: "wait"
            case .make: "make"
            case .overloaded: "overloaded"
            }
        }
        #expect(kind("there") == "make")
        cache.complete("there", .notFound, isKept: true)
        #expect(kind("a") == "make" && kind("b") == "overloaded" && kind("a") == "wait" && kind("there") == "hit")
        #expect(kind("c", isUrgent: true) == "make" && cache.counters.bytesBeingMade == 120)
        #expect(cache.counters.overloads == 1 && cache.counters.requestsForIt == 3)
        // A failure frees its place as well.
        cache.complete("a", .notFound, isKept: false)
        cache.complete("c", .notFound, isKept: false)
        #expect(cache.counters.bytesBeingMade == 0 && cache.counters.requestsForIt == 0)
        #expect(kind("b") == "make")
        cache.complete("b", .notFound, isKept: false)
    }

    /// A disk that stands still stops nothing but what has to be read from it, and whoever asks for other times but those.
    @Test(arguments: [ResponseCache.Maker.disk, .asked]) func eachKindIsCountedByItself(_ other: ResponseCache.Maker) {
        let cache = ResponseCache(maximumBytes: 1 << 20, maximumBytesBeingMade: 100, maximumRequestsForIt: 10)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        var looks = 0
        func kind(_ key: String, _ maker: ResponseCache.Maker) -> String {
            func look() -> ResponseCache.Maker {
                looks += 1
                return maker
            }
            switch cache.lookUp(key, cost: 60, by: look(), on: loop) {
            case .hit: return "hit"
            case .wait: return "wait"
            case .make(_, let asked): return asked == maker ? "make" : "wrong"
            case .overloaded: return "overloaded"
            }
        }
        #expect(kind("past", other) == "make" && kind("past too", other) == "overloaded")
        #expect(kind("now", .live) == "make" && kind("next", .live) == "overloaded")
        #expect(looks == 4 && cache.counters.bytesBeingMade == 120)
        // Where it is looked up does not matter any more once it is being made, or is there.
        #expect(kind("past", .live) == "wait")
        cache.complete("past", .notFound, isKept: true)
        #expect(kind("past", other) == "hit" && looks == 4)
        #expect(kind("past too", other) == "make" && kind("next", .live) == "overloaded")
        for key in ["now", "past too"] { cache.complete(key, .notFound, isKept: false) }
        #expect(cache.counters.bytesBeingMade == 0 && cache.counters.requestsForIt == 0)
    }
}
