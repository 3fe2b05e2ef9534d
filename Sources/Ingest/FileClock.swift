/// Lays one file behind the other on one clock. Pure: a file's own times in, the input's out; all in nanoseconds.
///
/// A file begins with the first key frame of the stream that leads, its picture, or its sound where no rung has pictures:
/// where the one before has ended. Where its own times leap, it begins anew in the same way.
struct FileClock: Sendable {
    /// Of a packet, by the file's own clock.
    struct Times: Sendable {
        var decode: Int64
        var presentation: Int64
        /// 0: nobody knows.
        var duration: Int64
    }

    enum Verdict: Sendable, Equatable {
        /// `begins`: here a file, or what follows a leap, begins.
        case placed(decode: Int64, presentation: Int64, begins: Bool)
        /// Of a stream that does not lead, from before the beginning is known.
        case early
        /// Nothing can be made of it.
        case dropped
    }

    /// Where what has come ends: of the stream that leads.
    private(set) var end: Int64
    /// Of the file under way.
    private var offset: Int64?
    private var start: Int64 = 0
    private var lastDecode: Int64 = 0
    private var lastDuration: Int64 = 0

    /// A step of a file's times by more than this is a leap.
    private static let leap: Int64 = 10_000_000_000
    private static let backLeap: Int64 = 1_000_000_000
    /// How far sound may go on without a picture.
    private static let longestTail: Int64 = 3_000_000_000
    /// Where nothing says how long a sample lasts.
    private static let usualDuration: Int64 = 40_000_000

    init(at time: Int64) { end = time }

    /// Another file comes.
    /// - Parameter time: where it begins; nil: where the one before ended.
    mutating func begin(at time: Int64? = nil) {
        offset = nil
        if let time { end = time }
    }

    /// - Parameters:
    ///   - leads: it is of the stream that all is cut by.
    ///   - isKey: decoding can begin with it.
    mutating func place(_ times: Times, leads: Bool, isKey: Bool) -> Verdict {
        guard leads else { return placeOther(times) }
        if let offset, (-Self.backLeap...Self.leap).contains(times.decode + offset - lastDecode) {
            // What leads a key frame in, and needs what was before it.
            guard times.presentation >= start else { return .dropped }
            return placed(times, offset, begins: false)
        }
        offset = nil
        guard isKey else { return .dropped }
        start = times.presentation
        let offset = end - start
        self.offset = offset
        lastDecode = times.decode + offset
        return placed(times, offset, begins: true)
    }

    private mutating func placed(_ times: Times, _ offset: Int64, begins: Bool) -> Verdict {
        let decode = times.decode + offset
        if times.duration > 0, times.duration <= Self.backLeap {
            lastDuration = times.duration
        } else if decode > lastDecode, decode - lastDecode <= Self.backLeap {
            lastDuration = decode - lastDecode
        } else if lastDuration == 0 {
            lastDuration = Self.usualDuration
        }
        lastDecode = decode
        end = max(end, times.presentation + offset + lastDuration)
        return .placed(decode: decode, presentation: times.presentation + offset, begins: begins)
    }

    private func placeOther(_ times: Times) -> Verdict {
        guard let offset else { return .early }
        let time = times.presentation + offset
        // One block more than what is heard: a decoder needs it to begin.
        guard times.presentation + 2 * max(times.duration, 1) > start, time <= end + Self.longestTail else {
            return .dropped
        }
        return .placed(decode: times.decode + offset, presentation: time, begins: false)
    }
}
