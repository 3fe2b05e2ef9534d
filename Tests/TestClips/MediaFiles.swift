import Foundation

/// Whole files, as somebody would have them made for a slate.
package enum MediaFiles {
    /// A second each of red, green and blue, with a tone.
    ///
    /// - Parameters:
    ///   - format: ffmpeg's name of a container.
    ///   - hertz: nil: without sound.
    ///   - codecs: ffmpeg's options for them.
    package static func colours(
        format: String = "mp4", rate: String = "30", seconds: Double = 3, hertz: Int? = 1000,
        codecs: [String] = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"]
    ) throws -> [UInt8] {
        let picture = ["red", "lime", "blue"].map { "color=\($0):size=160x90:rate=\(rate):duration=1" }
        var arguments = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin"]
        for input in picture { arguments += ["-f", "lavfi", "-i", input] }
        if let hertz {
            arguments += ["-f", "lavfi", "-i", "aevalsrc='0.5*sin(2*PI*\(hertz)*t)':s=48000:d=\(seconds)"]
        }
        arguments += ["-filter_complex", "[0][1][2]concat=n=3[v]", "-map", "[v]"]
        if hertz != nil { arguments += ["-map", "3:a"] }
        return try file(arguments + ["-pix_fmt", "yuv420p", "-t", "\(seconds)"] + codecs, format: format)
    }

    /// A tone alone.
    package static func tone(format: String, seconds: Double, hertz: Int = 1000) throws -> [UInt8] {
        try file(
            [
                "ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-f", "lavfi", "-i",
                "aevalsrc='0.5*sin(2*PI*\(hertz)*t)':s=48000:d=\(seconds)",
            ], format: format)
    }

    /// A container that is written to its end and then from the beginning again needs a file.
    private static func file(_ arguments: [String], format: String) throws -> [UInt8] {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: url) }
        _ = try Clip.run(arguments + ["-f", format, url.path])
        return Array(try Data(contentsOf: url))
    }
}
