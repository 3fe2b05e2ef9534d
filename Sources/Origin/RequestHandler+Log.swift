import Access
import NIOCore
import NIOHTTP1
import ViewerTokens

/// What of a request is written into the access log. Nothing is done where there is none.
extension RequestHandler {
    /// Below this nobody waits until all has left: it is the kernel's at once.
    private static let loggedAtOnce = 64 << 10

    func beginRecord(
        of head: HTTPRequestHead, _ cmcd: String? = nil, _ passage: AccessGate.Passage = .open
    ) {
        guard log != nil else { return }
        var new = AccessRecord(head, cmcd: cmcd, address: asker?.address)
        if case .admitted(_, let viewer) = passage { (new.subject, new.session) = (viewer.subject, viewer.session) }
        record = new
    }

    func recordHot(bytes: Int) {
        record?.source = .hot
        record?.status = HTTPResponseStatus.ok.code
        record?.bytes = bytes
        endRecord()
    }

    /// - Returns: what is to be told when all of the answer has left; nil: nobody.
    func recordIsAnswered(on eventLoop: any EventLoop) -> EventLoopPromise<Void>? {
        guard let log, let record else { return nil }
        guard record.bytes > Self.loggedAtOnce else {
            endRecord()
            return nil
        }
        self.record = nil
        let sent = eventLoop.makePromise(of: Void.self)
        sent.futureResult.whenComplete { result in
            var record = record
            if case .failure = result { record.isWhole = false }
            record.end()
            log.add(record)
        }
        return sent
    }

    /// The connection, or the stream, is over, and its answer is not.
    func recordIsCutOff() {
        guard record != nil else { return }
        record?.isWhole = false
        if record?.status == 0 { record?.status = AccessRecord.left }
        endRecord()
    }

    private func endRecord() {
        guard let log, var record else { return }
        self.record = nil
        record.end()
        log.add(record)
    }
}
