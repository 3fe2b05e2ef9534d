import FFmpeg
import Synchronization
import Testing

@Suite struct FFmpegLogTests {
    @Test func linesReachTheReceiver() {
        let lines = Mutex<[String]>([])
        FFmpegLog.install(upTo: .error) { level, line in
            lines.withLock { $0.append("\(level): \(line)") }
        }
        var settings = VideoEncoderSettings(width: 320, height: 180, frameRate: (30, 1), bitrate: 400_000)
        settings.profile = "no-such-profile"
        #expect(throws: FFmpegError.self) { _ = try VideoEncoder(settings) }
        let received = lines.withLock { $0 }
        #expect(received.contains { $0.hasPrefix("error: [libx264 @ ") && $0.contains("no-such-profile") })
        #expect(received.allSatisfy { !$0.hasSuffix("\n") })
    }
}
