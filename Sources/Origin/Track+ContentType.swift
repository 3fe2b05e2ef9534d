import Media

extension Track.Kind {
    var contentType: String {
        switch self {
        case .video: "video/mp4"
        case .audio: "audio/mp4"
        case .image: "image/jpeg"
        case .text: "application/mp4"
        }
    }
}
