import Live
import NIOCore
import NIOHTTP1

/// Small answers that were given a moment ago, as the bytes that were sent: of one event loop, for HTTP/1.1.
///
/// What is asked for again and again, by many, is answered by one look-up and one load that tells that the endpoint has not
/// changed since. Heads are made anew each second, with their dates. Large bodies are not here: the way to them costs
/// nothing beside their sending. Bounds: `maximumCount` and `maximumBytes`; at these all go, for they come back by being
/// asked for.
final class HotAnswers {
    struct Answer {
        /// Head and body.
        var bytes: ByteBuffer
        var bodyBytes: Int
    }

    private struct Entry {
        var response: CachedResponse
        var stamp: ContentStamp
        var plain: Rendering?
        var gzip: Rendering?
    }

    private struct Rendering {
        var second: Int64
        var answer: Answer
    }

    static let maximumCount = 4096
    static let maximumBytes = 16 << 20
    /// Of a body.
    static let largest = 64 << 10

    private var entries: [String: Entry] = [:]
    private var bytes = 0
    private var date = HTTPDate()

    /// Answers that are kept.
    var count: Int { entries.count }

    func dateText(epochSeconds: Int64) -> String { date.text(epochSeconds: epochSeconds) }

    /// Nil where it is not there, or the request wants more than the thing itself.
    func answer(_ head: HTTPRequestHead, nowMilliseconds now: Int64) -> Answer? {
        guard let wish = Wish(head), let index = entries.index(forKey: head.uri) else { return nil }
        guard entries.values[index].stamp.isCurrent else {
            forget(head.uri)
            return nil
        }
        let second = now / 1000
        let isGzip = wish.acceptsGzip && entries.values[index].response.gzipBody != nil
        let known = isGzip ? entries.values[index].gzip : entries.values[index].plain
        if let known, known.second == second { return known.answer }
        let plan = ResponsePlan(
            entries.values[index].response, for: head, nowMilliseconds: now, date: date.text(epochSeconds: second))
        guard let body = plan.body else { return nil }
        var bytes = ByteBufferAllocator().buffer(capacity: 640 + body.readableBytes)
        bytes.writeHead(plan.head, isChunked: false)
        bytes.writeStaticString("\r\n")
        bytes.writeImmutableBuffer(body)
        let rendering = Rendering(second: second, answer: Answer(bytes: bytes, bodyBytes: body.readableBytes))
        if isGzip { entries.values[index].gzip = rendering } else { entries.values[index].plain = rendering }
        return rendering.answer
    }

    /// Keeps what was just answered, where it may be answered again.
    func keep(_ response: CachedResponse, for uri: String) {
        guard let stamp = response.stamp, response.body.readableBytes <= Self.largest else { return }
        let size = Self.size(response, uri)
        if entries[uri] != nil { forget(uri) }
        if entries.count >= Self.maximumCount || bytes + size > Self.maximumBytes {
            entries.removeAll(keepingCapacity: true)
            bytes = 0
        }
        entries[uri] = Entry(response: response, stamp: stamp)
        bytes += size
    }

    private func forget(_ uri: String) {
        guard let entry = entries.removeValue(forKey: uri) else { return }
        bytes -= Self.size(entry.response, uri)
    }

    /// The bodies, and once more as they are sent, with what is beside them.
    private static func size(_ response: CachedResponse, _ uri: String) -> Int {
        2 * (response.body.readableBytes + (response.gzipBody?.readableBytes ?? 0)) + 2048 + uri.utf8.count
    }

    /// A request for all of a thing, over a connection that stays.
    private struct Wish {
        var acceptsGzip = false

        init?(_ head: HTTPRequestHead) {
            guard head.method == .GET, head.version == .http1_1, head.isKeepAlive else { return nil }
            for (name, value) in head.headers {
                switch name.utf8.count {
                case 5 where name.lowercased() == "range", 13 where name.lowercased() == "if-none-match",
                    17 where name.lowercased() == "if-modified-since":
                    return nil
                case 15 where name.lowercased() == "accept-encoding":
                    acceptsGzip = acceptsGzip || ResponsePlan.acceptsGzip(value)
                default: break
                }
            }
        }
    }
}
