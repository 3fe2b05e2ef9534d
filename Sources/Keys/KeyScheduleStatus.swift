package import Media

/// The state of a key schedule at one moment, for metrics and the admin interface. Holds no secret.
package struct KeyScheduleStatus: Sendable, Equatable {
    /// Requests sent to the provider since the start.
    package var calls: UInt64
    package var failures: UInt64
    package var lastError: KeyError?
    /// Milliseconds since the epoch.
    package var lastErrorTime: Int64?
    package var currentPeriod: KeyPeriod
    package var isCurrentHeld: Bool
    /// Nil without rotation.
    package var isNextHeld: Bool?
    /// Nil without rotation.
    package var secondsToNextPeriod: Int64?
    package var heldPeriods: Int
    /// Nil where the profile wants none.
    package var isReserveHeld: Bool?

    package init(
        calls: UInt64, failures: UInt64, lastError: KeyError?, lastErrorTime: Int64?, currentPeriod: KeyPeriod,
        isCurrentHeld: Bool, isNextHeld: Bool?, secondsToNextPeriod: Int64?, heldPeriods: Int,
        isReserveHeld: Bool? = nil
    ) {
        self.calls = calls
        self.failures = failures
        self.lastError = lastError
        self.lastErrorTime = lastErrorTime
        self.currentPeriod = currentPeriod
        self.isCurrentHeld = isCurrentHeld
        self.isNextHeld = isNextHeld
        self.secondsToNextPeriod = secondsToNextPeriod
        self.heldPeriods = heldPeriods
        self.isReserveHeld = isReserveHeld
    }
}
