import Foundation
import Media
import Sealing
import TestSupport
import Timeline

/// Fills a channel's folder with a window of made-up segments that ends now, as a daemon leaves it:
/// `fill-window DIRECTORY SEGMENT_SECONDS SEGMENTS HOST_KEY_FILE`. Three pictures and sound; for measuring starts.
@main
enum FillWindow {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let seconds = Int64(arguments[2]), seconds > 0, let count = UInt64(arguments[3]),
            let hostKey = try HostKeyFile(path: arguments[4]).read()
        else {
            FileHandle.standardError.write(
                Data("usage: fill-window DIRECTORY SEGMENT_SECONDS SEGMENTS HOST_KEY_FILE\n".utf8))
            exit(2)
        }
        let channel = URL(fileURLWithPath: arguments[1]).lastPathComponent
        let timeline = try ChannelTimeline(
            directory: arguments[1], limits: .init(segmentDuration: Ticks(seconds, timescale: 1), windowSeconds: .max),
            budget: StorageBudget(maximumBytes: .max),
            seal: WindowSeal(key: hostKey.key(for: .segments), channel: channel),
            onEvent: { _ in })
        let feed = try TimelineFeed(
            timeline, [.video("1080p"), .video("720p"), .video("480p"), .audio("stereo")])
        let end = UInt64(Date().timeIntervalSince1970) / UInt64(seconds)
        for number in end - min(count, end)..<end { try feed.add(number) }
        feed.end()
    }
}
