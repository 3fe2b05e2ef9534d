import FFmpeg
import Media
import Synchronization

/// All encoded rungs of one picture size: each picture is scaled once and encoded by every rung, on a thread of its own.
final class VideoLane {
    private enum Work: Sendable {
        case picture(Frame, time: Int64)
        case cut(SourceCut)
        case splice(time: Int64, [SegmentBoundaries.Move])
    }

    /// What the thread hands back.
    private struct Results {
        var outputs: [TranscodeOutput] = []
        var failure: TranscodeError?
        var repeated: UInt64 = 0
        var dropped: UInt64 = 0
    }

    /// The thread's side.
    private final class Worker: @unchecked Sendable {  // why: the thread alone touches it; `results` locks
        private let rungs: [VideoRungEncoder]
        private let thumbnails: ThumbnailEncoder?
        private var scaler: Scaler
        let results = Mutex(Results())

        init(_ rungs: [VideoRungEncoder], _ thumbnails: ThumbnailEncoder?, width: Int, height: Int) {
            self.rungs = rungs
            self.thumbnails = thumbnails
            scaler = Scaler(width: width, height: height)
        }

        func run(_ queue: BoundedQueue<Work>) {
            do throws(TranscodeError) {
                while let work = queue.pop() { try handle(work) }
                var outputs: [TranscodeOutput] = []
                try thumbnails?.finish(&outputs)
                for rung in rungs { try rung.finish(&outputs) }
                publish(outputs)
            } catch {
                results.withLock { $0.failure = error }
                // Whoever waits for room must not wait for ever.
                queue.close(discarding: true)
            }
        }

        private func handle(_ work: Work) throws(TranscodeError) {
            switch work {
            case .cut(let cut):
                thumbnails?.cut(cut)
                for rung in rungs { rung.cut(cut) }
            case .splice(let time, let moves):
                thumbnails?.splice(moves)
                for rung in rungs { rung.splice(at: time, moves) }
            case .picture(let picture, let time):
                let scaled = try translating { () throws(FFmpegError) in try scaler.scale(picture) }
                var outputs: [TranscodeOutput] = []
                try thumbnails?.add(scaled, at: time, to: &outputs)
                for rung in rungs { try rung.add(scaled, at: time, to: &outputs) }
                publish(outputs)
            }
        }

        private func publish(_ outputs: [TranscodeOutput]) {
            let repeated = rungs.reduce(0) { $0 + $1.repeated }
            let dropped = rungs.reduce(0) { $0 + $1.dropped }
            results.withLock {
                $0.outputs += outputs
                $0.repeated = repeated
                $0.dropped = dropped
            }
        }
    }

    private let worker: Worker
    private let queue: BoundedQueue<Work>
    private var thread: WorkerThread?

    /// - Parameters:
    ///   - rungs: all of the same size.
    ///   - thumbnails: of the frames of one of them.
    ///   - framesInFlight: pictures that may wait before `add` blocks.
    init(
        _ rungs: [VideoRungEncoder], thumbnails: ThumbnailEncoder? = nil, width: Int, height: Int, framesInFlight: Int
    ) throws(TranscodeError) {
        let worker = Worker(rungs, thumbnails, width: width, height: height)
        let queue = BoundedQueue<Work>(capacity: framesInFlight)
        guard let thread = WorkerThread({ worker.run(queue) }) else {
            throw .invalidLadder("the system gives no thread to encode in")
        }
        self.worker = worker
        self.queue = queue
        self.thread = consume thread
    }

    deinit {
        queue.close(discarding: true)
        join()
    }

    /// Blocks while the encoders are behind.
    func add(_ picture: Frame, at time: Int64) { queue.push(.picture(picture, time: time)) }

    func cut(_ cut: SourceCut) { queue.push(.cut(cut)) }

    func splice(at time: Int64, _ moves: [SegmentBoundaries.Move]) { queue.push(.splice(time: time, moves)) }

    /// What has come out since the last time.
    func collect(into outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        let (fresh, failure) = worker.results.withLock { results in
            defer { results.outputs.removeAll() }
            return (results.outputs, results.failure)
        }
        outputs += fresh
        if let failure { throw failure }
    }

    /// Pictures given out more than once, and pictures dropped.
    var counts: (repeated: UInt64, dropped: UInt64) { worker.results.withLock { ($0.repeated, $0.dropped) } }

    /// Waits until everything is encoded.
    func finish(into outputs: inout [TranscodeOutput]) throws(TranscodeError) {
        queue.close()
        join()
        try collect(into: &outputs)
    }

    private func join() {
        guard let thread = thread.take() else { return }
        thread.join()
    }
}
