import Media
import NIOCore
import NIOHTTP1
import Testing

@testable import Origin

/// RFC 9110: conditional requests (13), ranges (14), content negotiation (12); RFC 9111: freshness.
@Suite struct ResponsePlanTests {
    private static let segment = CachedResponse(
        status: .ok, contentType: "video/mp4", body: ByteBuffer(bytes: 0..<100 as Range<UInt8>), entityTag: "720p-1",
        freshness: .immutable)
    private static let manifest = CachedResponse(
        status: .ok, contentType: "application/dash+xml", body: ByteBuffer(string: "a long manifest"),
        gzipBody: ByteBuffer(string: "short"), entityTag: "abc", freshness: .until(epochMilliseconds: 10_000))

    private func plan(
        _ response: CachedResponse, _ headers: HTTPHeaders = [:], method: HTTPMethod = .GET, now: Int64 = 2000
    ) -> ResponsePlan {
        ResponsePlan(
            response, for: HTTPRequestHead(version: .http1_1, method: method, uri: "/", headers: headers),
            nowMilliseconds: now, date: "today")
    }

    private func bytes(_ plan: ResponsePlan) -> [UInt8]? { plan.body.map { Array($0.readableBytesView) } }

    @Test func aSegmentInWhole() {
        let plan = plan(Self.segment)
        #expect(plan.head.status == .ok)
        #expect(bytes(plan) == Array(0..<100))
        let headers = plan.head.headers
        #expect(headers["content-length"] == ["100"])
        #expect(headers["content-type"] == ["video/mp4"])
        #expect(headers["etag"] == ["\"720p-1\""])
        #expect(headers["accept-ranges"] == ["bytes"])
        #expect(headers["cache-control"] == ["public, max-age=31536000, immutable"])
        #expect(headers["access-control-allow-origin"] == ["*"])
        #expect(headers["access-control-expose-headers"] == ["Date, Content-Length, Content-Range, ETag, CMSD-Static"])
        #expect(headers["date"] == ["today"])
        #expect(headers["content-encoding"].isEmpty)
    }

    @Test func aHeadIsTheSameWithoutABody() {
        for response in [Self.segment, Self.manifest, .notFound] {
            let (get, head) = (plan(response), plan(response, method: .HEAD))
            #expect(head.body == nil)
            #expect(head.head.status == get.head.status)
            #expect(head.head.headers == get.head.headers)
        }
    }

    @Test(arguments: [
        ("bytes=0-0", 0..<1), ("bytes=0-99", 0..<100), ("bytes=10-19", 10..<20), ("bytes=90-", 90..<100),
        ("bytes=99-99", 99..<100), ("bytes=95-9223372036854775807", 95..<100), ("bytes=-1", 99..<100),
        ("bytes=-100", 0..<100), ("bytes=-9223372036854775807", 0..<100), ("bytes= 5 - 6 ", 5..<7),
    ]) func aRange(_ text: String, _ part: Range<Int>) {
        let plan = plan(Self.segment, ["range": text])
        #expect(plan.head.status == .partialContent)
        #expect(bytes(plan) == part.map { UInt8($0) })
        #expect(plan.head.headers["content-range"] == ["bytes \(part.lowerBound)-\(part.upperBound - 1)/100"])
        #expect(plan.head.headers["content-length"] == ["\(part.count)"])
    }

    @Test(arguments: ["bytes=100-", "bytes=100-200", "bytes=9223372036854775807-", "bytes=-0"])
    func aRangeOutside(_ text: String) {
        let plan = plan(Self.segment, ["range": text])
        #expect(plan.head.status == .rangeNotSatisfiable)
        #expect(plan.head.headers["content-range"] == ["bytes */100"])
        #expect(bytes(plan) == [])
        #expect(plan.head.headers["content-length"] == ["0"])
    }

    @Test(arguments: [
        "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-1,5-6", "bytes=--5", "bytes=1-2-3", "items=0-5", "0-5",
        "bytes=18446744073709551616-", "bytes=0-18446744073709551616", "bytes=0x1-5",
    ]) func aRangeThatIsNoneGivesTheWhole(_ text: String) {
        let plan = plan(Self.segment, ["range": text])
        #expect(plan.head.status == .ok)
        #expect(bytes(plan)?.count == 100)
        #expect(plan.head.headers["content-range"].isEmpty)
    }

    @Test func aRangeOfAnotherVersionGivesTheWhole() {
        #expect(plan(Self.segment, ["range": "bytes=0-4", "if-range": "\"720p-1\""]).head.status == .partialContent)
        for tag in ["\"720p-2\"", "W/\"720p-1\"", "Sat, 21 Nov 2026 00:00:00 GMT"] {
            #expect(plan(Self.segment, ["range": "bytes=0-4", "if-range": tag]).head.status == .ok)
        }
        #expect(plan(Self.manifest, ["range": "bytes=0-4"]).head.status == .ok, "manifests change: no ranges")
        #expect(plan(Self.segment, ["range": "bytes=0-4"], method: .HEAD).head.status == .ok)
    }

    @Test func whatIsKnownIsNotSentAgain() {
        for tag in ["\"720p-1\"", "W/\"720p-1\"", "\"a\", \"720p-1\"", "*"] {
            let plan = plan(Self.segment, ["if-none-match": tag])
            #expect(plan.head.status == .notModified)
            #expect(plan.body == nil)
            #expect(plan.head.headers["etag"] == ["\"720p-1\""])
            #expect(plan.head.headers["content-length"].isEmpty)
            #expect(plan.head.headers["cache-control"] == ["public, max-age=31536000, immutable"])
        }
        for tag in ["\"720p-2\"", "720p-1", ""] {
            #expect(plan(Self.segment, ["if-none-match": tag]).head.status == .ok)
        }
        #expect(plan(.notFound, ["if-none-match": "*"]).head.status == .notFound)
    }

    @Test func mediaKnowsWhenItWasThere() {
        var segment = Self.segment
        segment.lastModified = LastModified(Ticks(1_600_000_002_500, timescale: 1000))
        segment.cmsd = "ot=v"
        let text = "Sun, 13 Sep 2020 12:26:42 GMT"
        let now: Int64 = 1_600_000_002_000
        let first = plan(segment, now: now)
        #expect(first.head.headers["last-modified"] == [text] && first.head.headers["cmsd-static"] == ["ot=v"])
        #expect(plan(segment, now: now - 1).head.headers["last-modified"] == ["today"], "never later than Date")
        #expect(plan(segment, ["if-modified-since": text], now: now).head.status == .notModified)
        #expect(plan(segment, ["if-modified-since": "today"], now: now).head.status == .ok)
        // Where tags are given they count.
        let both: HTTPHeaders = ["if-modified-since": text, "if-none-match": "\"other\""]
        #expect(plan(segment, both, now: now).head.status == .ok)
        // Manifests change oftener than dates do.
        var manifest = Self.manifest
        manifest.lastModified = segment.lastModified
        #expect(plan(manifest, ["if-modified-since": text], now: now).head.status == .ok)
    }

    @Test func aManifestMayBeGivenWhereNobodyAnswers() {
        var manifest = Self.manifest
        manifest.staleIfError = 12
        #expect(plan(manifest).head.headers["cache-control"] == ["public, max-age=4, stale-if-error=12"])
        manifest.freshness = .seconds(1)
        #expect(plan(manifest).head.headers["cache-control"] == ["public, max-age=1, stale-if-error=12"])
        manifest.freshness = .noStore
        #expect(plan(manifest).head.headers["cache-control"] == ["no-store"])
    }

    @Test func manifestsAreCompressedForThoseWhoSay() {
        for accepted in ["gzip", "deflate, gzip", "gzip;q=0.5", "*", "br, *;q=0.1"] {
            let plan = plan(Self.manifest, ["accept-encoding": accepted])
            #expect(bytes(plan) == Array("short".utf8))
            #expect(plan.head.headers["content-encoding"] == ["gzip"])
            #expect(plan.head.headers["etag"] == ["\"abc-gz\""])
            #expect(plan.head.headers["vary"] == ["accept-encoding"])
        }
        for refused in ["", "identity", "gzip;q=0", "gzip; q=0.000", "xgzip", "br"] {
            let plan = plan(Self.manifest, ["accept-encoding": refused])
            #expect(bytes(plan) == Array("a long manifest".utf8))
            #expect(plan.head.headers["content-encoding"].isEmpty)
            #expect(plan.head.headers["vary"] == ["accept-encoding"])
        }
        #expect(
            plan(Self.manifest, ["accept-encoding": "gzip", "if-none-match": "\"abc-gz\""]).head.status == .notModified)
        #expect(plan(Self.manifest, ["accept-encoding": "gzip", "if-none-match": "\"abc\""]).head.status == .ok)
    }

    @Test func aManifestIsFreshForHalfTheTimeToItsNext() {
        for (now, age) in [(0, 5), (2000, 4), (9999, 1), (10_000, 1), (50_000, 1), (-1_000_000, 60)] as [(Int64, Int)] {
            #expect(plan(Self.manifest, now: now).head.headers["cache-control"] == ["public, max-age=\(age)"])
        }
        #expect(plan(.notFound).head.headers["cache-control"] == ["public, max-age=1"])
        let busy = CachedResponse.text(.serviceUnavailable, "no key", freshness: .noStore, retryAfter: 2)
        #expect(plan(busy).head.headers["cache-control"] == ["no-store"])
        #expect(plan(busy).head.headers["retry-after"] == ["2"])
    }
}
