import CRTMP
import Foundation
import Glibc
import RTMPServer
import TestSupport
import Testing

/// A random walk over the chunk grammar, mostly right, so that the deep states are reached.
struct ChunkWalk {
    var random: SplitMix

    mutating func bytes() -> [UInt8] {
        var bytes: [UInt8] = []
        var chunkSize = 128
        var lengths: [Int: Int] = [:]
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            let stream = [3, 4, 6, 63, 64, 319, 320, 5000].randomElement(using: &random) ?? 3
            let time: UInt32 = [0, 40, 0xFFFFFE, 0xFFFFFF, 0xFFFF_FFFF].randomElement(using: &random) ?? 0
            let length = [0, 1, 4, 127, 128, 129, 200, 700].randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                chunkSize = [1, 100, 128, 4096].randomElement(using: &random) ?? 128
                bytes += ChunkBytes.message(
                    1, ChunkBytes.number(UInt32(chunkSize), bytes: 4), stream: 2, chunkSize: 128)
            case 1: bytes += ChunkBytes.message(2, ChunkBytes.number(UInt32(stream), bytes: 4), stream: 2)
            case 2, 3:
                // The start of a message only.
                let format = UInt8.random(in: 0...1, using: &random)
                bytes += ChunkBytes.header(format, stream: stream, timestamp: time, length: length, type: 9)
                bytes += [UInt8](repeating: 1, count: min(length, chunkSize))
                lengths[stream] = length - min(length, chunkSize)
            case 4:
                let rest = min(lengths[stream] ?? 0, chunkSize)
                bytes += ChunkBytes.basic(3, stream) + [UInt8](repeating: 2, count: rest)
                lengths[stream] = (lengths[stream] ?? 0) - rest
            default:
                bytes += ChunkBytes.message(
                    20, [UInt8](repeating: 3, count: length), stream: stream,
                    format: UInt8.random(in: 0...1, using: &random), timestamp: time, chunkSize: chunkSize)
            }
        }
        for _ in 0..<Int.random(in: 0...2, using: &random) where !bytes.isEmpty {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        return bytes
    }
}

@Suite struct GuardMutationTests {
    /// However a stream is cut into pieces, the same bytes pass, in their order.
    @Test(arguments: 1...4) func fragmentationNeverMatters(seed: Int) {
        var walk = ChunkWalk(random: SplitMix(seed: UInt64(seed)))
        let start = ChunkGuardTests.connected(publishing: seed % 2 == 0)
        var refused = 0
        for _ in 0..<2500 {
            let bytes = walk.bytes()
            var whole = start
            let (passed, verdict) = ChunkGuardTests.feed(bytes, to: &whole)
            #expect(bytes.starts(with: passed))
            if verdict != .more { refused += 1 }
            var cut = start
            let pieces = Int.random(in: 1...40, using: &walk.random)
            let (other, otherVerdict) = ChunkGuardTests.feed(bytes, to: &cut, pieces: pieces)
            #expect(other == passed)
            #expect(otherVerdict == verdict)
        }
        #expect((100..<2400).contains(refused))
    }

    /// Bytes at random, from the first one on: the guard returns.
    @Test func noise() {
        var random = SplitMix(seed: 99)
        for count in 0..<2500 {
            var chunkGuard = count % 2 == 0 ? ChunkGuard(limits: RTMPLimits()) : ChunkGuardTests.connected()
            let bytes = (0..<Int.random(in: 1...60, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let (passed, _) = ChunkGuardTests.feed(bytes, to: &chunkGuard, pieces: 7)
            #expect(passed.count <= bytes.count)
        }
    }

    /// What the guard lets through leaves librtmp alive, and librtmp agrees on where messages end.
    @Test(.timeLimit(.minutes(5))) func librtmpSurvivesWhatPasses() async {
        await #expect(processExitsWith: .success) {
            sluice_rtmp_silence()
            var walk = ChunkWalk(random: SplitMix(seed: 7))
            let start = ChunkGuardTests.connected(publishing: true)
            for _ in 0..<3000 {
                var chunkGuard = start
                let (passed, _) = ChunkGuardTests.feed(walk.bytes(), to: &chunkGuard)
                let (server, client) = try connectedPair()
                try #require(writeAll(passed, to: client))
                shutdown(client, CInt(SHUT_WR))
                let rtmp = try #require(RTMP_Alloc())
                RTMP_Init(rtmp)
                sluice_rtmp_set_socket(rtmp, server)
                var packet = RTMPPacket()
                var count: UInt64 = 0
                while RTMP_ReadPacket(rtmp, &packet) != 0 {
                    if packet.m_nBytesRead == packet.m_nBodySize { count += 1 }
                    if packet.m_nBytesRead == packet.m_nBodySize, let body = packet.m_body {
                        let number = (0..<min(4, Int(packet.m_nBodySize))).reduce(0) {
                            $0 << 8 | Int32(UInt8(bitPattern: body[$1]))
                        }
                        if packet.m_packetType == 1 { sluice_rtmp_set_in_chunk_size(rtmp, number) }
                        if packet.m_packetType == 2 { sluice_rtmp_abort(rtmp, number) }
                        RTMPPacket_Free(&packet)
                    }
                    packet = RTMPPacket()
                }
                RTMP_Free(rtmp)
                try #require(count == chunkGuard.messageCount)
                close(client)
            }
        }
    }
}
