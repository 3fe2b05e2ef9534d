/// The time of day as a live window needs it: it never leaps and never goes back. Readings in, time out; milliseconds.
///
/// It runs with a steady clock of the machine from where the wall's clock was at the beginning. What the wall's clock is
/// off by afterwards, it follows by one part in 2000, which is what `adjtime` does and nobody sees; so a leap of the
/// wall's clock moves no segment, and clocks that drift still come together.
package struct EpochClock: Sendable {
    /// What is added to the steady clock's reading.
    package private(set) var lead: Int64
    /// What the wall's clock was ahead by at the last reading.
    package private(set) var error: Int64 = 0
    private var slewedAt: Int64

    private static let slewDivisor: Int64 = 2000
    /// Two readings one after the other are not of the same moment.
    private static let tolerance: Int64 = 20

    /// - Parameters:
    ///   - wall: since the epoch.
    ///   - steady: of a clock that runs forward only, over sleep too.
    package init(wall: Int64, steady: Int64) { self.init(lead: wall - steady, steady: steady) }

    /// In step with another one, whose lead this is.
    package init(lead: Int64, steady: Int64) {
        self.lead = lead
        slewedAt = steady
    }

    /// The time since the epoch. Never less than before, where `steady` is not.
    package mutating func time(wall: Int64, steady: Int64) -> Int64 {
        error = wall - (steady + lead)
        let allowed = max(steady - slewedAt, 0) / Self.slewDivisor
        if abs(error) <= Self.tolerance {
            slewedAt = steady
        } else if allowed > 0 {
            let step = min(allowed, abs(error))
            lead += error > 0 ? step : -step
            slewedAt += allowed * Self.slewDivisor
        }
        return steady + lead
    }

    /// Time is no less than this any more: so much of it was used before a restart.
    package mutating func goOn(from time: Int64, steady: Int64) { lead = max(lead, time - steady) }

    /// Takes up at once what the wall's clock is ahead by: for when nobody would see the leap.
    package mutating func catchUp(wall: Int64, steady: Int64) { goOn(from: wall, steady: steady) }
}
