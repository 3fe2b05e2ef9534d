package import Keys
package import Media
package import Settings

/// The keys of the segments to come, said in manifests ahead of their use: players that ask for them when they see
/// them ask at different times, and have them when they need them.
package struct NextKeys: Sendable {
    package let keys: PeriodKeys
    /// The first segment that they are for.
    package let firstNumber: UInt64
    package let announcedAtMilliseconds: Int64

    package init(keys: PeriodKeys, firstNumber: UInt64, announcedAtMilliseconds: Int64) {
        self.keys = keys
        self.firstNumber = firstNumber
        self.announcedAtMilliseconds = announcedAtMilliseconds
    }
}

extension EndpointProfile {
    /// How long before its first segment is listed a key is announced: one and a half times the time between two looks
    /// of a player.
    ///
    /// All players have looked by then, even those that are late by half; and as their requests come within one such
    /// time, their peak stays below twice the mean of the whole announcement.
    /// - Parameter longestSegment: that can be, which the target duration is made of.
    package func announcementMilliseconds(longestSegment: Ticks) -> Int64 {
        let look =
            switch package {
            case .dash: Int64(minUpdatePeriodSeconds) * 1000
            // RFC 8216, clause 6.3.4: a target duration after the last one.
            case .hls: longestSegment.rescaled(to: 1, rounding: .up).value * 1000
            }
        return look / 2 * 3
    }
}
