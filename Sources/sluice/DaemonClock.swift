import Glibc
import Logging
import Media
import Synchronization

/// The one clock of the daemon, by which segments, keys and manifests go; workers go by it too. It never leaps.
final class DaemonClock: Sendable {
    private struct State {
        var clock: EpochClock
        /// What was told last of how far the wall's clock is off.
        var told: Int64 = 0
    }

    private let logger: Logger
    private let state: Mutex<State>

    /// The wall's clock is said to have leapt when it is off by this much more or less, in milliseconds.
    private static let leap: Int64 = 1000
    /// What a window may be ahead of the wall's clock for all time to go on from there: a day. A window beyond that has
    /// seen a clock that was wrong.
    private static let farthest: Int64 = 86_400_000

    init(logger: Logger) {
        self.logger = logger
        let (wall, steady) = Self.readings
        state = Mutex(State(clock: EpochClock(wall: wall, steady: steady)))
    }

    /// Milliseconds since the epoch.
    func now() -> Int64 {
        let (wall, steady) = Self.readings
        let (time, leapt) = state.withLock { state -> (Int64, Int64?) in
            let time = state.clock.time(wall: wall, steady: steady)
            let error = state.clock.error
            guard abs(error - state.told) > Self.leap else { return (time, nil) }
            // What is caught up with slowly is no leap.
            let isLeap = abs(error) > abs(state.told)
            state.told = error
            return (time, isLeap ? error : nil)
        }
        if let leapt {
            logger.warning(
                "the system's clock was set: live time goes on as before, and follows it slowly",
                metadata: ["aheadByMilliseconds": "\(leapt)"])
        }
        return time
    }

    /// How far the wall's clock is ahead.
    var errorMilliseconds: Int64 { state.withLock { $0.clock.error } }

    /// A window was written up to this time before the daemon started: numbers must not go back.
    /// - Parameter tolerance: what segments under way are ahead by in any case.
    func goOn(from end: Int64, tolerance: Int64) {
        let (wall, steady) = Self.readings
        let isBehind = state.withLock { state in
            let ahead = end - state.clock.time(wall: wall, steady: steady)
            guard ahead > tolerance, end - wall <= Self.farthest else { return false }
            state.clock.goOn(from: end, steady: steady)
            state.told = wall - end
            return true
        }
        if isBehind {
            logger.warning(
                "the system's clock is behind what is stored: live time goes on from there",
                metadata: ["aheadByMilliseconds": "\(wall - end)"])
        }
    }

    /// Nobody is on air: the time to take up what the wall's clock is ahead by.
    func catchUp() {
        let (wall, steady) = Self.readings
        state.withLock { $0.clock.catchUp(wall: wall, steady: steady) }
    }

    private static var readings: (wall: Int64, steady: Int64) {
        (milliseconds(CLOCK_REALTIME), milliseconds(CLOCK_BOOTTIME))
    }

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
