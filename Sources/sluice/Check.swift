import ArgumentParser
import ChunkStream
import Foundation
import Settings
import Supervisor
import Synchronization

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate profiles and sluice.yaml: one line for each problem, FILE:LINE:COLUMN: error|warning: text."
    )

    @Argument(help: "Files, or folders of them.")
    var paths: [String]

    func run() async throws {
        let (found, profiles) = SettingsCheck.check(paths: paths, environment: ProcessInfo.processInfo.environment)
        var diagnostics = found
        for profile in profiles { diagnostics += await Self.inspect(profile) }
        for diagnostic in diagnostics.sorted() { SluiceCommand.say("\(diagnostic)") }
        if diagnostics.hasErrors { throw ExitCode(1) }
        if diagnostics.isEmpty { SluiceCommand.say("all good") }
    }

    /// What is wrong with a clip, or with sound, only its decoder knows: in a worker, as when the slate is made.
    private static func inspect(_ profile: ChannelProfile) async -> [Diagnostic] {
        let path = Serve.workerBesideThis()
        let worker = SlateWorker(path: path)
        let found = Mutex<[Diagnostic]>([])
        var inspected: [SlateProfile] = []
        for slate in [profile.slate, profile.fillSlate] where !inspected.contains(slate) {
            inspected.append(slate)
            guard let file = slate.clip ?? slate.audio, FileManager.default.isReadableFile(atPath: file.path) else {
                continue
            }
            guard FileManager.default.isExecutableFile(atPath: path) else {
                let text = "whether it can be decoded is not known: there is no sluice-ingest beside this program"
                found.withLock { $0.append(file.diagnostic(.warning, text)) }
                continue
            }
            do {
                try await worker.inspect(profile.ladder, SlateSource(slate)) { event in
                    found.withLock { $0.append(file.diagnostic(.warning, event.text)) }
                }
            } catch {
                found.withLock { $0.append(file.diagnostic(.error, "\(error)")) }
            }
        }
        if let input = profile.ingest.input {
            for path in files(of: input) {
                do {
                    try await worker.inspect(profile.ladder, .recording(path: path)) { event in
                        found.withLock { $0.append(input.diagnostic(.warning, path, event.text)) }
                    }
                } catch {
                    // In a folder one is passed over.
                    found.withLock { $0.append(input.diagnostic(input.isFolder ? .warning : .error, path, "\(error)")) }
                }
            }
        }
        return found.withLock { $0 }
    }

    /// What is there to be played: of a folder the first so many.
    private static func files(of input: FileInputProfile) -> [String] {
        let path = input.source.path
        guard FileManager.default.isExecutableFile(atPath: Serve.workerBesideThis()) else { return [] }
        guard input.isFolder else { return FileManager.default.isReadableFile(atPath: path) ? [path] : [] }
        return WatchedFolder.files(in: path).prefix(mostFiles).map { "\(path)/\($0)" }
    }

    private static let mostFiles = 32
}
