/// Makes 64-bit milliseconds of RTMP's 32-bit ones, which wrap every 49.7 days.
///
/// A step back of less than 2^31 ms stays a step back; only a step of more is a wrap.
struct TimestampUnwrapper: Sendable {
    /// The last time given out; nil before the first.
    private(set) var last: Int64?

    /// - Parameter reference: a time near the first timestamp, of another track: two tracks that start on
    ///   either side of a wrap then still agree.
    mutating func unwrap(_ timestamp: UInt32, near reference: Int64?) -> Int64 {
        let time: Int64
        if let near = last ?? reference {
            let step = Int32(bitPattern: timestamp &- UInt32(truncatingIfNeeded: near))
            // Full after 2^32 of the largest steps, which a patient peer can send: then time stands still.
            let (sum, overflow) = near.addingReportingOverflow(Int64(step))
            time = overflow ? near : sum
        } else {
            time = Int64(timestamp)
        }
        last = time
        return time
    }
}
