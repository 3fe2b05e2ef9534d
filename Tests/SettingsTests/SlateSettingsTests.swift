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
        #expect(texts == [] && profile?.slate.image?.path == image)
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
                "p.yaml:49:10: error: unknown key 'picture' in slate; known are image, clip, audio"
            ])
    }

    @Test func aClipOrSoundIsAFileToo() throws {
        let (clip, png) = (try folder.write("clip", to: "loop.mp4"), folder.path + "/picture.png")
        try Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A]).write(to: URL(fileURLWithPath: png))
        let (profile, texts) = load(Self.asked + "slate: { clip: loop.mp4 }\n")
        #expect(texts == [] && profile?.slate.clip?.path == clip && profile?.slate.isBlack == false)
        // What only the decoder finds is said in the same place; lines that move are no other profile.
        let file = try #require(profile?.slate.clip)
        #expect(file.diagnostic(.error, "too long").description == "p.yaml:49:16: error: 'clip': \(clip): too long")
        #expect(load("\n" + Self.asked + "slate: { clip: loop.mp4 }\n").profile == profile)
        let both = load(Self.asked + "slate: { image: picture.png, audio: loop.mp4 }\n")
        #expect(both.texts == [] && both.profile?.slate.audio?.path == clip && both.profile?.slate.image?.path == png)
        #expect(
            load(Self.asked + "slate: { clip: loop.mp4, image: picture.png, audio: loop.mp4 }\n").texts == [
                "p.yaml:49:10: error: 'clip' is a picture already; delete it or 'image'",
                "p.yaml:49:46: error: 'clip' has its own sound; delete 'audio', or write an image",
            ])
        #expect(
            load(Self.asked + "slate: { clip: picture.png }\n").texts == [
                "p.yaml:49:16: error: 'clip': \(png) is an image; write image: FILE"
            ])
        let handle = try #require(FileHandle(forWritingAtPath: clip))
        try handle.truncate(atOffset: UInt64(SlateProfile.maximumBytes) + 1)
        try handle.close()
        #expect(
            load(Self.asked + "slate: { clip: loop.mp4 }\n").texts == [
                "p.yaml:49:16: error: 'clip': \(clip) has more than 64 MiB"
            ])
    }

    @Test func aLostInputHasItsOwnOrTheProfiles() throws {
        try folder.write("clip", to: "a.mp4")
        try folder.write("clip", to: "b.mp4")
        func fill(_ loss: String, _ rest: String) -> SlateProfile? {
            let text = SampleProfile.text.replacing("ingest:\n", with: "ingest:\n  inputLoss: { \(loss) }\n")
            return load(text + rest).profile?.fillSlate
        }
        #expect(fill("fill: slate, slate: { clip: a.mp4 }", "")?.clip?.path == folder.path + "/a.mp4")
        #expect(fill("fill: slate", "slate: { clip: b.mp4 }\n")?.clip?.path == folder.path + "/b.mp4")
        #expect(
            fill("fill: slate, slate: { clip: a.mp4 }", "slate: { clip: b.mp4 }\n")?.clip?.path
                == folder.path + "/a.mp4")
        #expect(fill("fill: black", "")?.isBlack == true)
        #expect(fill("fill: slate", "") == nil)
    }

    @Test func whatNobodyShowsIsAWarning() {
        #expect(
            load(SampleProfile.text + "slate: {}\n").texts == [
                "p.yaml:48:1: warning: nothing shows the slate; write then: slate in an onKeyFailure or fill: slate in inputLoss, or delete it"
            ])
    }
}
