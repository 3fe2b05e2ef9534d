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
/// Its standard input is the image, or a segment whose last picture is wanted; its standard output one end of a socket
/// pair that speaks the messages of a publication. What it says is held to them, and to bounds.
package struct SlateWorker: Sendable {
    /// Why there is no slate, in words an operator can act on.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// What it is to show.
    package enum Picture: Sendable {
        case black
        /// Path of a PNG or JPEG file.
        case image(String)
        /// The last picture of a CMAF segment, behind its header.
        case media([UInt8])

        fileprivate func open() throws -> FileDescriptor {
            switch self {
            case .black: return try .open("/dev/null", .readOnly, options: [.closeOnExec])
            case .image(let path): return try .open(path, .readOnly, options: [.closeOnExec])
            case .media(let bytes):
                // In memory: what is sealed on the disk is not to lie there in the clear. 1: close on exec.
                let file = FileDescriptor(rawValue: memfd_create("last-picture", 1))
                guard file.rawValue >= 0 else { throw Failure(description: "no descriptors left") }
                do {
                    try file.writeAll(bytes)
                    try file.seek(offset: 0, from: .start)
                } catch {
                    try file.close()
                    throw error
                }
                return file
            }
        }
    }

    private let path: String
    private var arguments: WorkerArguments

    /// - Parameter path: of the `sluice-ingest` executable.
    package init(path: String, arguments: WorkerArguments = WorkerArguments()) {
        self.path = path
        self.arguments = arguments
        self.arguments.makesSlate = true
    }

    /// - Parameters:
    ///   - recipe: kept with the slate.
    ///   - warn: told what the worker has to say.
    package func make(
        _ ladder: Ladder, _ picture: Picture, recipe: String, warn: @escaping @Sendable (String) -> Void
    ) async throws -> Slate {
        let input = try picture.open()
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
                Result { try Self.converse(WorkerChannel(descriptor: descriptor.take()), ladder, recipe, warn) }
            }
            await execution.teardown(using: [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))])
            return made
        }
        if let said = words.take() { warn("sluice-ingest: \(said)") }
        return try result.closureResult.get()
    }

    /// An encoder takes seconds for a GOP; a worker that is silent for so long hangs.
    private static let silenceSeconds: UInt32 = 60

    private static func converse(
        _ worker: consuming WorkerChannel, _ ladder: Ladder, _ recipe: String, _ warn: (String) -> Void
    ) throws -> Slate {
        worker.setTimeout(seconds: silenceSeconds)
        guard case .hello(Frame.version) = try next(&worker) else {
            throw Failure(description: "sluice-ingest speaks another version of the chunk stream")
        }
        guard worker.send(.accept(ladder, firstSegment: 0)) else { throw Failure(description: "the worker went away") }
        var tracks: [TrackDescription] = []
        var chunks: [[UInt8]] = []
        var bytes = 0
        while true {
            switch try next(&worker) {
            case .tracks(let found) where tracks.isEmpty: tracks = found
            case .chunk(let chunk) where Int(chunk.track) == chunks.count && chunks.count < tracks.count:
                bytes += chunk.bytes.count
                guard bytes <= WorkerLimits.slateBytes else {
                    throw Failure(description: "more than \(WorkerLimits.slateBytes) bytes")
                }
                chunks.append(chunk.bytes)
            case .event(let event): warn(event.text.onOneLine)
            case .end(let reason):
                guard reason.isEmpty, tracks.map(\.name) == ladder.video.map(\.name) + ladder.audio.map(\.name) else {
                    throw Failure(description: reason.isEmpty ? "not the ladder's tracks" : reason.onOneLine)
                }
                return try Slate(recipe: recipe, tracks: tracks, chunks: chunks)
            default: throw Failure(description: "a message out of order")
            }
        }
    }

    private static func next(_ worker: inout WorkerChannel) throws -> WorkerMessage {
        switch try worker.next() {
        case .message(let message): message
        case .closed: throw Failure(description: "the worker went away")
        case .timedOut: throw Failure(description: "the worker was silent for \(silenceSeconds) s")
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
