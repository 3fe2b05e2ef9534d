import CRTMP
import Foundation
import Glibc
import RTMPServer
import TestSupport
import Testing

/// Why there is a guard: librtmp alone dies of these bytes, and behind the guard they do not reach it.
@Suite(.timeLimit(.minutes(5))) struct OverflowTests {
    static let size = 15 << 20

    @Test func librtmpAloneDies() async throws {
        let result = await #expect(processExitsWith: .failure) {
            let (server, client) = try connectedPair()
            Thread.detachNewThread {
                writeAll(ChunkBytes.handshake + ChunkBytes.overflow(total: OverflowTests.size), to: client)
                close(client)
            }
            sluice_rtmp_silence()
            let rtmp = try #require(RTMP_Alloc())
            RTMP_Init(rtmp)
            sluice_rtmp_set_socket(rtmp, server)
            _ = RTMP_Serve(rtmp)
            var packet = RTMPPacket()
            while RTMP_ReadPacket(rtmp, &packet) != 0 {
                if packet.m_nBytesRead == packet.m_nBodySize, let body = packet.m_body {
                    if packet.m_packetType == 1 {
                        let size = (0..<4).reduce(0) { $0 << 8 | Int32(UInt8(bitPattern: body[$1])) }
                        sluice_rtmp_set_in_chunk_size(rtmp, size)
                    }
                    RTMPPacket_Free(&packet)
                }
                packet = RTMPPacket()
            }
            // Whoever gets here has survived, and the test fails.
            exit(EXIT_SUCCESS)
        }
        let status = try #require(result?.exitStatus)
        #expect([.signal(SIGSEGV), .signal(SIGABRT), .signal(SIGBUS)].contains(status))
    }

    @Test func theGuardRefusesTheSameBytes() async throws {
        let error = try await onOwnThread { () throws -> RTMPError? in
            let (server, client) = try connectedPair()
            Thread.detachNewThread {
                writeAll(ChunkBytes.handshake + ChunkBytes.overflow(total: OverflowTests.size), to: client)
                shutdown(client, CInt(SHUT_WR))
                _ = readAll(from: client)
                close(client)
            }
            var session = try RTMPSession(socket: server)
            do throws(RTMPError) {
                _ = try session.awaitPublish()
                return nil
            } catch {
                return error
            }
        }
        #expect(error?.code == .refused)
        #expect(error?.reason.contains("inside an unfinished message") == true)
    }
}
