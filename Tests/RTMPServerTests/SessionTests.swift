import FLV
import Foundation
import Glibc
import RTMPServer
import TestSupport
import Testing

/// A session with an encoder made of bytes, over a socket pair.
@Suite(.timeLimit(.minutes(5))) struct SessionTests {
    /// What a session came to, for an encoder that sends `bytes` and then only listens.
    struct Run: Sendable {
        var request: PublishRequest?
        var messages: [RTMPMessage] = []
        var error: RTMPError?
        /// Everything the encoder got after S0, S1 and S2.
        var answers: [UInt8] = []

        func answered(_ text: String) -> Bool { answered(Array(text.utf8)) }

        func answered(_ bytes: [UInt8]) -> Bool { answers.indices.contains { answers[$0...].starts(with: bytes) } }
    }

    static func run(
        _ bytes: [UInt8], limits: RTMPLimits = RTMPLimits(), closes: Bool = true, stopsAfter: Int = .max
    ) async throws -> Run {
        let (server, client) = try connectedPair()
        async let answers = onOwnThread {
            Thread.detachNewThread {
                writeAll(bytes, to: client)
                if closes { shutdown(client, CInt(SHUT_WR)) }
            }
            let answers = readAll(from: client)
            close(client)
            return answers
        }
        var run = try await onOwnThread {
            var run = Run()
            var session = try RTMPSession(socket: server, limits: limits)
            do throws(RTMPError) {
                run.request = try session.awaitPublish()
                try session.acceptPublish()
                let stopper = session.makeStopper()
                while let message = try session.nextMessage() {
                    run.messages.append(message)
                    if run.messages.count == stopsAfter { stopper.stop("another encoder took over") }
                }
            } catch {
                run.error = error
            }
            return run
        }
        run.answers = Array(try await answers.dropFirst(3073))
        return run
    }

    static let goodbye = ChunkBytes.command([.string("FCUnpublish"), .number(6), .null, .string("secret-key")])

    @Test func aPublicationFromStartToEnd() async throws {
        let picture = [UInt8](repeating: 0x17, count: 1000)
        let run = try await Self.run(
            ChunkBytes.opening() + ChunkBytes.message(9, picture, stream: 6, timestamp: 40)
                + ChunkBytes.message(8, [0xAF, 1], stream: 4, timestamp: 45) + Self.goodbye)
        #expect(run.request?.app == "news")
        #expect(run.request?.streamKey.value == "secret-key")
        #expect(run.request?.peer == "local")
        #expect(
            run.messages == [
                RTMPMessage(type: 9, timestamp: 40, payload: picture),
                RTMPMessage(type: 8, timestamp: 45, payload: [0xAF, 1]),
            ])
        #expect(run.error == nil)
        #expect(run.answered("NetStream.Publish.Start"))
        #expect(run.answered("NetStream.Unpublish.Success"))
        #expect(!run.answered("secret-key"))
    }

    @Test func aLostConnectionIsNotAnEnd() async throws {
        let run = try await Self.run(ChunkBytes.opening() + ChunkBytes.message(9, [0x17], stream: 6))
        #expect(run.messages.count == 1)
        #expect(run.error == RTMPError(.disconnected, ""))
    }

    @Test func aViolationEndsThePublicationWithItsReason() async throws {
        let run = try await Self.run(
            ChunkBytes.opening() + ChunkBytes.message(9, [0x17], stream: 6)
                + ChunkBytes.header(0, stream: 3, length: 1 << 20, type: 20), closes: false)
        #expect(run.messages.count == 1)
        #expect(run.error == RTMPError(.refused, ""))
        let reason = "a message of type 20 with 1048576 bytes, at most 65536"
        #expect(run.error?.reason == reason)
        // The encoder's user reads the same words.
        #expect(run.answered("NetStream.Failed"))
        #expect(run.answered(reason))
    }

    /// The first picture comes with the opening, and is larger than what a stranger may send.
    @Test func anImpatientEncoderWaitsForItsAcceptance() async throws {
        let picture = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        let run = try await Self.run(
            ChunkBytes.opening() + ChunkBytes.message(9, picture, stream: 6) + Self.goodbye)
        #expect(run.messages.map(\.payload) == [picture])
        #expect(run.error == nil)
    }

    @Test func chunkSizeAndAbortReachLibrtmp() async throws {
        let picture = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
        let run = try await Self.run(
            ChunkBytes.opening() + ChunkBytes.message(1, [0, 0, 16, 0], stream: 2)
                + ChunkBytes.message(9, picture, stream: 6, chunkSize: 4096)
                + ChunkBytes.header(0, stream: 7, length: 5000, type: 9, streamID: 1) + picture[..<4096]
                + ChunkBytes.message(2, [0, 0, 0, 7], stream: 2, chunkSize: 4096)
                + ChunkBytes.message(9, Array(picture.reversed()), stream: 7, chunkSize: 4096)
                + Self.goodbye)
        #expect(run.messages.map(\.payload) == [picture, picture.reversed()])
        #expect(run.error == nil)
    }

    /// Absolute and relative times around the extended timestamp (0xFFFFFF) and around the wrap (2^32).
    @Test func extendedTimestamps() async throws {
        let body = [UInt8](repeating: 0x27, count: 300)
        var bytes = ChunkBytes.opening()
        let absolute: [UInt32] = [0xFFFFFE, 0xFFFFFF, 0x0100_0000, 0xFFFF_FFF0]
        for time in absolute { bytes += ChunkBytes.message(9, body, stream: 6, timestamp: time) }
        bytes += ChunkBytes.message(9, body, stream: 6, format: 1, timestamp: 0x20)
        // A delta that needs the extended field itself.
        bytes += ChunkBytes.message(9, body, stream: 6, format: 1, timestamp: 0x0100_0000)
        let run = try await Self.run(bytes + Self.goodbye)
        #expect(run.messages.map(\.timestamp) == absolute + [0x10, 0x0100_0010])
        #expect(run.messages.allSatisfy { $0.payload == body })
    }

    @Test func aPingIsAnsweredAndBytesAreAcknowledged() async throws {
        let run = try await Self.run(
            ChunkBytes.opening() + ChunkBytes.message(5, [0, 0, 0x10, 0], stream: 2)
                + ChunkBytes.message(4, [0, 6, 1, 2, 3, 4], stream: 2)
                + ChunkBytes.message(9, [UInt8](repeating: 1, count: 8000), stream: 6) + Self.goodbye)
        // Chunk stream 2, timestamp 0, length 6, type 4, message stream 0, then the event.
        #expect(run.answered([2, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 7, 1, 2, 3, 4]))
        #expect(run.answered([2, 0, 0, 0, 0, 0, 4, 3, 0, 0, 0, 0]))
    }

    @Test func aStopFromOutside() async throws {
        let run = try await Self.run(
            ChunkBytes.opening() + ChunkBytes.message(9, [0x17], stream: 6), closes: false, stopsAfter: 1)
        #expect(run.error?.code == .stopped)
        #expect(run.error?.reason == "another encoder took over")
        #expect(run.answered("another encoder took over"))
    }

    @Test func silenceEndsTheSession() async throws {
        var limits = RTMPLimits()
        limits.setupTimeout = .milliseconds(100)
        let nothing = try await Self.run([], limits: limits, closes: false)
        #expect(nothing.error == RTMPError(.timedOut, ""))
        let half = try await Self.run(Array(ChunkBytes.handshake[..<2000]), limits: limits, closes: false)
        #expect(half.error == RTMPError(.timedOut, ""))
        limits.setupTimeout = .seconds(10)
        limits.idleTimeout = .milliseconds(100)
        let idle = try await Self.run(ChunkBytes.opening(), limits: limits, closes: false)
        #expect(idle.error == RTMPError(.timedOut, ""))
        #expect(idle.error?.reason.contains("sent nothing") == true)
    }

    /// A publication by an encoder that does nothing but write.
    private static func run(
        limits: RTMPLimits, writing: @escaping @Sendable (_ client: Int32) -> Void
    ) async throws -> Run {
        try await onOwnThread {
            let (server, client) = try connectedPair()
            Thread.detachNewThread {
                writing(client)
                close(client)
            }
            var run = Run()
            var session = try RTMPSession(socket: server, limits: limits)
            do throws(RTMPError) {
                run.request = try session.awaitPublish()
                try session.acceptPublish()
                while try session.nextMessage() != nil {}
            } catch {
                run.error = error
            }
            return run
        }
    }

    /// A byte now and then would hold a place for ever.
    @Test func aTrickleIsSilence() async throws {
        var limits = RTMPLimits()
        limits.idleTimeout = .milliseconds(300)
        limits.minimumProgress = 1 << 20
        // An answer to a ping, so that nobody answers. More than is taken before the publication is accepted lies there
        // from the first moment on.
        let message = ChunkBytes.message(4, [0, 7, 1, 2, 3, 4], stream: 2)
        let opening = ChunkBytes.opening() + (0..<8000).flatMap { _ in message }
        let run = try await Self.run(limits: limits) { client in
            var isOpen = writeAll(opening, to: client)
            while isOpen {
                isOpen = writeAll(message, to: client)
                usleep(1000)  // why: so slow it is
            }
        }
        #expect(run.error == RTMPError(.timedOut, ""))
        #expect(run.error?.reason.contains("sent no more than") == true)
    }

    /// An encoder that floods pings and reads no answer may not hold librtmp in a write for ever.
    @Test func whoReadsNothingIsCutOff() async throws {
        var limits = RTMPLimits()
        limits.idleTimeout = .milliseconds(200)
        let pings = (0..<1000).flatMap { _ in ChunkBytes.message(4, [0, 6, 1, 2, 3, 4], stream: 2) }
        let opening = ChunkBytes.opening() + (0..<10).flatMap { _ in pings }
        let run = try await Self.run(limits: limits) { client in
            var isOpen = writeAll(opening, to: client)
            while isOpen { isOpen = writeAll(pings, to: client) }
        }
        #expect(run.request != nil)
        #expect(run.error == RTMPError(.timedOut, ""))
        #expect(run.error?.reason.contains("read none") == true)
    }

    @Test func notRTMPAtAll() async throws {
        let run = try await Self.run(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), closes: false)
        #expect(run.error == RTMPError(.refused, ""))
        #expect(run.error?.reason == "HTTP where RTMP is spoken")
        let short = try await Self.run([3, 1, 2])
        #expect(short.error == RTMPError(.handshake, ""))
    }
}
