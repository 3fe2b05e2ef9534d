import Live
import NIOCore
import NIOHTTP1
import Testing

@testable import Origin

/// Small answers kept as bytes: the same as they were made, and only as long as they hold.
@Suite struct HotAnswersTests {
    private static let uri = "/news/ll/720p/playlist.m3u8"

    private static func response(_ text: String, gzip: String? = nil, stamp: ContentStamp?) -> CachedResponse {
        var response = CachedResponse(
            status: .ok, contentType: "application/vnd.apple.mpegurl", body: ByteBuffer(string: text),
            gzipBody: gzip.map { ByteBuffer(string: $0) }, entityTag: "1", freshness: .until(epochMilliseconds: 9000))
        response.stamp = stamp
        return response
    }

    private static func request(
        _ fields: HTTPHeaders = ["host": "a"], method: HTTPMethod = .GET, version: HTTPVersion = .http1_1
    ) -> HTTPRequestHead {
        HTTPRequestHead(version: version, method: method, uri: uri, headers: fields)
    }

    private static func text(_ answer: HotAnswers.Answer?) -> String? { answer.map { String(buffer: $0.bytes) } }

    @Test func whatIsKeptIsAnsweredWithTheDateAndAgeOfNow() throws {
        let (hot, revision) = (HotAnswers(), ContentRevision())
        #expect(hot.answer(Self.request(), nowMilliseconds: 1000) == nil)
        hot.keep(Self.response("now", stamp: revision.advance()), for: Self.uri)
        let first = try #require(Self.text(hot.answer(Self.request(), nowMilliseconds: 1000)))
        #expect(first.contains("date: Thu, 01 Jan 1970 00:00:01 GMT\r\n") && first.contains("max-age=4\r\n"))
        #expect(first.hasPrefix("HTTP/1.1 200 OK\r\n") && first.hasSuffix("content-length: 3\r\n\r\nnow"))
        #expect(Self.text(hot.answer(Self.request(), nowMilliseconds: 1999)) == first)
        let later = try #require(Self.text(hot.answer(Self.request(), nowMilliseconds: 5000)))
        #expect(later.contains("date: Thu, 01 Jan 1970 00:00:05 GMT\r\n") && later.contains("max-age=2\r\n"))
    }

    @Test func itGoesWithItsState() {
        let (hot, revision) = (HotAnswers(), ContentRevision())
        hot.keep(Self.response("now", stamp: revision.advance()), for: Self.uri)
        let next = revision.advance()
        #expect(hot.answer(Self.request(), nowMilliseconds: 1000) == nil)
        hot.keep(Self.response("next", stamp: next), for: Self.uri)
        #expect(Self.text(hot.answer(Self.request(), nowMilliseconds: 1000))?.hasSuffix("next") == true)
    }

    @Test func whatNobodyKnowsToHoldIsNotKept() {
        let hot = HotAnswers()
        hot.keep(Self.response("now", stamp: nil), for: Self.uri)
        #expect(hot.answer(Self.request(), nowMilliseconds: 1000) == nil)
    }

    @Test(arguments: [
        request(["host": "a", "Range": "bytes=0-0"]), request(["host": "a", "If-None-Match": "\"1\""]),
        request(["host": "a", "connection": "close"]), request(method: .HEAD), request(version: .http1_0),
        request([:]), request(["host": "a", "Host": "a"]), request(["host": "a", "Upgrade": "websocket"]),
    ])
    func whoWantsMoreIsAnsweredTheLongWay(_ request: HTTPRequestHead) {
        let (hot, revision) = (HotAnswers(), ContentRevision())
        hot.keep(Self.response("now", stamp: revision.advance()), for: Self.uri)
        #expect(hot.answer(request, nowMilliseconds: 1000) == nil)
        #expect(hot.answer(Self.request(), nowMilliseconds: 1000) != nil)
    }

    @Test func gzipIsForWhoTakesIt() throws {
        let (hot, revision) = (HotAnswers(), ContentRevision())
        hot.keep(Self.response("now", gzip: "zip", stamp: revision.advance()), for: Self.uri)
        for (coding, end) in [("br, gzip;q=0.5", "zip"), ("br", "now"), ("gzip;q=0", "now")] {
            let fields: HTTPHeaders = ["host": "a", "Accept-Encoding": coding]
            let text = try #require(Self.text(hot.answer(Self.request(fields), nowMilliseconds: 1000)))
            #expect(text.hasSuffix(end) && text.contains("content-encoding: gzip") == (end == "zip"))
        }
    }

    /// Over HTTP/2 the head is no bytes yet, and what HTTP/1.1 wants of a request is nothing to it.
    @Test func ofHTTP2TheyArePartsOfTheSame() throws {
        let (hot, revision) = (HotAnswers(), ContentRevision())
        hot.keep(Self.response("now", gzip: "zip", stamp: revision.advance()), for: Self.uri)
        let request = Self.request(["accept-encoding": "gzip"], version: .http2)
        let answer = try #require(hot.answer(request, over: .http2, nowMilliseconds: 1000))
        #expect(String(buffer: answer.bytes) == "zip" && answer.bodyBytes == 3)
        let head = try #require(answer.head)
        #expect(head.status == .ok && head.headers["content-encoding"] == ["gzip"])
        #expect(head.headers["date"] == ["Thu, 01 Jan 1970 00:00:01 GMT"])
        let conditional = Self.request(["if-none-match": "\"1\""], version: .http2)
        #expect(hot.answer(conditional, over: .http2, nowMilliseconds: 0) == nil)
        // Each wire has its own of the same thing.
        #expect(hot.answer(Self.request(), nowMilliseconds: 1000)?.head == nil)
        let later = try #require(hot.answer(request, over: .http2, nowMilliseconds: 2000)?.head)
        #expect(later.headers["date"] == ["Thu, 01 Jan 1970 00:00:02 GMT"])
        _ = revision.advance()
        #expect(hot.answer(request, over: .http2, nowMilliseconds: 2000) == nil)
    }

    /// Media leave as they are in the cache, behind a head of their own, and only where that can be.
    @Test func largeOnesAreNotCopied() throws {
        let (hot, revision) = (HotAnswers(), ContentRevision())
        let stamp = revision.advance()
        let body = String(repeating: "a", count: HotAnswers.largest + 1)
        hot.keep(Self.response(body, stamp: stamp), for: Self.uri)
        #expect(hot.count == 0)
        hot.keep(Self.response(body, stamp: stamp), for: Self.uri, largeToo: true)
        #expect(hot.answer(Self.request(), nowMilliseconds: 1000) == nil)
        #expect(hot.answer(Self.request(version: .http2), over: .http2, nowMilliseconds: 1000) == nil)
        let answer = try #require(hot.answer(Self.request(), largeToo: true, nowMilliseconds: 1000))
        #expect(answer.large.map { String(buffer: $0) } == body && answer.bodyBytes == body.utf8.count)
        #expect(Self.text(answer)?.hasSuffix("content-length: \(body.utf8.count)\r\n\r\n") == true)
        // What is held that the cache may have let go has a bound of its own.
        for number in 0..<200 {
            let large = Self.response(String(repeating: "a", count: 1 << 20), stamp: stamp)
            hot.keep(large, for: "\(number)", largeToo: true)
        }
        #expect((1...64).contains(hot.count))
    }

    @Test func itIsBounded() {
        let (hot, revision) = (HotAnswers(), ContentRevision())
        let stamp = revision.advance()
        for number in 0...HotAnswers.maximumCount {
            hot.keep(Self.response("now", stamp: stamp), for: "\(Self.uri)?_HLS_msn=\(number)")
        }
        #expect(hot.count == 1)
        let large = Self.response(String(repeating: "a", count: HotAnswers.largest), stamp: stamp)
        for number in 0..<200 { hot.keep(large, for: "\(number)") }
        #expect(hot.count < 128)
        hot.keep(Self.response(String(repeating: "a", count: HotAnswers.largest + 1), stamp: stamp), for: "large")
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "large", headers: ["host": "a"])
        #expect(hot.answer(head, nowMilliseconds: 0) == nil)
    }
}
