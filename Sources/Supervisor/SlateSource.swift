import CLinux
import ChunkStream
import Glibc
import SystemPackage

/// What a slate is made of.
package enum SlateSource: Sendable {
    case black
    /// A PNG or JPEG file.
    case image([UInt8])
    /// A media file, whose picture moves.
    case clip([UInt8])
    /// A media file's sound, with an image, or black where that is empty.
    case sound([UInt8], image: [UInt8])
    /// The last picture of a CMAF segment, behind its header.
    case lastPicture([UInt8])
    /// A media file to be played, only to be looked at.
    case recording(path: String)

    var work: WorkerArguments.Work {
        switch self {
        case .lastPicture: .still
        case .recording: .examine
        case .black, .image, .clip, .sound: .slate
        }
    }

    /// Whether it is as long as a clip, and not a picture that stands still.
    var isLoop: Bool {
        switch self {
        case .clip, .sound: true
        case .black, .image, .lastPicture, .recording: false
        }
    }

    var soundOffset: UInt32? { if case .sound(_, let image) = self { UInt32(clamping: image.count) } else { nil } }

    /// The files, one behind the other.
    package var bytes: [UInt8] {
        switch self {
        case .black, .recording: []
        case .image(let bytes), .clip(let bytes), .lastPicture(let bytes): bytes
        case .sound(let bytes, let image): image + bytes
        }
    }

    /// In memory: the worker opens no files, and what is sealed on the disk is not to lie there in the clear.
    func open() throws -> FileDescriptor {
        if case .recording(let path) = self {
            return try .open(FilePath(path), .readOnly, options: [.closeOnExec, .nonBlocking])
        }
        if case .black = self { return try .open("/dev/null", .readOnly, options: [.closeOnExec]) }
        let file = FileDescriptor(rawValue: memfd_create("slate", 1))  // why: 1 is close on exec
        guard file.rawValue >= 0 else { throw SlateWorker.Failure(description: "no descriptors left") }
        do {
            try file.writeAll(bytes)
            try file.seek(offset: 0, from: .start)
        } catch {
            try file.close()
            throw error
        }
        return file
    }
}
