import CFuzzer
import CRTMP
import RTMPServer

extension FuzzTarget {
    /// The first byte chooses how the rest is cut, and whether the handshake is part of it: the verdict must not depend
    /// on where reads end.
    static let chunkGuard = FuzzTarget(name: "chunk-guard") { input in
        var input = Input(input)
        let flags = input.byte()
        let step = Int(flags & 31) + 1
        let start = flags & 32 == 0 ? afterHandshake : ChunkGuard(limits: limits)
        let bytes = input.remainder()
        let whole = Judgement(start, bytes, step: max(bytes.count, 1), holds: flags & 64 != 0)
        let pieces = Judgement(start, bytes, step: step, holds: flags & 64 != 0)
        require(whole == pieces, "\(whole) at once, \(pieces) in steps of \(step)")
    }

    /// librtmp itself reads what the guard lets pass, and must find the same messages. Its copies go through the
    /// address sanitizer.
    static let rtmpRead = FuzzTarget(name: "rtmp-read") { input in
        var passed = Array(input.prefix(16_000))
        var chunkGuard = afterHandshake
        chunkGuard.acceptMedia()
        let accepted = chunkGuard.inspect(&passed, in: passed.indices).accepted
        sluice_rtmp_silence()
        guard let rtmp = RTMP_Alloc() else { return }
        RTMP_Init(rtmp)
        _ = sluice_fuzz_rtmp_feed(rtmp, passed, accepted)
        var count: UInt64 = 0
        var packet = RTMPPacket()
        while count < chunkGuard.messageCount, RTMP_ReadPacket(rtmp, &packet) != 0 {
            guard packet.m_nBytesRead == packet.m_nBodySize else { continue }
            count += 1
            apply(packet, to: rtmp)
            if packet.m_body != nil { RTMPPacket_Free(&packet) }
        }
        RTMP_Close(rtmp)
        RTMP_Free(rtmp)
        require(count == chunkGuard.messageCount, "\(count) messages of \(chunkGuard.messageCount)")
    }

    /// What `PublisherConversation` and `RTMPSession` do with control messages.
    private static func apply(_ packet: RTMPPacket, to rtmp: UnsafeMutablePointer<RTMP>) {
        guard packet.m_nBodySize == 4, let body = packet.m_body else { return }
        let value = (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(UInt8(bitPattern: body[$1])) }
        switch packet.m_packetType {
        case 1 where value > 0: sluice_rtmp_set_in_chunk_size(rtmp, Int32(clamping: min(value, 0xFF_FFFF)))
        case 2: if let id = Int32(exactly: value) { sluice_rtmp_abort(rtmp, id) }
        default: break
        }
    }

    private static let limits = {
        var limits = RTMPLimits()
        // Small enough to be reached.
        limits.maxChunkStreams = 6
        limits.maxControlMessage = 4096
        limits.maxMediaMessage = 65536
        limits.maxHalfReceivedBeforePublish = 8192
        limits.maxHalfReceived = 131_072
        return limits
    }()

    private static let afterHandshake = {
        var chunkGuard = ChunkGuard(limits: limits)
        var bytes: [UInt8] = [3] + [UInt8](repeating: 0, count: 2 * 1536)
        _ = chunkGuard.inspect(&bytes, in: bytes.indices)
        return chunkGuard
    }()
}

/// What a guard made of some bytes that came in steps.
private struct Judgement: Equatable {
    var accepted = 0
    var verdict = ChunkGuard.Verdict.more
    var messages: UInt64
    var bytes: [UInt8]

    init(_ start: ChunkGuard, _ input: [UInt8], step: Int, holds: Bool) {
        var chunkGuard = start
        bytes = input
        messages = 0
        var available = 0
        while available < bytes.count, verdict == .more {
            available = min(available + step, bytes.count)
            judge(&chunkGuard, available)
            guard verdict == .hold, holds else { continue }
            chunkGuard.acceptMedia()
            judge(&chunkGuard, available)
        }
        messages = chunkGuard.messageCount
    }

    private mutating func judge(_ chunkGuard: inout ChunkGuard, _ available: Int) {
        let result = chunkGuard.inspect(&bytes, in: accepted..<available)
        require((0...available - accepted).contains(result.accepted), "accepts what was not given")
        accepted += result.accepted
        verdict = result.verdict
    }
}
