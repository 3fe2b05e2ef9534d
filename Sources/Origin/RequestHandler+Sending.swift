import NIOCore
import NIOHTTP1

/// Bodies that are not one piece of memory: from a file, in slices, as far as there is room for them, or piece by piece, while they are made.
extension RequestHandler {
    func write(_ parts: FileParts, context: ChannelHandlerContext) {
        context.write(NIOAny(parts.region), promise: nil)
        context.write(NIOAny(parts.keeper), promise: nil)
    }

    // MARK: In slices

    func sendSlices(of size: Int, context: ChannelHandlerContext) {
        guard !isSlicing else { return }
        isSlicing = true
        defer { isSlicing = false }
        while let (head, rest) = slices, context.channel.isActive {
            if !context.channel.isWritable {
                context.flush()
                guard context.channel.isWritable else { return }
            }
            noteProgress()
            var left = rest
            guard let slice = left.readSlice(length: min(size, left.readableBytes)) else { return }
            slices = left.readableBytes > 0 ? (head, left) : nil
            writeBody(slice, context: context)
            guard slices != nil else {
                // The answer behind it may be in slices as well.
                isSlicing = false
                return writeEnd(for: head, context: context)
            }
            // TLS takes what it is given until it is flushed, and the channel hears nothing of it: it would be writable for ever.
            if wire == .http1 { context.flush() }
        }
    }

    // MARK: Piece by piece

    private static let piecesInARow = 32

    /// One piece at a time, and none while earlier ones wait to be sent: a slow reader holds one piece, which is shared.
    func sendNext(context: ChannelHandlerContext) {
        guard let asker, let sending, context.channel.isActive else { return }
        guard context.channel.isWritable else {
            self.sending?.isPaused = true
            return context.flush()
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        sending.stream.next(sending.index, asker).whenComplete { result in
            let (handler, context) = bound.value
            handler.asker?.answered()
            handler.send((try? result.get()) ?? .broken, context: context)
        }
    }

    private func send(_ step: ResponseStream.Step, context: ChannelHandlerContext) {
        guard let sending, context.channel.isActive else { return }
        noteProgress()
        switch step {
        case .bytes(let buffer):
            self.sending?.index += 1
            self.sending?.bytes += buffer.readableBytes
            record?.bytes += buffer.readableBytes
            writePiece(buffer, context: context)
            // What is there already comes at once, and would go on from call to call: the stack is not for that.
            guard sending.index % Self.piecesInARow == Self.piecesInARow - 1 else { return sendNext(context: context) }
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.execute {
                let (handler, context) = bound.value
                handler.sendNext(context: context)
            }
        case .end:
            self.sending = nil
            metrics.count(status: HTTPResponseStatus.ok.code, bytes: sending.bytes)
            if wire == .http1 {
                context.write(NIOAny(ByteBuffer(staticString: "0\r\n\r\n")), promise: nil)
            }
            writeEnd(for: sending.head, context: context)
        case .broken:
            self.sending = nil
            metrics.countBroken(bytes: sending.bytes)
            // Without the last chunk, or with the stream reset, nobody keeps it. RFC 9112, clause 8; RFC 9113, 8.1.1.
            context.close(promise: nil)
        }
    }

    /// RFC 9112, clause 7.1.
    private func writePiece(_ buffer: ByteBuffer, context: ChannelHandlerContext) {
        if wire == .http2 { return writeBody(buffer, flushing: context) }
        // A chunk of no bytes would be the last one.
        guard buffer.readableBytes > 0 else { return }
        let size = String(buffer.readableBytes, radix: 16)
        context.write(NIOAny(ByteBuffer(string: "\(size)\r\n")), promise: nil)
        context.write(NIOAny(buffer), promise: nil)
        context.writeAndFlush(NIOAny(ByteBuffer(staticString: "\r\n")), promise: nil)
    }

    private func writeBody(_ buffer: ByteBuffer, flushing context: ChannelHandlerContext) {
        writeBody(buffer, context: context)
        context.flush()
    }
}
