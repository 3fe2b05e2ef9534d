import RTMPServer
import Testing

@Suite struct ChunkGuardTests {
    /// Feeds `bytes` in pieces, as a socket would, and presents what was not accepted again.
    static func feed(
        _ bytes: [UInt8], to chunkGuard: inout ChunkGuard, pieces: Int = .max
    ) -> (passed: [UInt8], verdict: ChunkGuard.Verdict) {
        var passed: [UInt8] = []
        var pending: [UInt8] = []
        var offset = 0
        var last = ChunkGuard.Verdict.more
        while offset < bytes.count {
            let end = offset + min(pieces, bytes.count - offset)
            pending += bytes[offset..<end]
            offset = end
            let (accepted, verdict) = chunkGuard.inspect(&pending, in: 0..<pending.count)
            passed += pending[..<accepted]
            pending.removeFirst(accepted)
            last = verdict
            guard verdict == .more else { break }
            #expect(pending.count < 18, "only the beginning of a header may wait")
        }
        return (passed, last)
    }

    static func connected(_ limits: RTMPLimits = RTMPLimits(), publishing: Bool = false) -> ChunkGuard {
        var chunkGuard = ChunkGuard(limits: limits)
        let (passed, verdict) = feed(ChunkBytes.handshake, to: &chunkGuard)
        #expect(passed == ChunkBytes.handshake)
        #expect(verdict == .more)
        if publishing { chunkGuard.acceptMedia() }
        return chunkGuard
    }

    static func reason(_ verdict: ChunkGuard.Verdict) -> String? {
        if case .refuse(let reason) = verdict { reason } else { nil }
    }

    /// Everything a well-behaved encoder may do.
    static let wellBehaved: [UInt8] = {
        let body = [UInt8](repeating: 9, count: 300)
        var bytes = ChunkBytes.opening()
        // Two messages interleaved on two chunk streams.
        bytes += ChunkBytes.header(0, stream: 4, length: 200, type: 8, streamID: 1) + body[..<128]
        bytes += ChunkBytes.header(0, stream: 6, length: 150, type: 9, streamID: 1) + body[..<128]
        bytes += ChunkBytes.basic(3, 4) + body[..<72] + ChunkBytes.basic(3, 6) + body[..<22]
        // Shorter headers, an extended timestamp with three chunks, long chunk stream ids, an empty message.
        bytes += ChunkBytes.message(9, body, stream: 6, format: 1, timestamp: 40)
        bytes += ChunkBytes.header(2, stream: 6, timestamp: 40) + body[..<128]
        bytes += ChunkBytes.basic(3, 6) + body[..<128] + ChunkBytes.basic(3, 6) + body[..<44]
        bytes += ChunkBytes.message(9, body, stream: 6, timestamp: 0x0100_0000)
        bytes += ChunkBytes.message(8, body, stream: 300) + ChunkBytes.message(8, body, stream: 65_599)
        bytes += ChunkBytes.message(8, [], stream: 4)
        // Set Chunk Size in the middle of another message: it counts for what follows.
        bytes += ChunkBytes.header(0, stream: 7, length: 300, type: 9) + body[..<128]
        bytes += ChunkBytes.message(1, [0, 0, 0, 200], stream: 2)
        bytes += ChunkBytes.basic(3, 7) + body[..<172]
        bytes += ChunkBytes.message(9, body, stream: 6, timestamp: 5, chunkSize: 200)
        // Abort: the next header on that chunk stream may start afresh.
        bytes += ChunkBytes.header(0, stream: 7, length: 300, type: 9) + body[..<200]
        bytes += ChunkBytes.message(2, [0, 0, 0, 7], stream: 2)
        bytes += ChunkBytes.message(9, body, stream: 7, chunkSize: 200)
        return bytes
    }()

    @Test func aWellBehavedEncoderPasses() {
        var chunkGuard = ChunkGuard(limits: RTMPLimits())
        chunkGuard.acceptMedia()
        let (passed, verdict) = Self.feed(Self.wellBehaved, to: &chunkGuard)
        #expect(verdict == .more)
        #expect(passed == Self.wellBehaved)
        #expect(chunkGuard.handshakeIsComplete)
    }

    @Test(arguments: [1, 2, 3, 5, 7, 11, 13, 127, 128, 129, 1536, 1537])
    func fragmentationChangesNothing(pieces: Int) {
        var chunkGuard = ChunkGuard(limits: RTMPLimits())
        chunkGuard.acceptMedia()
        let (passed, verdict) = Self.feed(Self.wellBehaved, to: &chunkGuard, pieces: pieces)
        #expect(verdict == .more)
        #expect(passed == Self.wellBehaved)
    }

    @Test func everySplitInTwoRefusesTheOverflowAtTheSameByte() {
        let bytes = ChunkBytes.overflow(total: 64)
        var whole = Self.connected()
        let (expected, verdict) = Self.feed(bytes, to: &whole)
        let text = "a type 1 header on chunk stream 3 inside an unfinished message, 72 of 200 bytes before its end"
        #expect(verdict == .refuse(text))
        #expect(expected == Array(bytes[..<(bytes.count - 64 - 8)]))
        for split in 1..<bytes.count {
            var chunkGuard = Self.connected()
            let (first, early) = Self.feed(Array(bytes[..<split]), to: &chunkGuard)
            var passed = first
            if early == .more {
                passed += Self.feed(Array(bytes[first.count...]), to: &chunkGuard).passed
            }
            #expect(passed == expected, "split at \(split)")
            let (nothing, late) = Self.feed([0], to: &chunkGuard)
            #expect(nothing.isEmpty)
            #expect(Self.reason(late) != nil)
        }
    }

    @Test(arguments: [0, 1, 2] as [UInt8])
    func noHeaderInsideAMessage(format: UInt8) {
        var chunkGuard = Self.connected()
        let start = ChunkBytes.header(0, stream: 3, length: 200, type: 20) + [UInt8](repeating: 0, count: 128)
        let second = ChunkBytes.header(format, stream: 3, length: 200, type: 20)
        let (passed, verdict) = Self.feed(start + second, to: &chunkGuard)
        #expect(passed == start)
        #expect(Self.reason(verdict)?.contains("inside an unfinished message") == true)
    }

    @Test func theVersionFieldOfTheHandshakeIsCleared() {
        var handshake = ChunkBytes.handshake
        handshake.replaceSubrange(1..<9, with: [1, 2, 3, 4, 9, 0, 124, 2])
        for pieces in [1, 3, 6, 4000] {
            var chunkGuard = ChunkGuard(limits: RTMPLimits())
            let (passed, _) = Self.feed(handshake, to: &chunkGuard, pieces: pieces)
            #expect(passed[..<10] == [3, 1, 2, 3, 4, 0, 0, 0, 0, 0])
            #expect(passed[10...] == handshake[10...])
        }
    }

    @Test(
        arguments: [
            (0x16, "TLS"), (0x47, "HTTP"), (0x06, "RTMPE"), (0x00, "RTMP version 0"),
        ] as [(UInt8, String)])
    func whatIsNotRTMPIsNamed(first: UInt8, word: String) {
        var chunkGuard = ChunkGuard(limits: RTMPLimits())
        let (passed, verdict) = Self.feed([first, 3, 1], to: &chunkGuard)
        #expect(passed.isEmpty)
        #expect(Self.reason(verdict)?.contains(word) == true)
        #expect(!chunkGuard.handshakeIsComplete)
    }

    @Test func chunkStreamsAreCounted() {
        var limits = RTMPLimits()
        limits.maxChunkStreams = 4
        var chunkGuard = Self.connected(limits)
        let four = (3..<7).flatMap { ChunkBytes.message(18, [5], stream: $0) }
        #expect(Self.feed(four + four, to: &chunkGuard).verdict == .more)
        #expect(
            Self.feed(ChunkBytes.message(18, [5], stream: 70), to: &chunkGuard).verdict
                == .refuse("more than 4 chunk streams"))
    }

    @Test(arguments: [2, 3] as [UInt8])
    func aChunkStreamStartsWithALength(format: UInt8) {
        var chunkGuard = Self.connected()
        let (passed, verdict) = Self.feed(ChunkBytes.header(format, stream: 9), to: &chunkGuard)
        #expect(passed.isEmpty)
        #expect(verdict == .refuse("chunk stream 9 starts with a type \(format) header"))
    }

    @Test func messagesHaveALimit() {
        var stranger = Self.connected()
        let (_, refused) = Self.feed(ChunkBytes.header(0, stream: 3, length: 65_537, type: 20), to: &stranger)
        #expect(refused == .refuse("a message of type 20 with 65537 bytes, at most 65536"))
        var publisher = Self.connected(publishing: true)
        let picture = ChunkBytes.header(0, stream: 6, length: 8 << 20, type: 9)
        #expect(Self.feed(picture, to: &publisher).verdict == .more)
        var greedy = Self.connected(publishing: true)
        let (_, tooLong) = Self.feed(ChunkBytes.header(0, stream: 4, length: (8 << 20) + 1, type: 8), to: &greedy)
        #expect(tooLong == .refuse("a message of type 8 with 8388609 bytes, at most 8388608"))
        var commanding = Self.connected(publishing: true)
        #expect(
            Self.reason(Self.feed(ChunkBytes.header(0, stream: 3, length: 65_537, type: 18), to: &commanding).verdict)
                != nil)
    }

    @Test func largeMediaOfAStrangerWaits() {
        var chunkGuard = Self.connected()
        let small = ChunkBytes.message(9, [0x17, 0], stream: 6)
        let picture = ChunkBytes.header(0, stream: 6, length: 100_000, type: 9) + [UInt8](repeating: 0, count: 128)
        let (passed, verdict) = Self.feed(small + picture, to: &chunkGuard)
        #expect(verdict == .hold)
        #expect(passed == small)
        #expect(Self.feed(picture, to: &chunkGuard).verdict == .hold)
        chunkGuard.acceptMedia()
        let (rest, after) = Self.feed(picture, to: &chunkGuard)
        #expect(after == .more)
        #expect(rest == picture)
    }

    @Test func halfReceivedBytesHaveALimit() {
        func start(_ stream: Int, _ length: Int, _ type: UInt8) -> [UInt8] {
            ChunkBytes.header(0, stream: stream, length: length, type: type) + [UInt8](repeating: 0, count: 128)
        }
        var stranger = Self.connected()
        let four = (3..<7).flatMap { start($0, 65_000, 20) }
        #expect(Self.feed(four, to: &stranger).verdict == .more)
        let (_, verdict) = Self.feed(start(7, 65_000, 20), to: &stranger)
        #expect(verdict == .refuse("260000 bytes of unfinished messages and 65000 more, at most 262144"))
        var publisher = Self.connected(publishing: true)
        #expect(Self.feed(start(3, 8 << 20, 9) + start(4, 8 << 20, 9), to: &publisher).verdict == .more)
        #expect(Self.reason(Self.feed(start(5, 200, 9), to: &publisher).verdict) != nil)
        // What is aborted does not count any more.
        var aborting = Self.connected(publishing: true)
        let two = start(3, 8 << 20, 9) + start(4, 8 << 20, 9) + ChunkBytes.message(2, [0, 0, 0, 4], stream: 5)
        #expect(Self.reason(Self.feed(two, to: &aborting).verdict) != nil)
        var patient = Self.connected(publishing: true)
        let one = start(3, 8 << 20, 9) + ChunkBytes.message(2, [0, 0, 0, 3], stream: 2)
        #expect(Self.feed((0..<10).flatMap { _ in one }, to: &patient).verdict == .more)
    }

    @Test func controlMessagesAreChecked() {
        for size: [UInt8] in [[0, 0, 0, 0], [0x80, 0, 0, 1], [0xFF, 0xFF, 0xFF, 0xFF]] {
            var chunkGuard = Self.connected()
            let (_, verdict) = Self.feed(ChunkBytes.message(1, size, stream: 2), to: &chunkGuard)
            #expect(Self.reason(verdict)?.contains("a chunk size of") == true)
        }
        var limits = RTMPLimits()
        limits.maxChunkSize = 65_536
        var limited = Self.connected(limits)
        #expect(Self.reason(Self.feed(ChunkBytes.message(1, [0, 1, 0, 1], stream: 2), to: &limited).verdict) != nil)
        for type: UInt8 in [1, 2] {
            for length in [0, 3, 5] {
                var chunkGuard = Self.connected()
                let bytes = ChunkBytes.message(type, [UInt8](repeating: 0, count: length), stream: 2)
                #expect(Self.reason(Self.feed(bytes, to: &chunkGuard).verdict)?.contains("instead of 4") == true)
            }
        }
    }

    /// A chunk size of 1 cuts Set Chunk Size itself into four chunks.
    @Test func theSmallestChunkSizeWorks() {
        var chunkGuard = Self.connected()
        let bytes =
            ChunkBytes.message(1, [0, 0, 0, 1], stream: 2) + ChunkBytes.message(18, [5, 5, 5], stream: 4, chunkSize: 1)
            + ChunkBytes.message(1, [0, 0, 4, 0], stream: 2, chunkSize: 1)
            + ChunkBytes.message(18, [UInt8](repeating: 5, count: 2000), stream: 4, chunkSize: 1024)
        for pieces in [1, 2, 5, 10_000] {
            var copy = chunkGuard
            let (passed, verdict) = Self.feed(bytes, to: &copy, pieces: pieces)
            #expect(verdict == .more)
            #expect(passed == bytes)
        }
        #expect(Self.feed(bytes, to: &chunkGuard).verdict == .more)
    }
}
