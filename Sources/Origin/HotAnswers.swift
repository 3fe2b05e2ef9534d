import Live
import MediaMemory
import NIOCore
import NIOHTTP1

/// Small answers that were given a moment ago, as they were sent: of one event loop.
///
/// What is asked for again and again, by many, is answered by one look-up and one load that tells that the endpoint has not
/// changed since. Heads are made anew each second, with their dates. Large bodies are the cache's own, and here too
/// only where they leave as they are. Bounds: `maximumCount`, `maximumBytes`, and `maximumLargeBytes` of what the cache may
/// have let go; at these all go, for they come back by being asked for.
final class HotAnswers {
    /// A reference: it is handed on for each answer, and its parts are not.
    final class Answer {
        /// Of the epoch, of which its head is.
        fileprivate let second: Int64
        /// Over HTTP/1.1 nil: it is in `bytes`.
        let head: HTTPResponseHead?
        /// The body, behind its head where that is in bytes.
        let bytes: ByteBuffer
        /// What is sent behind `bytes`; nil: they are all.
        let large: ByteBuffer?
        /// The same as media.
        let media: MediaBytes?
        /// In place of `large`, where its media has a copy in a file.
        var parts: FileParts?
        let bodyBytes: Int

        fileprivate init(
            _ second: Int64, head: HTTPResponseHead?, bytes: ByteBuffer, large: ByteBuffer? = nil,
            media: MediaBytes? = nil, bodyBytes: Int
        ) {
            self.second = second
            self.head = head
            self.bytes = bytes
            self.large = large
            self.media = media
            self.bodyBytes = bodyBytes
        }
    }

    /// A reference, as a look at one would copy a response with all that it holds on to.
    private final class Entry {
        let response: CachedResponse
        let stamp: ContentStamp
        let hasGzip: Bool
        let isLarge: Bool
        /// By `Form`.
        var answers = [Answer?](repeating: nil, count: Form.count)

        init(_ response: CachedResponse, _ stamp: ContentStamp) {
            self.response = response
            self.stamp = stamp
            hasGzip = response.gzip != nil
            isLarge = HotAnswers.isLarge(response)
        }
    }

    /// What an answer is kept as.
    private enum Form {
        static let count = 4

        static func index(_ wire: RequestHandler.Wire, isGzip: Bool) -> Int {
            (wire == .http1 ? 0 : 2) + (isGzip ? 1 : 0)
        }
    }

    static let maximumCount = 4096
    static let maximumBytes = 16 << 20
    static let maximumLargeBytes = 64 << 20
    /// Of a body that is copied behind its head.
    static let largest = 64 << 10

    private var entries: [String: Entry] = [:]
    private var bytes = 0
    private var largeBytes = 0
    private var date = HTTPDate()

    /// Answers that are kept.
    var count: Int { entries.count }

    func dateText(epochSeconds: Int64) -> String { date.text(epochSeconds: epochSeconds) }

    /// Nil where it is not there, or the request wants more than the thing itself.
    func answer(
        _ head: HTTPRequestHead, over wire: RequestHandler.Wire = .http1, largeToo: Bool = false,
        nowMilliseconds now: Int64
    ) -> Answer? {
        guard let entry = entries[head.uri], let wish = Wish(head, over: wire) else { return nil }
        guard entry.stamp.isCurrent else {
            forget(head.uri)
            return nil
        }
        guard largeToo || !entry.isLarge else { return nil }
        let second = now / 1000
        let isGzip = entry.hasGzip && wish.acceptsGzip && entry.response.gzipBody != nil
        let form = Form.index(wire, isGzip: isGzip)
        if let known = entry.answers[form], known.second == second { return known }
        let plan = ResponsePlan(
            entry.response, for: head, nowMilliseconds: now, date: date.text(epochSeconds: second))
        guard let body = plan.body else { return nil }
        let size = body.readableBytes
        let answer =
            switch wire {
            case .http1 where size > Self.largest:
                Answer(
                    second, head: nil, bytes: Self.bytes(plan.head, ByteBuffer()), large: body,
                    media: entry.response.media, bodyBytes: size)
            case .http1:
                Answer(second, head: nil, bytes: Self.bytes(plan.head, body), bodyBytes: size)
            case .http2: Answer(second, head: plan.head, bytes: body, bodyBytes: size)
            }
        entry.answers[form] = answer
        return answer
    }

    private static func bytes(_ head: HTTPResponseHead, _ body: ByteBuffer) -> ByteBuffer {
        var bytes = ByteBufferAllocator().buffer(capacity: 640 + body.readableBytes)
        bytes.writeHead(head, isChunked: false)
        bytes.writeStaticString("\r\n")
        bytes.writeImmutableBuffer(body)
        return bytes
    }

    /// Keeps what was just answered, where it may be answered again.
    /// - Parameter largeToo: a body of any size leaves in one piece.
    func keep(_ response: CachedResponse, for uri: String, largeToo: Bool = false) {
        let (size, large) = Self.size(response, uri)
        guard let stamp = response.stamp, largeToo || large == 0 else { return }
        if entries[uri] != nil { forget(uri) }
        if entries.count >= Self.maximumCount || bytes + size > Self.maximumBytes
            || largeBytes + large > Self.maximumLargeBytes
        {
            entries.removeAll(keepingCapacity: true)
            (bytes, largeBytes) = (0, 0)
        }
        guard large <= Self.maximumLargeBytes else { return }
        entries[uri] = Entry(response, stamp)
        bytes += size
        largeBytes += large
    }

    private func forget(_ uri: String) {
        guard let entry = entries.removeValue(forKey: uri) else { return }
        let (size, large) = Self.size(entry.response, uri)
        bytes -= size
        largeBytes -= large
    }

    private static func isLarge(_ response: CachedResponse) -> Bool { response.body.readableBytes > largest }

    /// The bodies, and once more as they are sent, with what is beside them; of large ones what is beside them.
    private static func size(_ response: CachedResponse, _ uri: String) -> (bytes: Int, large: Int) {
        let beside = 2048 + uri.utf8.count
        guard !isLarge(response) else { return (beside, response.body.storageCapacity) }
        return (2 * (response.body.readableBytes + (response.gzip?.largestSize ?? 0)) + beside, 0)
    }

    /// A request for all of a thing, over a connection that stays, and that is not faulty.
    private struct Wish {
        var acceptsGzip = false

        init?(_ head: HTTPRequestHead, over wire: RequestHandler.Wire) {
            guard head.method == .GET, wire == .http2 || head.version == .http1_1 && head.isKeepAlive else {
                return nil
            }
            var hosts = 0
            for (name, value) in head.headers {
                switch name.utf8.count {
                case 4 where name.isField("host"): hosts += 1
                case 7 where name.isField("upgrade"): return nil
                case 5 where name.isField("range"), 13 where name.isField("if-none-match"),
                    17 where name.isField("if-modified-since"):
                    return nil
                case 15 where name.isField("accept-encoding"):
                    acceptsGzip = acceptsGzip || ResponsePlan.acceptsGzip(value)
                default: break
                }
            }
            guard wire == .http2 || hosts == 1 else { return nil }
        }
    }
}
