import Foundation

/// What `sluice check PATH...` finds.
package enum SettingsCheck {
    /// Reads every path: a profile, a `sluice.yaml`, or a folder of them; a file's content says which it is.
    /// Profiles are compared with each other, also across paths.
    ///
    /// - Returns: everything that is wrong or dangerous, sorted, wrong if there is an error among it; and the profiles
    ///   that can run.
    package static func check(
        paths: [String], environment: [String: String], purpose: LoadPurpose = .check
    ) -> (diagnostics: [Diagnostic], profiles: [ChannelProfile]) {
        var diagnostics: [Diagnostic] = []
        var readings: [ChannelProfileReader.Reading] = []
        let reader = ChannelProfileReader(environment: environment, purpose: purpose)
        for path in files(paths, &diagnostics) {
            if isDaemonConfiguration(path) {
                // The environment is the daemon's where it runs, not part of the file.
                diagnostics +=
                    DaemonConfiguration.load(path: path, environment: [:], purpose: purpose).diagnostics
            } else {
                readings.append(reader.read(path: path))
            }
        }
        let combined = ProfileDirectory.combine(readings)
        return ((diagnostics + combined.diagnostics).sorted(), combined.profiles)
    }

    /// The files behind the paths, each once.
    private static func files(_ paths: [String], _ diagnostics: inout [Diagnostic]) -> [String] {
        var files: [String] = []
        for path in paths {
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
                files.append(path)
                continue
            }
            guard let found = ProfileDirectory.files(in: path), !found.isEmpty else {
                let text = "has no settings file (*.yaml) in it that can be read"
                diagnostics.append(Diagnostic(severity: .error, file: path, line: 0, column: 0, text: text))
                continue
            }
            files += found
        }
        var seen: Set<String> = []
        return files.filter { seen.insert(URL(fileURLWithPath: $0).standardizedFileURL.path).inserted }
    }

    /// Whether a file has the daemon's sections and nothing of a profile.
    private static func isDaemonConfiguration(_ path: String) -> Bool {
        let log = DiagnosticLog()
        guard let text = SettingsDocument.contents(of: path, log: log),
            let root = SettingsDocument.root(of: text, file: path, log: log)
        else { return false }
        guard case .mapping(let entries) = root.value else { return path.hasSuffix("sluice.yaml") && root.isNull }
        let keys = Set(entries.map(\.key))
        return keys.isDisjoint(with: ChannelProfileReader.keys)
            && !keys.isDisjoint(with: DaemonConfigurationReader.keys.map(\.section))
    }
}
