import Foundation
import Settings
import Testing

@Suite struct ProfileDirectoryTests {
    private func profile(_ channel: String, resource: String? = nil) -> String {
        SampleProfile.text.replacing("channel: news", with: "channel: \(channel)")
            .replacing("resourceId: news", with: "resourceId: \(resource ?? channel)")
    }

    private func load(_ folder: TemporaryFolder) -> ProfileDirectory {
        ProfileDirectory.load(path: folder.path, environment: SampleProfile.environment)
    }

    @Test func readsEveryFileAndLetsOneErrorStopOneChannel() throws {
        let folder = try TemporaryFolder()
        try folder.write(profile("a"), to: "a.yaml")
        try folder.write(profile("b").replacing("package: dash", with: "package: mss"), to: "b.yaml")
        try folder.write(profile("c"), to: "c.yml")
        try folder.write("not: a profile", to: "notes.txt")
        try folder.write("not: a profile", to: ".hidden.yaml")
        let directory = load(folder)
        #expect(directory.profiles.map(\.channel) == ["a", "c"])
        #expect(
            directory.diagnostics.map(\.description) == [
                "\(folder.path)/b.yaml:36:14: error: 'package' cannot be 'mss'; known are hls, dash"
            ])
    }

    @Test func anEmptyFileIsSaidToBeEmpty() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "a.yaml")
        let lines = load(folder).diagnostics.map(\.description)
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("\(folder.path)/a.yaml:1:1: error: the profile is nothing; it must be") == true)
    }

    @Test func givesAChannelToTheFirstFileThatNamesIt() throws {
        let folder = try TemporaryFolder()
        try folder.write(profile("news"), to: "a.yaml")
        try folder.write(profile("news"), to: "b.yaml")
        try folder.write(profile("sport"), to: "c.yaml")
        let directory = load(folder)
        #expect(directory.profiles.map(\.channel) == ["news", "sport"])
        #expect(
            directory.diagnostics.map(\.description) == [
                "\(folder.path)/b.yaml:1:10: error: the channel 'news' is in \(folder.path)/a.yaml already; "
                    + "give this one another name"
            ])
    }

    @Test func doesNotHandAChannelToAnotherFileWhenTheFirstBreaks() throws {
        let folder = try TemporaryFolder()
        try folder.write(profile("news").replacing("width: 1280", with: "width: x"), to: "a.yaml")
        try folder.write(profile("news"), to: "b.yaml")
        let directory = load(folder)
        #expect(directory.profiles == [])
        #expect(directory.diagnostics.map(\.line) == [10, 1])
    }

    @Test func warnsOfChannelsThatShareKeys() throws {
        let folder = try TemporaryFolder()
        try folder.write(profile("a", resource: "same"), to: "a.yaml")
        try folder.write(profile("b", resource: "same"), to: "b.yaml")
        let directory = load(folder)
        #expect(directory.profiles.count == 2)
        #expect(
            directory.diagnostics.map(\.description) == [
                "\(folder.path)/b.yaml:45:17: warning: 'resourceId' is that of \(folder.path)/a.yaml, line 45: "
                    + "the two channels share their keys"
            ])
    }

    @Test func saysSoWhereThereIsNothing() throws {
        let folder = try TemporaryFolder()
        #expect(load(folder).diagnostics.map(\.severity) == [.warning])
        let missing = ProfileDirectory.load(path: folder.path + "/nowhere", environment: [:])
        #expect(missing.diagnostics.map(\.severity) == [.error])
    }

    @Test func checksFilesAndFoldersByWhatTheyAre() throws {
        let folder = try TemporaryFolder()
        let good = try folder.write(profile("a"), to: "a.yaml")
        try folder.write("rtmp: { lisen: \"0.0.0.0:1935\" }", to: "sluice.yaml")
        let found = SettingsCheck.check(
            paths: [folder.path, good, folder.path + "/nowhere.yaml"], environment: [:]
        ).diagnostics
        #expect(
            found.map(\.description) == [
                "\(folder.path)/a.yaml:4:14: warning: 'primary': the environment variable PRIMARY is not set; set it",
                "\(folder.path)/nowhere.yaml: error: cannot be opened; does it exist, and may this user read it?",
                "\(folder.path)/sluice.yaml:1:9: error: unknown key 'lisen' in 'rtmp'; did you mean 'listen'?",
            ])
    }

    @Test func refusesWhatIsNoTextFile() throws {
        let folder = try TemporaryFolder()
        try Data([0xFF, 0xFE, 0x00]).write(to: URL(fileURLWithPath: folder.path + "/a.yaml"))
        try Data(count: (1 << 20) + 1).write(to: URL(fileURLWithPath: folder.path + "/b.yaml"))
        try FileManager.default.createDirectory(atPath: folder.path + "/c.yaml", withIntermediateDirectories: false)
        let found = SettingsCheck.check(paths: [folder.path], environment: [:]).diagnostics
        #expect(found.map(\.severity) == [.error, .error, .error])
        #expect(found.map { $0.file.suffix(6) } == ["a.yaml", "b.yaml", "c.yaml"])
    }
}
