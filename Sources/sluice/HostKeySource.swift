import Foundation
import Logging
import Sealing
import Settings
import Subprocess
import SystemPackage

/// Gets the host key from where the configuration says: a file, which is made at the first start, or a command.
enum HostKeySource {
    /// What a command may take: it may have to ask another machine.
    private static let commandSeconds = 30

    /// - Throws: `StartError`, what is wrong with the key or where it comes from.
    static func load(_ storage: DaemonConfiguration.Storage, _ logger: Logger) async throws -> HostKey {
        let mark = HostKeyMark(directory: storage.directory)
        do {
            let key: HostKey
            switch storage.hostKey ?? .file(besideStorage(storage.directory)) {
            case .file(let path): key = try load(HostKeyFile(path: path), mark, logger)
            case .command(let words): key = try await load(command: words)
            }
            try mark.check(key)
            return key
        } catch let error as StartError {
            throw error
        } catch {
            throw StartError(description: "\(error)")
        }
    }

    private static func besideStorage(_ directory: String) -> String {
        URL(fileURLWithPath: directory).deletingLastPathComponent().appendingPathComponent("host.key").path
    }

    private static func load(_ file: HostKeyFile, _ mark: HostKeyMark, _ logger: Logger) throws -> HostKey {
        if let key = try file.read() { return key }
        try mark.requireNone()
        let (key, isNew) = try file.readOrMake()
        if isNew {
            logger.notice(
                "made a host key, without which nothing kept on this disk opens", metadata: ["path": "\(file.path)"])
        }
        return key
    }

    // MARK: Command

    private static func load(command words: [String]) async throws -> HostKey {
        guard let program = words.first else { throw StartError(description: "the host key command is empty") }
        return try await withThrowingTaskGroup(of: HostKey?.self) { group in
            group.addTask { try await run(program, Array(words.dropFirst())) }
            group.addTask {
                try await Task.sleep(for: .seconds(commandSeconds))
                return nil
            }
            // Whoever is second is cancelled; a command is ended by that.
            defer { group.cancelAll() }
            guard let key = try await group.next() ?? nil else {
                throw StartError(
                    description: "the host key command \(program) gave no key within \(commandSeconds) s")
            }
            return key
        }
    }

    private static func run(_ program: String, _ arguments: [String]) async throws -> HostKey {
        let executable: Executable = program.contains("/") ? .path(FilePath(program)) : .name(program)
        do {
            let result = try await Subprocess.run(
                executable, arguments: Arguments(arguments), output: .bytes(limit: HostKeyText.maximumBytes),
                error: .string(limit: 65536))
            guard case .exited(0) = result.terminationStatus else {
                let words = result.standardError.split(separator: "\n").last.map { ": \($0.prefix(200))" } ?? ""
                throw StartError(
                    description: "the host key command \(program) failed (\(result.terminationStatus))\(words)")
            }
            var text = result.standardOutput
            do { return try HostKey(parsing: &text) } catch {
                throw StartError(description: "what the host key command \(program) wrote \(error)")
            }
        } catch let error as StartError {
            throw error
        } catch {
            throw StartError(description: "cannot run the host key command \(program): \(error)")
        }
    }
}
