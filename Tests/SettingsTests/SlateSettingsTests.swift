import Foundation
import Testing

@testable import Settings

/// `then: slate`, and `slate: { image: ... }`.
@Suite struct SlateSettingsTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private static let asked = SampleProfile.text.replacing(
        "    prefetchSeconds: 60\n",
        with: "    prefetchSeconds: 60\n    onKeyFailure: { graceSeconds: 10, then: slate }\n")

    private func load(_ text: String) -> (profile: ChannelProfile?, texts: [String]) {
        let result = ChannelProfile.load(
            text: text, file: "p.yaml", directory: folder.path, environment: SampleProfile.environment)
        return (result.profile, result.diagnostics.map(\.description))
    }

    @Test func blackIsTheStandard() throws {
        let (profile, texts) = load(Self.asked)
        #expect(texts == [])
        #expect(profile?.speke["main"]?.onKeyFailure == KeyFailurePolicy(graceSeconds: 10, then: .slate))
        #expect(profile?.slate == SlateProfile())
        #expect(load(SampleProfile.text).profile?.speke["main"]?.onKeyFailure.then == .stop)
    }

    @Test func anImageIsAFileBesideTheProfile() throws {
        try folder.write("GIF89a", to: "no.gif")
        let image = folder.path + "/yes.png"
        try folder.write("", to: "yes.png")
        try [UInt8]([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A]).withUnsafeBytes { bytes in
            let handle = try #require(FileHandle(forWritingAtPath: image))
            try handle.write(contentsOf: Data(bytes))
            try handle.close()
        }
        let (profile, texts) = load(Self.asked + "slate: { image: yes.png }\n")
        #expect(texts == [] && profile?.slate.image == image)
        #expect(
            load(Self.asked + "slate: { image: no.gif }\n").texts == [
                "p.yaml:49:17: error: 'image': \(folder.path)/no.gif is neither PNG nor JPEG"
            ])
        #expect(
            load(Self.asked + "slate: { image: gone.png }\n").texts == [
                "p.yaml:49:17: error: 'image': the file \(folder.path)/gone.png does not exist or cannot be read by this user"
            ])
        #expect(
            load(Self.asked + "slate: { picture: yes.png }\n").texts == [
                "p.yaml:49:10: error: unknown key 'picture' in slate; there is only 'image'"
            ])
    }

    @Test func whatNobodyShowsIsAWarning() {
        #expect(
            load(SampleProfile.text + "slate: {}\n").texts == [
                "p.yaml:48:1: warning: nothing shows the slate; write then: slate in an onKeyFailure or fill: slate in inputLoss, or delete it"
            ])
    }
}
