import Foundation

extension DaemonConfiguration {
    /// Puts the configuration together: defaults, over them the file, the environment and the flags.
    ///
    /// A variable is `SLUICE_`, the section and the key in capitals: `SLUICE_RTMP_LISTEN`, `SLUICE_STORAGE_MAXBYTES`.
    /// `SLUICE_ADMIN_TOKEN` is the token itself, `SLUICE_ADMIN_TOKEN_FILE` the path of a file with it. An empty
    /// variable counts as unset. Paths in the file are relative to its folder, others to the working directory.
    ///
    /// - Parameters:
    ///   - path: `sluice.yaml`; nil to go without.
    ///   - flags: values by `section.key`, such as `"rtmp.listen": "127.0.0.1:0"`.
    /// - Returns: the configuration, nil if there is an error, and everything that is wrong or dangerous, sorted.
    package static func load(
        path: String?, environment: [String: String], flags: [String: String] = [:], purpose: LoadPurpose = .serve
    ) -> (configuration: DaemonConfiguration?, diagnostics: [Diagnostic]) {
        let log = DiagnosticLog()
        var reader = DaemonConfigurationReader(environment: environment, purpose: purpose, log: log)
        if let path, let text = SettingsDocument.contents(of: path, log: log) {
            reader.add(text: text, file: path, directory: (path as NSString).deletingLastPathComponent)
        }
        return finish(&reader, flags, log)
    }

    /// The same from a text.
    package static func load(
        text: String, file: String, directory: String = "", environment: [String: String] = [:],
        flags: [String: String] = [:], purpose: LoadPurpose = .serve
    ) -> (configuration: DaemonConfiguration?, diagnostics: [Diagnostic]) {
        let log = DiagnosticLog()
        var reader = DaemonConfigurationReader(environment: environment, purpose: purpose, log: log)
        reader.add(text: text, file: file, directory: directory)
        return finish(&reader, flags, log)
    }

    private static func finish(
        _ reader: inout DaemonConfigurationReader, _ flags: [String: String], _ log: DiagnosticLog
    ) -> (configuration: DaemonConfiguration?, diagnostics: [Diagnostic]) {
        reader.addEnvironment()
        reader.add(flags: flags)
        let configuration = reader.configuration()
        let diagnostics = log.diagnostics.sorted()
        return (diagnostics.hasErrors ? nil : configuration, diagnostics)
    }
}
