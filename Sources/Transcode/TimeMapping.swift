/// From the publisher's milliseconds to 90 kHz ticks since the epoch.
struct TimeMapping: Equatable {
    /// The video clock: ticks a second.
    static let timescale: UInt32 = 90_000
    /// 34,000 years of milliseconds: no clock shows more, and no product below overflows.
    private static let bound: Int64 = 1 << 50

    private let inputMilliseconds: Int64
    /// Epoch ticks at `inputMilliseconds`.
    private var origin: Int64

    init(_ anchor: TimeAnchor) throws(TranscodeError) {
        guard (-Self.bound...Self.bound).contains(anchor.inputMilliseconds),
            (0...Self.bound).contains(anchor.epochMilliseconds)
        else {
            throw .invalidTime(
                "anchor of \(anchor.inputMilliseconds) ms at \(anchor.epochMilliseconds) ms since the epoch")
        }
        inputMilliseconds = anchor.inputMilliseconds
        origin = anchor.epochMilliseconds * 90
    }

    /// Shifts everything that follows.
    mutating func shift(by ticks: Int64) { origin += ticks }

    /// - Parameter nanoseconds: to be added, 0 to 999,999; a tick is 11,111.
    /// - Throws: `invalidTime` for a time before the epoch or absurdly far from the anchor.
    func time(ofMilliseconds milliseconds: Int64, nanoseconds: UInt32 = 0) throws(TranscodeError) -> Int64 {
        guard (-Self.bound...Self.bound).contains(milliseconds) else { throw .invalidTime("\(milliseconds) ms") }
        let ticks = (Int64(nanoseconds) * 9 + 50_000) / 100_000
        let time = origin + (milliseconds - inputMilliseconds) * 90 + ticks
        guard time >= 0 else { throw .invalidTime("\(milliseconds) ms lies before the epoch") }
        return time
    }
}
