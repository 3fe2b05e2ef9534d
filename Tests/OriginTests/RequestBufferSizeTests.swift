import NIOCore
import NIOHTTP1
import Testing

@testable import Origin

/// What a connection holds while it waits.
@Suite struct RequestBufferSizeTests {
    @Test func itGrowsWithWhatComesAndShrinksAgain() {
        var size = RequestBufferSize()
        #expect(size.nextBufferSize() == 512 && size.buffer(allocator: ByteBufferAllocator()).capacity == 512)
        #expect(!size.record(actualReadBytes: 511) && size.nextBufferSize() == 512)
        for expected in [1024, 2048, 4096, 8192] {
            #expect(size.record(actualReadBytes: expected / 2) && size.nextBufferSize() == expected)
        }
        #expect(!size.record(actualReadBytes: 8192) && size.nextBufferSize() == 8192)
        // Twice, and one after the other.
        for read in [100, 5000, 100] { #expect(!size.record(actualReadBytes: read) && size.nextBufferSize() == 8192) }
        for expected in [4096, 4096, 2048, 2048, 1024, 1024, 512, 512, 512] {
            _ = size.record(actualReadBytes: 0)
            #expect(size.nextBufferSize() == expected)
        }
    }

    @Test func whoWaitsKeepsWhatTheAnswerGoesBy() {
        let fields: HTTPHeaders = [
            "Host": "origin", "User-Agent": "a player", "Accept": "*/*", "Range": "bytes=0-9", "IF-RANGE": "\"1\"",
            "If-None-Match": "\"2\"", "If-Modified-Since": "Thu, 01 Jan 1970 00:00:01 GMT", "Upgrade": "h2c",
            "Accept-Encoding": "gzip", "Connection": "close", "Cookie": "much", "X-Range": "1", "Hosts": "2",
        ]
        let head = HTTPRequestHead(version: .http1_1, method: .HEAD, uri: "/a?b", headers: fields)
        let kept = head.keptWhileWaiting
        #expect(kept.uri == "/a?b" && kept.method == .HEAD && !kept.isKeepAlive)
        #expect(
            Set(kept.headers.map { $0.name.lowercased() }) == [
                "host", "range", "if-range", "if-none-match", "if-modified-since", "upgrade", "accept-encoding",
                "connection",
            ])
        #expect(head.headers.count == 13, "the request itself is as it was")
    }

    @Test func namesAreOfEitherCase() {
        for name in ["Host", "hOST", "host"] { #expect(name.isField("host")) }
        for name in ["hosu", "hos", "HOST ", ""] { #expect(!name.isField("host")) }
        #expect(!"if\rnone-match".isField("if-none-match"))
    }
}
