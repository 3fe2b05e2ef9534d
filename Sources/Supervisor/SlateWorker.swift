import CLinux
package import ChunkStream
import Glibc
package import Media
package import Slate
import Subprocess
import Synchronization
import SystemPackage

/// A worker that makes a slate and goes: `sluice-ingest slate`, confined as one of a publication is.
///
/// Its standard input is a file in memory that has no name: what the slate is made of; its standard output one end of a
/// socket pair that speaks the messages of a publication. What it says is held to them, and to bounds.
package struct SlateWorker: Sendable {
    /// Why there is no slate, in words an operator can act on.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let path: String
    private let arguments: WorkerArguments

    /// - Parameter path: of the `sluice-ingest` executable.
    package init(path: String, arguments: WorkerArguments = WorkerArguments()) {
        self.path = path
        self.arguments = arguments
    }

    /// - Parameters:
    ///   - recipe: kept with the slate.
    ///   - say: told what the worker has to say, at most `SlateDialogue.mostEvents` times.
    package func make(
        _ ladder: Ladder, of source: SlateSource, recipe: String,
        say: @escaping @Sendable (IngestEvent) -> Void
    ) async throws -> Slate {
        let made = try await run(ladder, source.work, source, say)
        return try Slate(recipe: recipe, tracks: made.tracks, chunks: made.chunks)
    }

    /// Whether a slate can be made of it, or it can be played: else the worker's reason is thrown.
    package func inspect(
        _ ladder: Ladder, _ source: SlateSource, say: @escaping @Sendable (IngestEvent) -> Void
    ) async throws {
        _ = try await run(ladder, source.work == .examine ? .examine : .inspect, source, say)
    }

    private func run(
        _ ladder: Ladder, _ work: WorkerArguments.Work, _ source: SlateSource,
        _ say: @escaping @Sendable (IngestEvent) -> Void
    ) async throws -> SlateDialogue {
        var arguments = arguments
        arguments.work = work
        arguments.soundOffset = source.soundOffset
        let input = try source.open()
        var pair: [CInt] = [-1, -1]
        let words = LastWords()
        guard let words, socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0, &pair) == 0
        else {
            words?.closeWorkersEnd()
            try input.close()
            throw Failure(description: "no descriptors left")
        }
        let (ours, theirs) = (pair[0], pair[1])
        // Whoever reads it closes it; where no worker starts, nobody does.
        let descriptor = Descriptor(ours)
        let result = try await Subprocess.run(
            .path(FilePath(path)), arguments: Arguments(arguments.words),
            environment: .custom([:] as [Environment.Key: String]),
            input: .fileDescriptor(input, closeAfterSpawningProcess: true),
            output: .fileDescriptor(FileDescriptor(rawValue: theirs), closeAfterSpawningProcess: true),
            error: .fileDescriptor(words.workersEnd, closeAfterSpawningProcess: true)
        ) { execution in
            let made = await BlockingThread.run("slate") {
                Result {
                    try Self.converse(
                        WorkerChannel(descriptor: descriptor.take()), ladder, SlateDialogue(ladder, work, source), say)
                }
            }
            await execution.teardown(using: [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))])
            return made ?? .failure(Failure(description: "the system has no more threads"))
        }
        if let said = words.take() { say(IngestEvent(level: .warning, text: "sluice-ingest: \(said)")) }
        return try result.closureResult.get()
    }

    /// An encoder takes seconds for a GOP; a worker that is silent for so long hangs.
    private static let silenceSeconds: Int64 = 60

    private static func converse(
        _ worker: consuming WorkerChannel, _ ladder: Ladder, _ dialogue: consuming SlateDialogue,
        _ say: (IngestEvent) -> Void
    ) throws -> SlateDialogue {
        let deadline = SuspendingClock.now + .seconds(dialogue.mostSeconds)
        while true {
            let left = (deadline - SuspendingClock.now).components.seconds
            guard left > 0 else { throw Failure(description: "the worker took more than \(dialogue.mostSeconds) s") }
            worker.setTimeout(seconds: UInt32(clamping: min(left, silenceSeconds)))
            switch try worker.next() {
            case .closed: throw Failure(description: "the worker went away")
            case .timedOut: throw Failure(description: "the worker was silent, or too slow")
            case .message(let message):
                switch try dialogue.received(message) {
                case .none: break
                case .answer:
                    guard worker.send(.accept(ladder, firstSegment: 0)) else {
                        throw Failure(description: "the worker went away")
                    }
                case .say(let event): say(IngestEvent(level: event.level, text: event.text.onOneLine))
                case .done: return dialogue
                }
            }
        }
    }
}

/// A descriptor that is closed, unless somebody takes it.
private final class Descriptor: Sendable {
    private let value: Mutex<CInt>

    init(_ value: CInt) { self.value = Mutex(value) }

    deinit { value.withLock { if $0 >= 0 { close($0) } } }

    func take() -> CInt {
        value.withLock { value in
            defer { value = -1 }
            return value
        }
    }
}
