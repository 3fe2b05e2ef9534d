package import FFmpeg

/// Why a ladder cannot be made, or cannot go on.
package enum TranscodeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The ladder asks for something impossible; says which rung and what.
    case invalidLadder(String)
    /// The anchor, or a time measured from it, is beyond what a clock shows.
    case invalidTime(String)
    /// The publisher's clock jumped (milliseconds). The sample was not taken: finish this session, anchor a new one,
    /// and give it the sample again.
    case inputJump(from: Int64, to: Int64)
    /// A rung that copies got new parameter sets in mid-stream. Finish this session and start another.
    case sourceChanged
    /// A rung copies what cannot be packaged: the rung, the format, and what else there is.
    case cannotCopy(rung: String, format: String, others: String)
    /// A rung that copies must cut where the source has an IDR, and there was none for a whole segment, or for so long
    /// that a segment would become longer than the profile says (`longestGOPSeconds`; 0: it says nothing).
    case sourceGOPTooLong(segmentSeconds: UInt32, longestGOPSeconds: UInt32 = 0)
    /// The ladder has video, the publisher sends none.
    case noVideo
    case codec(FFmpegError)

    package var description: String {
        switch self {
        case .invalidLadder(let reason): "the ladder cannot be made: \(reason)"
        case .invalidTime(let reason): "time out of range: \(reason)"
        case .inputJump(let from, let to): "the input's clock jumped from \(from) ms to \(to) ms"
        case .sourceChanged: "the input's format changed, and a rung copies it"
        case .cannotCopy(let rung, let format, let others):
            "the rung '\(rung)' copies the input, and \(format) cannot be packaged: send \(others), or encode the rung"
        case .sourceGOPTooLong(_, let longest) where longest > 0:
            "a rung copies the source, whose IDR pictures are further apart than its longestGOPSeconds (\(longest)): "
                + "set the encoder's key frame interval to \(longest) s or less, with closed GOPs, or allow more"
        case .sourceGOPTooLong(let seconds, _):
            "a rung copies the source, whose IDR pictures are further apart than a segment of \(seconds) s; "
                + "set the encoder's key frame interval to \(seconds) s or a whole fraction of it, with closed GOPs"
        case .noVideo: "the ladder has video, but the input brought none"
        case .codec(let error): error.description
        }
    }
}

/// Runs a call into the FFmpeg adapter and makes its error one of ours.
func translating<T: ~Copyable>(_ body: () throws(FFmpegError) -> T) throws(TranscodeError) -> T {
    do throws(FFmpegError) { return try body() } catch { throw .codec(error) }
}
