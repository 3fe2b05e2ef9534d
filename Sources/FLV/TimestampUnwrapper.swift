/// Makes 64-bit milliseconds of RTMP's 32-bit ones.
///
/// RTMP's clock wraps at 2^32 (49.7 days), but FFmpeg and OBS write FLV's signed timestamp without its sign and so
/// wrap at 2^31. Only the low 31 bits are looked at, which count the same in both. Steps of less than 2^30 ms
/// (12 days), forwards or backwards, come out as they are.
struct TimestampUnwrapper: Sendable {
    /// The last time given out; nil before the first.
    private(set) var last: Int64?

    /// - Parameter reference: a time near the first timestamp, of another track: two tracks that start on
    ///   either side of a wrap then still agree.
    mutating func unwrap(_ timestamp: UInt32, near reference: Int64?) -> Int64 {
        let time: Int64
        if let near = last ?? reference {
            let difference = timestamp &- UInt32(truncatingIfNeeded: near)
            // The sign bit of 31 bits, extended.
            let step = Int32(bitPattern: difference << 1) >> 1
            // Full after 2^33 of the largest steps, which a patient peer can send: then time stands still.
            let (sum, overflow) = near.addingReportingOverflow(Int64(step))
            time = overflow ? near : sum
        } else {
            time = Int64(timestamp)
        }
        last = time
        return time
    }
}
