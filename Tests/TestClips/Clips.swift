extension Clip {
    /// A moving test picture and a tone.
    ///
    /// - Parameters:
    ///   - rate: as ffmpeg reads it: 30, 30000/1001.
    ///   - gop: frames from IDR to IDR.
    package static func testPicture(
        rate: String, seconds: Int, gop: Int, bFrames: Int, audio: Bool = true, size: String = "320x180"
    ) throws -> Clip {
        var arguments = ["-f", "lavfi", "-i", "testsrc2=size=\(size):rate=\(rate)"]
        if audio { arguments += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"] }
        arguments += [
            "-t", "\(seconds)", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-g", "\(gop)",
            "-sc_threshold", "0", "-bf", "\(bFrames)",
        ]
        if audio { arguments += ["-c:a", "aac", "-b:a", "96k", "-ac", "2"] }
        return try Clip(ffmpeg: arguments)
    }

    /// Black and silent, but for a white flash and a beep of 100 ms at the start of every second one.
    package static func flashes(rate: String, seconds: Int, sampleRate: Int = 48000) throws -> Clip {
        try Clip(ffmpeg: [
            "-f", "lavfi", "-i",
            "color=black:size=320x180:rate=\(rate),drawbox=color=white:t=fill:enable='lt(mod(t,2),0.099)'",
            "-f", "lavfi", "-i", "aevalsrc='if(lt(mod(t,2),0.1),0.8*sin(2*PI*1000*t),0)':s=\(sampleRate)",
            "-t", "\(seconds)", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-bf",
            "2",
            "-c:a", "aac", "-b:a", "128k", "-ac", "2",
        ])
    }
}
