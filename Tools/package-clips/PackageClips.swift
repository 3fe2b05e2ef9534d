import Foundation
import Keys
import Live
import Logging
import Media
import Settings
import TestSupport
import Timeline

/// Packages finished clips as a live channel would, for tests of what comes out:
/// `package-clips PROFILE.yaml OUTPUT CLIP.mp4...`
///
/// Each clip is a fragmented CMAF file of one track, which is named after the file. They take the place of encoder and
/// worker, and keys made up by us that of the provider; everything behind them is the real thing, up to the origin's
/// answers, which are written below OUTPUT by their URLs. OUTPUT/keys.json holds every key by its KID.
@main
enum PackageClips {
    /// 2020-09-13T12:26:46Z: the third segment of a key period of 10 s, so that the first key is for two.
    private static let start = Ticks(1_600_000_006, timescale: 1)

    struct Mistake: Error, CustomStringConvertible {
        let description: String
    }

    static func main() async {
        do { try await run() } catch {
            FileHandle.standardError.write(Data("package-clips: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func run() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 3 else {
            throw Mistake(description: "usage: package-clips PROFILE.yaml OUTPUT CLIP.mp4...")
        }
        let (loaded, diagnostics) = ChannelProfile.load(
            path: arguments[0], environment: ProcessInfo.processInfo.environment)
        guard let profile = loaded else {
            throw Mistake(description: diagnostics.map { "\($0)" }.joined(separator: "\n"))
        }
        let clips = try arguments.dropFirst(2).map { try Clip(path: $0) }
        let keys = MadeUpKeys(clock: ManualClock(start.value * 1000))
        let channel = try LiveChannel(
            profile: profile, directory: nil, budget: StorageBudget(maximumBytes: 1 << 30),
            logger: Logger(label: "package-clips") { _ in SwiftLogNoOpLogHandler() },
            clock: { keys.clock.now }, alarm: { _, _ in }
        ) { contract, _, _, onChange in keys.schedule(contract, onChange: onChange) }
        try await publish(clips, in: channel, keys)
        let output = OriginFiles(directory: arguments[1])
        try await output.write(channel)
        try keys.write(below: arguments[1])
        keys.stop()
    }

    /// Segment by segment, none before its keys are there.
    private static func publish(_ clips: [Clip], in channel: LiveChannel, _ keys: MadeUpKeys) async throws {
        let timeline = channel.timeline
        let duration = channel.profile.ladder.segmentDuration
        let first = UInt64(start.rescaled(to: duration.timescale).value / duration.value)
        let placed = try clips.map { try PlacedClip($0, from: first, segmentDuration: duration) }
        guard let count = placed.map(\.segments.count).min(), count > 0 else {
            throw Mistake(description: "no clip is as long as a segment")
        }
        let (publication, _) = timeline.beginPublication()
        try timeline.setTracks(clips.map(\.description), publication: publication)
        for index in 0..<count {
            let number = first + UInt64(index)
            await keys.arrive(for: timeline.snapshot.nominalStart(of: number))
            for (track, clip) in placed.enumerated() {
                let chunks = clip.chunks(index)
                for (place, chunk) in chunks.enumerated() {
                    try timeline.append(
                        track: track, segment: number, endsSegment: place == chunks.count - 1, bytes: chunk,
                        publication: publication)
                }
            }
        }
        timeline.endPublication(publication)
        channel.setEnded(true)
    }
}
