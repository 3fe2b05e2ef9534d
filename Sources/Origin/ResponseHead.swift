import NIOCore
import NIOHTTP1

/// What of a response is sent for one request: conditional and range requests. RFC 9110, clauses 13 and 14.
struct ResponsePlan {
    var head: HTTPResponseHead
    /// Nil: no body (HEAD, 304), or one that is made while it is sent.
    var body: ByteBuffer?
    /// What is sent after `body`, chunk by chunk. RFC 9112, clause 7.1.
    var rest: ResponseStream?

    /// - Parameter date: the Date header's text.
    init(_ response: CachedResponse, for request: HTTPRequestHead, nowMilliseconds: Int64, date: String) {
        var headers = HTTPHeaders()
        headers.reserveCapacity(16)
        headers.add(name: "date", value: date)
        headers.add(name: "server", value: "sluice")
        headers.add(name: "access-control-allow-origin", value: "*")
        headers.add(name: "access-control-expose-headers", value: Self.exposed)
        headers.add(name: "cache-control", value: Self.cacheControl(response, nowMilliseconds))
        headers.add(name: "content-type", value: response.contentType)
        if let cmsd = response.cmsd { headers.add(name: "cmsd-static", value: cmsd) }
        if let modified = response.lastModified {
            // Never later than Date. RFC 9110, clause 8.8.2.1.
            headers.add(
                name: "last-modified", value: modified.epochSeconds <= nowMilliseconds / 1000 ? modified.text : date)
        }
        if let location = response.location { headers.add(name: "location", value: location) }
        if let seconds = response.retryAfter { headers.add(name: "retry-after", value: String(seconds)) }
        if response.gzip != nil { headers.add(name: "vary", value: "accept-encoding") }
        var status = response.status
        var content = response.body
        var tag = response.entityTag
        if response.gzip != nil, Self.acceptsGzip(request.headers), let gzip = response.gzipBody {
            content = gzip
            tag = tag.map { $0 + "-gz" }
            headers.add(name: "content-encoding", value: "gzip")
        }
        if let tag { headers.add(name: "etag", value: "\"\(tag)\"") }
        if status == .ok, Self.isKnown(request.headers, tag, response) {
            status = .notModified
        } else if status == .ok, response.rest != nil {
            // Its length is not known, so no range of it can be told.
            rest = response.rest
        } else if status == .ok, response.freshness == .immutable {
            headers.add(name: "accept-ranges", value: "bytes")
            switch Self.range(request, tag: tag, size: content.readableBytes) {
            case .whole: break
            case .part(let part):
                status = .partialContent
                headers.add(
                    name: "content-range",
                    value: "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(content.readableBytes)")
                content = content.getSlice(at: content.readerIndex + part.lowerBound, length: part.count) ?? content
            case .unsatisfiable:
                status = .rangeNotSatisfiable
                headers.add(name: "content-range", value: "bytes */\(content.readableBytes)")
                content = ByteBuffer()
            }
        }
        if status == .notModified || status == .noContent || rest != nil {
            // A length would be of nothing (RFC 9110, clause 8.6), or is not known.
            body = nil
        } else {
            headers.add(name: "content-length", value: String(content.readableBytes))
            body = request.method == .HEAD ? nil : content
        }
        head = HTTPResponseHead(version: request.version, status: status, headers: headers)
    }

    private static let exposed = "Date, Content-Length, Content-Range, ETag, CMSD-Static"

    private static func cacheControl(_ response: CachedResponse, _ now: Int64) -> String {
        let stale = response.staleIfError.map { ", stale-if-error=\($0)" } ?? ""
        return switch response.freshness {
        case .immutable: "public, max-age=31536000, immutable"
        case .until(let time): "public, max-age=\(min(max((time - now) / 2000, 1), 60))\(stale)"
        case .seconds(let seconds): "public, max-age=\(seconds)\(stale)"
        case .noStore: "no-store"
        }
    }

    /// Whether who asks has it. A date counts for media alone, whose bytes never change, and where no tags are given;
    /// what is no date of ours, to the letter, counts for nothing. RFC 9110, clause 13.2.2.
    private static func isKnown(_ headers: HTTPHeaders, _ tag: String?, _ response: CachedResponse) -> Bool {
        let tags = headers[canonicalForm: "if-none-match"]
        if !tags.isEmpty { return tag.map { matches(tags, $0) } ?? false }
        guard response.freshness == .immutable, let modified = response.lastModified else { return false }
        return headers["if-modified-since"] == [modified.text]
    }

    private static func acceptsGzip(_ headers: HTTPHeaders) -> Bool {
        headers["accept-encoding"].contains { acceptsGzip($0) }
    }

    /// - Parameter codings: the value of an Accept-Encoding field. RFC 9110, clause 12.5.3.
    static func acceptsGzip(_ codings: String) -> Bool {
        codings.split(separator: ",").contains { coding in
            let parts = coding.trimmingSpaces().split(separator: ";", maxSplits: 1)
            guard let name = parts.first?.trimmingSpaces(), name == "gzip" || name == "*" else { return false }
            return parts.count == 1 || !["q=0", "q=0.0", "q=0.00", "q=0.000"].contains(parts[1].trimmingSpaces())
        }
    }

    private static func matches(_ tags: [Substring], _ tag: String) -> Bool {
        tags.contains { candidate in
            let text = candidate.trimmingSpaces()
            let bare = text.hasPrefix("W/") ? text.dropFirst(2) : text
            return bare == "*" || bare == "\"\(tag)\""
        }
    }

    private enum Range { case whole, part(Swift.Range<Int>), unsatisfiable }

    /// One byte range; several at once are answered with the whole, as RFC 9110 clause 14.2 allows.
    private static func range(_ request: HTTPRequestHead, tag: String?, size: Int) -> Range {
        let fields = request.headers["range"]
        // More than one is a list by another spelling.
        guard fields.count == 1, let text = fields.first, text.hasPrefix("bytes="), request.method == .GET else {
            return .whole
        }
        if let condition = request.headers.first(name: "if-range"), condition != tag.map({ "\"\($0)\"" }) {
            return .whole
        }
        let bounds = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2, !text.contains(",") else { return .whole }
        let first = Int(bounds[0].trimmingSpaces())
        let last = Int(bounds[1].trimmingSpaces())
        switch (first, last) {
        case (let first?, let last?) where first >= 0 && first <= last:
            return first < size ? .part(first..<min(last, size - 1) + 1) : .unsatisfiable
        case (let first?, nil) where bounds[1].isEmpty && first >= 0:
            return first < size ? .part(first..<size) : .unsatisfiable
        case (nil, let suffix?) where bounds[0].isEmpty && suffix >= 0:
            return suffix > 0 && size > 0 ? .part(max(size - suffix, 0)..<size) : .unsatisfiable
        default:
            return .whole
        }
    }
}

extension StringProtocol {
    func trimmingSpaces() -> SubSequence {
        let head = drop { $0 == " " || $0 == "\t" }
        guard let last = head.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return head }
        return head[...last]
    }
}
