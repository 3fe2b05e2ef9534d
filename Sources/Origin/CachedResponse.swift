package import Live
package import MediaMemory
package import NIOCore
package import NIOHTTP1

/// A whole answer, ready to be written any number of times without copying its body.
package struct CachedResponse: Sendable {
    /// How long a cache may keep the answer.
    package enum Freshness: Sendable, Equatable {
        /// The URL names these bytes for ever.
        case immutable
        /// Changes with the next segment, due at this time (seconds from the epoch).
        case until(epochMilliseconds: Int64)
        case seconds(Int)
        case noStore
    }

    package var status: HTTPResponseStatus
    package var contentType: String
    package var body: ByteBuffer
    /// The same bytes, where they are media.
    package var media: MediaBytes?
    /// Where the body is made while it is sent: all of it, and `body` is empty.
    package var rest: ResponseStream?
    /// The same body gzip-ed, where that is worth it.
    package var gzip: GzipForm?
    /// Strong, without quotes; nil for errors.
    package var entityTag: String?
    package var freshness: Freshness
    /// Where it is instead, relative to what was asked for.
    package var location: String?
    /// Seconds after which asking again makes sense.
    package var retryAfter: Int?
    /// For so many seconds more a cache may give it where it cannot ask. RFC 5861, clause 4.
    package var staleIfError: Int?
    /// The value of CMSD-Static.
    package var cmsd: String?
    package var lastModified: LastModified?
    /// As long as this is current, whoever asks the same is to be answered the same; nil: nobody knows.
    package var stamp: ContentStamp?

    package init(
        status: HTTPResponseStatus, contentType: String, body: ByteBuffer, gzipBody: ByteBuffer? = nil,
        entityTag: String? = nil, freshness: Freshness, retryAfter: Int? = nil, rest: ResponseStream? = nil
    ) {
        self.rest = rest
        self.status = status
        self.contentType = contentType
        self.body = body
        gzip = gzipBody.map { GzipForm(made: $0) }
        self.entityTag = entityTag
        self.freshness = freshness
        self.retryAfter = retryAfter
    }

    /// Nil where there is none; else it is made where it is not yet.
    package var gzipBody: ByteBuffer? { gzip?.bytes }

    /// A short text; `freshness` says for how long caches may remember it.
    package static func text(
        _ status: HTTPResponseStatus, _ text: String, freshness: Freshness, retryAfter: Int? = nil
    ) -> CachedResponse {
        CachedResponse(
            status: status, contentType: "text/plain; charset=utf-8", body: ByteBuffer(string: text + "\n"),
            freshness: freshness, retryAfter: retryAfter)
    }

    package static let notFound = text(.notFound, "not found", freshness: .seconds(1))
}
