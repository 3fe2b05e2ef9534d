package import Live
package import Logging
import Media
package import NIOPosix
import Packager
import Settings
import Timeline

/// Takes harvests in and works them off, oldest media first, manifests last: what a manifest lists is there.
///
/// Jobs do not survive the daemon; their files do, and the same request writes them again.
package actor HarvestDesk {
    private struct Work {
        let recording: Recording
        let manifests: [Recording.Manifest]
        let channel: LiveChannel
        let destination: HarvestDestination
        let isClear: Bool
    }

    /// As many as MediaPackage has at a time; one more is refused.
    static let maximumUnfinished = 10
    /// Those at work: packaging takes CPU time that viewers need.
    package static let maximumRunning = 2
    /// Finished ones that can still be looked at.
    static let maximumFinished = 100
    /// Who may wait for the ends of jobs at a time; one more is answered at once.
    static let maximumWaiting = 64
    private static let forMedia = "public, max-age=31536000, immutable"
    /// The same stretch may be harvested again, to the same place.
    private static let forManifests = "public, max-age=60"

    private let destinations: [String: HarvestDestination]
    private let threads: NIOThreadPool
    private let clock: @Sendable () -> Int64
    private let logger: Logger
    private var jobs: [Int: HarvestJob] = [:]
    private var waiting: [Int: Work] = [:]
    private var tasks: [Int: Task<Void, Never>] = [:]
    private var waiters: [Int: [CheckedContinuation<Void, Never>]] = [:]
    private var nextID = 1

    /// - Parameter clock: milliseconds from the epoch.
    package init(
        destinations: [String: HarvestDestination], threads: NIOThreadPool, logger: Logger,
        clock: @escaping @Sendable () -> Int64
    ) {
        self.destinations = destinations
        self.threads = threads
        self.logger = logger
        self.clock = clock
    }

    /// By rising id.
    package var all: [HarvestJob] { jobs.values.sorted { $0.id < $1.id } }

    package func job(_ id: Int) -> HarvestJob? { jobs[id] }

    /// Takes a harvest in, of what the endpoint has now.
    package func submit(_ request: HarvestRequest, of channel: LiveChannel) throws(HarvestRefusal) -> HarvestJob {
        guard jobs.values.count(where: { !$0.isOver }) < Self.maximumUnfinished else {
            throw .busy("\(Self.maximumUnfinished) harvests are not finished yet; ask again when one is")
        }
        guard let destination = destinations[request.destination] else {
            let names = destinations.keys.sorted().joined(separator: ", ")
            throw .invalid(
                "no destination '\(request.destination)' in the configuration's harvest.destinations: "
                    + (names.isEmpty ? "there are none" : names))
        }
        guard let state = channel.state(of: request.endpoint) else {
            throw .invalid("the channel has no endpoint '\(request.endpoint)'")
        }
        let isClear = request.clear ?? false
        guard !isClear || destination.takesClear || state.window.endpoint.encryption == nil else {
            throw .forbidden(
                "'\(request.destination)' takes nothing protected in the clear: "
                    + "harvest.destinations.\(request.destination).allowClear of the configuration is not true")
        }
        let (start, end) = try request.times()
        let path = try request.folder(channel: channel.profile.channel, start: start)
        let isTaken = jobs.values.contains {
            !$0.isOver && $0.destination == request.destination && $0.path == path
        }
        guard !isTaken else { throw .busy("a harvest to '\(path)' is not finished yet") }
        let work: Work
        do {
            let recording = try Recording(
                of: state.window, from: start, to: end, protection: isClear ? .clear : .asServed,
                storageSeconds: channel.profile.storageWindowSeconds, now: clock())
            work = Work(
                recording: recording, manifests: try recording.manifests(), channel: channel, destination: destination,
                isClear: isClear && state.window.endpoint.encryption != nil)
        } catch {
            throw .invalid("\(error)")
        }
        let job = HarvestJob(
            id: nextID, channel: channel.profile.channel, endpoint: request.endpoint,
            destination: request.destination, path: path, state: .queued,
            files: work.recording.media.count + work.manifests.count)
        nextID += 1
        jobs[job.id] = job
        waiting[job.id] = work
        startNext()
        return jobs[job.id] ?? job
    }

    /// - Returns: nil where there is no such job.
    package func cancel(_ id: Int) -> HarvestJob? {
        guard let job = jobs[id] else { return nil }
        if let task = tasks[id] {
            task.cancel()
        } else if !job.isOver {
            finish(id, .cancelled, nil)
        }
        return jobs[id]
    }

    /// A job when it is over, however long that takes.
    package func finished(_ id: Int) async -> HarvestJob? {
        guard let job = jobs[id], !job.isOver, waiters.values.reduce(0, { $0 + $1.count }) < Self.maximumWaiting else {
            return jobs[id]
        }
        await withCheckedContinuation { waiters[id, default: []].append($0) }
        return jobs[id]
    }

    /// Ends what is under way: the daemon stops.
    package func stop() {
        for id in waiting.keys { finish(id, .cancelled, nil) }
        for task in tasks.values { task.cancel() }
    }

    private func startNext() {
        while tasks.count < Self.maximumRunning, let id = waiting.keys.min(), let work = waiting[id] {
            waiting[id] = nil
            jobs[id]?.state = .running
            log(id, work.isClear ? "a harvest without protection has begun" : "a harvest has begun")
            tasks[id] = Task { await run(id, work) }
        }
    }

    private func run(_ id: Int, _ work: Work) async {
        let folder = jobs[id]?.path ?? ""
        do throws(HarvestFailure) {
            for file in work.recording.media {
                let bytes = try await bytes(of: file, work)
                try await write(bytes, to: "\(folder)/\(file.path)", file.contentType, Self.forMedia, id, work)
            }
            for manifest in work.manifests {
                let path = "\(folder)/\(manifest.path)"
                try await write(
                    Array(manifest.text.utf8), to: path, manifest.contentType, Self.forManifests, id, work)
            }
            jobs[id]?.manifests = work.manifests.map(\.path).filter { $0.hasPrefix("index.") }
                .map { work.destination.address(of: "\(folder)/\($0)") }
            finish(id, .done, nil)
        } catch {
            finish(id, Task.isCancelled ? .cancelled : .failed, Task.isCancelled ? nil : error.description)
        }
    }

    private func bytes(of file: Recording.File, _ work: Work) async throws(HarvestFailure) -> [UInt8] {
        do {
            return try await threads.runIfActive { [recording = work.recording, timeline = work.channel.timeline] in
                try recording.bytes(of: file) { timeline.media(segment: $0, track: $1) }
            }
        } catch {
            throw HarvestFailure("\(file.path): \(error)")
        }
    }

    private func write(
        _ bytes: [UInt8], to path: String, _ contentType: String, _ cacheControl: String, _ id: Int, _ work: Work
    ) async throws(HarvestFailure) {
        guard !Task.isCancelled else { throw HarvestFailure("cancelled") }
        try await work.destination.write(
            bytes, to: path, contentType: contentType, cacheControl: cacheControl, threads: threads)
        jobs[id]?.filesWritten += 1
        jobs[id]?.bytesWritten += bytes.count
    }

    private func finish(_ id: Int, _ state: HarvestJob.State, _ error: String?) {
        jobs[id]?.state = state
        jobs[id]?.error = error
        waiting[id] = nil
        tasks[id] = nil
        for waiter in waiters.removeValue(forKey: id) ?? [] { waiter.resume() }
        log(id, error.map { "a harvest failed: \($0)" } ?? "a harvest is \(state.rawValue)", isWrong: error != nil)
        let over = jobs.values.filter(\.isOver).map(\.id).sorted()
        for old in over.dropLast(Self.maximumFinished) { jobs[old] = nil }
        startNext()
    }

    private func log(_ id: Int, _ text: String, isWrong: Bool = false) {
        guard let job = jobs[id] else { return }
        logger.log(
            level: isWrong ? .error : .notice, "\(text)",
            metadata: [
                "channel": "\(job.channel)", "endpoint": "\(job.endpoint)", "harvest": "\(id)",
                "to": "\(job.destination):\(job.path)", "files": "\(job.filesWritten)", "bytes": "\(job.bytesWritten)",
            ])
    }
}
