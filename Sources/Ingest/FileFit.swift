import FFmpeg
import Media

/// Whether a file has what a ladder is made of. Streams count as an encoder's tracks: of each kind, in the file's order.
struct FileFit {
    /// Why nothing can be made of it.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// Places of streams, and the tracks that they are.
    private(set) var tracks: [Int: UInt8] = [:]
    /// The stream that all is cut by.
    let leading: Int
    /// What is worth saying.
    private(set) var notes: [String] = []

    init(_ streams: [MediaFilePackets.Stream], _ ladder: Ladder) throws(Refusal) {
        func place(_ kind: MediaFilePackets.Kind, _ track: UInt8) -> Int? {
            streams.indices.filter { streams[$0].kind == kind }.dropFirst(Int(track)).first
        }
        let leadingTrack = ladder.video.first { $0.codec == .copy }?.trackID ?? 0
        var leading: Int?
        for rung in ladder.video {
            guard let place = place(.video, rung.trackID) else {
                throw Refusal(description: "it has no \(Self.name(.video, rung.trackID)) for the rung '\(rung.name)'")
            }
            try Self.requireTaken(streams[place], copied: rung.codec == .copy ? rung.name : nil)
            tracks[place] = rung.trackID
            if rung.trackID == leadingTrack { leading = place }
        }
        for rung in ladder.audio {
            guard let place = place(.audio, rung.trackID) else {
                let text = "it has no \(Self.name(.audio, rung.trackID)) for the rung '\(rung.name)'"
                guard rung.codec != .copy, leading != nil else { throw Refusal(description: text) }
                notes.append("\(text), which is silent")
                continue
            }
            try Self.requireTaken(streams[place], copied: rung.codec == .copy ? rung.name : nil)
            tracks[place] = rung.trackID
            if ladder.video.isEmpty, leading == nil { leading = place }
        }
        guard let leading else { throw Refusal(description: "the ladder has no rungs") }
        self.leading = leading
    }

    private static func requireTaken(_ stream: MediaFilePackets.Stream, copied rung: String?) throws(Refusal) {
        let what = stream.kind == .video ? "picture" : "sound"
        let (taken, packaged): (String, Bool)
        switch stream.codec {
        case .avc, .hevc, .av1, .aac, .opus, .ac3, .eac3: (taken, packaged) = ("", true)
        case .vp9: (taken, packaged) = ("", false)
        case .flac, .mp3: (taken, packaged) = ("", false)
        case .other:
            (taken, packaged) = (
                stream.kind == .video ? "H.264, HEVC, AV1 and VP9" : "AAC, Opus, FLAC, AC-3, E-AC-3 and MP3", false
            )
        }
        guard taken.isEmpty else {
            throw Refusal(description: "its \(what) is \(stream.codec.name); \(taken) are taken")
        }
        if let rung, !packaged {
            throw Refusal(
                description:
                    "its \(what) is \(stream.codec.name), which the rung '\(rung)' with codec copy cannot pass on")
        }
        let pixels = Int64(stream.width) * Int64(stream.height)
        guard pixels <= Decoder.maximumPixels else {
            throw Refusal(description: "its picture is \(stream.width)x\(stream.height), which is too large")
        }
    }

    private static func name(_ kind: Track.Kind, _ track: UInt8) -> String {
        let name = kind == .video ? "picture" : "sound"
        return track == 0 ? name : "\(name) \(track) (counted from 0)"
    }
}
