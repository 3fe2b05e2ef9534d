import Access
import Glibc
import NIOCore
import NIOHTTP1

/// A request and what came of it. Holds on to what has come and copies nothing: lines are made of it by the log's thread.
struct AccessRecord: Sendable {
    /// Where an answer was from.
    enum Source: String, Sendable {
        /// The bytes that the event loop had sent last.
        case hot
        case cached
        /// Made for this request, or for another one that asked at the same time.
        case made
    }

    /// Who asked has left before there was an answer: nobody's status but that of logs.
    static let left: UInt = 499
    /// Of what could not be read as a request.
    static let nothing = "-"

    /// Without a token that was good; one that was not may be in it.
    var head: HTTPRequestHead
    /// Of the target's query, from which it was taken.
    var cmcd: String?
    var address: PeerAddress?
    var subject: String?
    var session: String?
    /// 0 before there is an answer.
    var status: UInt = 0
    /// Of the body.
    var bytes = 0
    var source: Source?
    /// Whether all of the answer has left.
    var isWhole = true
    /// The system's time of day when the request was there.
    var epochMilliseconds: Int64
    var duration = TimeAmount.zero

    private let began = NIODeadline.now()

    init(_ head: HTTPRequestHead, cmcd: String? = nil, address: PeerAddress?) {
        self.head = head
        self.cmcd = cmcd
        self.address = address
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        epochMilliseconds = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    mutating func end() { duration = NIODeadline.now() - began }

    /// About what it holds on to.
    var byteCount: Int {
        var count = 384 + head.uri.utf8.count + (cmcd?.utf8.count ?? 0)
        for (name, value) in head.headers { count += 64 + name.utf8.count + value.utf8.count }
        return count
    }
}
