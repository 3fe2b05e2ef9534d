import Foundation

/// The profiles of a folder: every `*.yaml` and `*.yml` in it, one channel each.
package struct ProfileDirectory: Sendable {
    /// The channels that can run, by file name. A file with an error disables its own channel and no other.
    package var profiles: [ChannelProfile]
    /// Of all files, sorted.
    package var diagnostics: [Diagnostic]
    /// Whether the folder could be read, and has no profile in it.
    package var isEmpty = false

    /// Reads and checks all profiles of a folder, also against each other.
    package static func load(
        path: String, environment: [String: String], purpose: LoadPurpose = .serve
    ) -> ProfileDirectory {
        guard let files = files(in: path) else {
            let text = "is no folder that can be read; name the folder with the profiles"
            return ProfileDirectory(
                profiles: [],
                diagnostics: [Diagnostic(severity: .error, file: path, line: 0, column: 0, text: text)])
        }
        guard !files.isEmpty else {
            let text = "has no profile (*.yaml) in it, so there is no channel"
            return ProfileDirectory(
                profiles: [],
                diagnostics: [Diagnostic(severity: .warning, file: path, line: 0, column: 0, text: text)],
                isEmpty: true)
        }
        let reader = ChannelProfileReader(environment: environment, purpose: purpose)
        return combine(files.map { reader.read(path: $0) })
    }

    /// Paths of the files with settings in a folder, sorted; hidden ones are left out. Nil if it cannot be read.
    static func files(in directory: String) -> [String]? {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else { return nil }
        let base = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        return names.filter { !$0.hasPrefix(".") && ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml")) }.sorted()
            .map { "\(base)/\($0)" }
    }

    /// The file that comes first keeps a name, even if something else is wrong in it: which channel runs must not
    /// depend on a slip in another file.
    static func combine(_ readings: [ChannelProfileReader.Reading]) -> ProfileDirectory {
        var profiles: [ChannelProfile] = []
        var diagnostics: [Diagnostic] = []
        var owners: [String: Place] = [:]
        var resources: [String: Place] = [:]
        for reading in readings {
            diagnostics += reading.diagnostics
            var isDuplicate = false
            if let channel = reading.channel {
                if let owner = owners[channel] {
                    isDuplicate = true
                    let text = "the channel '\(channel)' is in \(owner.file) already; give this one another name"
                    diagnostics.append(Self.diagnostic(.error, text, reading.channelPlace))
                } else {
                    owners[channel] = reading.channelPlace
                }
            }
            guard let profile = reading.profile, !isDuplicate else { continue }
            profiles.append(profile)
            for (name, speke) in profile.speke.sorted(by: { $0.key < $1.key }) {
                guard let place = reading.resourcePlaces[name] else { continue }
                if let other = resources[speke.resourceID], other.file != place.file {
                    let text =
                        "'resourceId' is that of \(other.file), line \(other.line): the two channels share their keys"
                    diagnostics.append(Self.diagnostic(.warning, text, place))
                } else {
                    resources[speke.resourceID] = place
                }
            }
        }
        return ProfileDirectory(profiles: profiles, diagnostics: diagnostics.sorted())
    }

    private static func diagnostic(_ severity: Diagnostic.Severity, _ text: String, _ place: Place) -> Diagnostic {
        Diagnostic(severity: severity, file: place.file, line: place.line, column: place.column, text: text)
    }
}
