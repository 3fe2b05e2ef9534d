import Glibc

/// The time of day and the means to wait for it, as parameters so that tests need neither.
package struct KeyClock: Sendable {
    /// Milliseconds since the epoch.
    package var now: @Sendable () -> Int64
    /// Returns when `now` has reached the time or a little before it, or throws when cancelled.
    package var sleep: @Sendable (_ until: Int64) async throws -> Void

    package init(
        now: @escaping @Sendable () -> Int64, sleep: @escaping @Sendable (_ until: Int64) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    /// A clock, and the machine's sleep.
    package init(now: @escaping @Sendable () -> Int64) {
        self.init(
            now: now,
            sleep: { time in
                let milliseconds = time - now()
                // In steps, since the clock may go faster or slower than we sleep.
                if milliseconds > 0 { try await Task.sleep(for: .milliseconds(min(milliseconds, 10_000))) }
            })
    }

    /// The clock of the machine.
    package static let system = KeyClock(now: systemMilliseconds)
}

@Sendable private func systemMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
