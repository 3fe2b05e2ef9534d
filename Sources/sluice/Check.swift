import ArgumentParser
import Foundation
import Settings

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate profiles and sluice.yaml: one line for each problem, FILE:LINE:COLUMN: error|warning: text."
    )

    @Argument(help: "Files, or folders of them.")
    var paths: [String]

    func run() throws {
        let diagnostics = SettingsCheck.check(paths: paths, environment: ProcessInfo.processInfo.environment)
        for diagnostic in diagnostics { SluiceCommand.say("\(diagnostic)") }
        let errors = diagnostics.filter { $0.severity == .error }.count
        if errors > 0 { throw ExitCode(1) }
        if diagnostics.isEmpty { SluiceCommand.say("all good") }
    }
}
