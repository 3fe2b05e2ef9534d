import ChunkStream
import Files
import Settings
import Supervisor

extension SlateSource {
    /// Reads the files that a profile names.
    init(_ profile: SlateProfile) throws(FileError) {
        func read(_ file: ProfileFile) throws(FileError) -> [UInt8] {
            try PlainFile.read(file.path, atMost: SlateProfile.maximumBytes)
        }
        if let clip = profile.clip {
            self = .clip(try read(clip))
        } else if let audio = profile.audio {
            var image: [UInt8] = []
            if let file = profile.image { image = try read(file) }
            self = .sound(try read(audio), image: image)
        } else if let image = profile.image {
            self = .image(try read(image))
        } else {
            self = .black
        }
    }

    /// A part of the recipe: the same bytes as something else give another slate.
    var kind: String {
        switch self {
        case .black, .image, .lastPicture, .recording: ""
        case .clip: " clip"
        case .sound(_, let image): " sound \(image.count)"
        }
    }
}

extension SlateProfile {
    /// What a worker says of the files, where the profile names them.
    func diagnostic(_ event: IngestEvent) -> String {
        let severity: Diagnostic.Severity = event.level == .error ? .error : .warning
        return (clip ?? audio ?? image)?.diagnostic(severity, event.text).description ?? event.text
    }
}
