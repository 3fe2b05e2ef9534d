import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

extension Fault {
    /// What the wire does before an answer is made: waits, or answers instead. Nil: the answer is made.
    func answer(_ context: KeyRequestContext) async -> Response? {
        switch fault {
        case .delay:
            await wait(seconds ?? 1, context)
            return nil
        case .hang:
            await wait(seconds ?? 3600, context)
            context.channel.close(promise: nil)
            return Response(status: .serviceUnavailable)
        case .cut:
            context.channel.close(promise: nil)
            return Response(status: .serviceUnavailable)
        case .status:
            var response = Response(status: .init(code: min(max(status ?? 503, 200), 599)))
            response.headers[.retryAfter] = retryAfter.map { "\($0)" }
            response.headers[.contentType] = "text/plain; charset=utf-8"
            response.body = .init(byteBuffer: ByteBuffer(string: "a fault that was asked for\n"))
            return response
        case .garbage:
            let bytes = (0..<777).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }
            return Response(
                status: .ok, headers: [.contentType: "application/xml"],
                body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        default: return nil
        }
    }

    /// What the wire does to an answer.
    func spoil(_ response: inout Response, _ bytes: [UInt8]) {
        guard fault == .truncate else { return }
        response.body = .init(contentLength: bytes.count) { writer in
            try await writer.write(ByteBuffer(bytes: bytes.prefix(bytes.count / 2)))
            // An error ends the connection.
            throw CutShort()
        }
    }

    private struct CutShort: Error {}

    /// Until then, or until the client or the server goes.
    private func wait(_ seconds: Double, _ context: KeyRequestContext) async {
        let seconds = min(max(seconds, 0), 86_400)
        // A future cannot be waited for less long than it takes; the end of a stream can.
        let (gone, continuation) = AsyncStream<Never>.makeStream()
        context.channel.closeFuture.whenComplete { _ in continuation.finish() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(seconds)) }
            }
            group.addTask { for await _ in gone {} }
            await group.next()
            group.cancelAll()
        }
    }
}
