import CFFmpeg

/// A call into FFmpeg that failed: its code, and what we were doing.
package struct FFmpegError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was being done; the text completes "could not …".
    package enum Operation: String, Sendable {
        case allocate = "allocate memory"
        case readFile = "read the file"
        case openDecoder = "open the decoder"
        case decode = "decode"
        case openScaler = "set up scaling"
        case scale = "scale a picture"
        case openEncoder = "open the encoder"
        case encode = "encode"
        case openResampler = "set up resampling"
        case resample = "resample"
    }

    /// FFmpeg's own error number, always negative.
    package var code: Int32
    package var during: Operation

    package init(code: Int32, during: Operation) {
        self.code = code
        self.during = during
    }

    /// FFmpeg's text for the code.
    package var reason: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let base = buffer.baseAddress, av_strerror(code, base, buffer.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: base)
        }
    }

    /// Whether the input, and not we or the machine, was at fault: the next packet may well be fine.
    package var isBadInput: Bool { during == .decode && code != sluice_averror_enomem }

    package var description: String { "could not \(during.rawValue): \(reason)" }
}

/// The one place where FFmpeg's codes become errors; returns what was not negative.
@discardableResult
func check(_ code: Int32, _ operation: FFmpegError.Operation) throws(FFmpegError) -> Int32 {
    guard code >= 0 else { throw FFmpegError(code: code, during: operation) }
    return code
}

/// A pointer that FFmpeg returns as null when memory is out.
func allocated<T>(_ pointer: UnsafeMutablePointer<T>?) throws(FFmpegError) -> UnsafeMutablePointer<T> {
    guard let pointer else { throw FFmpegError(code: sluice_averror_enomem, during: .allocate) }
    return pointer
}
