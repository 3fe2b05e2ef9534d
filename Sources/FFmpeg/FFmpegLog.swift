import CFFmpeg
import Synchronization

/// Where FFmpeg's and x264's log lines go: process-global, like the callback that they come from.
package enum FFmpegLog {
    package enum Level: Int, Sendable, Comparable {
        case error, warning, info, debug

        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

        fileprivate var code: Int32 {
            switch self {
            case .error: sluice_log_error
            case .warning: sluice_log_warning
            case .info: sluice_log_info
            case .debug: sluice_log_debug
            }
        }

        fileprivate init(code: Int32) {
            self =
                code <= sluice_log_error
                ? .error : code <= sluice_log_warning ? .warning : code <= sluice_log_info ? .info : .debug
        }
    }

    package typealias Receiver = @Sendable (Level, String) -> Void

    private static let receiver = Mutex<(level: Level, send: Receiver)?>(nil)

    /// Sends every line up to `level`, without its newline, to `receiver`; called from any thread, codecs' own included.
    package static func install(upTo level: Level, _ receiver: @escaping Receiver) {
        self.receiver.withLock { $0 = (level, receiver) }
        av_log_set_level(level.code)
        av_log_set_callback { context, code, format, arguments in
            // The level's upper bits carry a colour.
            FFmpegLog.received(context, code & 0xFF, format, arguments)
        }
    }

    private static func received(
        _ context: UnsafeMutableRawPointer?, _ code: Int32, _ format: UnsafePointer<CChar>?,
        _ arguments: CVaListPointer?
    ) {
        guard let format, let arguments, let (level, send) = receiver.withLock({ $0 }) else { return }
        guard code <= level.code else { return }
        let line = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { buffer -> String in
            guard let base = buffer.baseAddress else { return "" }
            var printPrefix: Int32 = 1
            av_log_format_line2(context, code, format, arguments, base, Int32(buffer.count), &printPrefix)
            return String(cString: base)
        }
        guard let end = line.lastIndex(where: { !$0.isNewline }) else { return }
        send(Level(code: code), String(line[...end]))
    }
}
