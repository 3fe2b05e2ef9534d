import Media
import Packager
import Settings
import Timeline

/// What an origin says of an object to those who hold it: the value of `CMSD-Static`, a dictionary of structured fields
/// (RFC 8941, clause 3.2) with its keys in order. CTA-5006, "Common Media Server Data".
enum CMSD {
    enum ObjectType: String {
        case manifest = "m"
        case header = "i"
        case audio = "a"
        case video = "v"
        case audioAndVideo = "av"
        case caption = "c"
        /// Text in ISO base media files.
        case timedText = "tt"
        case other = "o"
    }

    /// - Parameters:
    ///   - duration: of what is played; nil: it is not played, or not for so long.
    ///   - byteCount: of an object with a duration: what `br` is reckoned from.
    static func text(
        _ type: ObjectType, of window: EndpointWindow, duration: Ticks? = nil, byteCount: Int = 0
    ) -> String {
        var keys: [String] = []
        if let milliseconds = duration?.milliseconds, milliseconds > 0 {
            if type == .audio || type == .video || type == .audioAndVideo, byteCount > 0 {
                // Bits a millisecond are kilobits a second.
                keys.append("br=\((Int64(byteCount) &* 8 + milliseconds - 1) / milliseconds)")
            }
            keys.append("d=\(milliseconds)")
        }
        keys.append("ot=\(type.rawValue)")
        keys.append("sf=\(window.endpoint.package == .dash ? "d" : "h")")
        keys.append("st=\(window.isEnded ? "v" : "l")")
        return keys.joined(separator: ",")
    }
}

extension EndpointWindow {
    /// What the segments of a track are.
    func objectType(of track: Track) -> CMSD.ObjectType {
        switch track.kind {
        case .video: endpoint.muxesAudio && tracks.contains { $0.track.kind == .audio } ? .audioAndVideo : .video
        case .audio: .audio
        case .text: .timedText
        case .image: .other
        }
    }
}
