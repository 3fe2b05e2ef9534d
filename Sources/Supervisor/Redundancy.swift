import Settings

/// Which of a channel's two encoders is on air: every decision, and no effects. Times are milliseconds.
///
/// Both are decoded and cut alike, on the same grid and under the same numbers; the one that is not on air waits with
/// its last segments at hand (`StandbyBuffer`), so that it goes on with the very segment that the other one left undone.
/// One that is cold has its input at hand instead, in its worker.
struct Redundancy: Sendable {
    /// Why the other encoder goes on air.
    enum Cause: Sendable, Equatable {
        case left
        /// Nothing came from it for so long.
        case silent(milliseconds: Int64)
        /// Faults in the last ten seconds: its own, and those of the other.
        case worse(faults: UInt64, others: UInt64)
        /// For how long, while this one's is not.
        case black(milliseconds: UInt64)
        case soundless(milliseconds: UInt64)
        case failBack(healthySeconds: UInt32)
    }

    struct Switch: Sendable, Equatable {
        var to: EncoderRole
        var cause: Cause
    }

    /// How an encoder has been in the last second.
    struct Health: Sendable {
        /// Frames repeated, dropped and undecodable.
        var faults: UInt64 = 0
        /// For how long by now, in milliseconds.
        var black: UInt64 = 0
        var soundless: UInt64 = 0
    }

    private struct Encoder {
        var lastChunkAt: Int64
        /// How long nothing may come over its connection while it is on air.
        var patience: Int64
        /// Since when nothing came, where it was given up for that and was not heard since.
        var silentSince: Int64?
        /// When something last came over its connection, as far as is known, and since when it comes without a pause as
        /// long as what counts as silence.
        var heardAt: Int64
        var heardSince: Int64
        /// Since when nothing was missing from it.
        var healthySince: Int64
        /// Of each of the last ten reports.
        var faults: [UInt64] = []
        var health = Health()
        /// It has said what it sends, and sends it.
        var isReady = false
        var recentFaults: UInt64 { faults.reduce(0, &+) }
    }

    private let settings: RedundancySettings
    /// Longer than the time between two chunks, in which nothing is to be expected.
    private let silence: Int64
    private(set) var active: EncoderRole?
    private var encoders: [EncoderRole: Encoder] = [:]
    private var switchedAt: Int64?
    /// Of a silence of the one on air, by its beginning: until when it may be one of both.
    private var settling: (silence: Int64, end: Int64)?

    /// After a switch nothing but the end of an encoder causes another one for so long.
    private static let dwell: Int64 = 5000
    /// An encoder that was silent for less only sends in bursts, or its network stalls: it is given more time after that.
    private static let longestPause: Int64 = 3000
    private static let settlingTime: Int64 = 200
    /// How exactly the system says when something came.
    private static let tick: Int64 = 50
    /// Between two looks at who has been silent for too long, while the other one is not heard either.
    private static let lookInterval: Int64 = 20
    /// Repeated, dropped and undecodable frames in ten seconds, above which the other encoder is looked at.
    private static let tolerableFaults: UInt64 = 30

    init(_ settings: RedundancySettings, partMilliseconds: Int64) {
        self.settings = settings
        silence = partMilliseconds + 1000
    }

    /// - Returns: whether it is on air at once.
    mutating func join(_ role: EncoderRole, now: Int64) -> Bool {
        encoders[role] = Encoder(
            lastChunkAt: now, patience: settings.silenceMilliseconds, heardAt: now, heardSince: now, healthySince: now)
        if active == nil { active = role }
        return active == role
    }

    mutating func leave(_ role: EncoderRole, now: Int64) -> Switch? {
        encoders[role] = nil
        guard active == role else { return nil }
        active = nil
        return encoders[role.other]?.isReady == true ? go(to: role.other, .left, now) : nil
    }

    /// A chunk came from an encoder's worker.
    /// - Parameters:
    ///   - idle: how long nothing has come over the socket of the one that is on air.
    ///   - ownIdle: the same of this one's, where it waits.
    ///   - isSeamless: whether it has the segment under way from its beginning. What need not be waits for that.
    mutating func progressed(
        _ role: EncoderRole, now: Int64, idle: Int64?, ownIdle: Int64? = nil, isSeamless: Bool = true
    ) -> Switch? {
        guard var encoder = encoders[role] else { return nil }
        if now - encoder.lastChunkAt > silence { (encoder.healthySince, encoder.heardSince) = (now, now) }
        encoder.lastChunkAt = now
        encoder.isReady = true
        encoders[role] = encoder
        if let change = looked(role, now: now, idle: idle, ownIdle: ownIdle) { return change }
        guard role != active, let other = active.flatMap({ encoders[$0] }), !isDwelling(now), isSeamless else {
            return nil
        }
        // Nobody knows how the picture of one is that is not decoded.
        let isCompared = settings.standby == .hot
        if isCompared, other.recentFaults > Self.tolerableFaults, encoder.recentFaults < other.recentFaults / 4 {
            return go(to: role, .worse(faults: other.recentFaults, others: encoder.recentFaults), now)
        }
        if isCompared, isTooLong(other.health.black, settings.videoBlackSeconds), encoder.health.black == 0 {
            return go(to: role, .black(milliseconds: other.health.black), now)
        }
        if isCompared, isTooLong(other.health.soundless, settings.audioSilenceSeconds), encoder.health.soundless == 0 {
            return go(to: role, .soundless(milliseconds: other.health.soundless), now)
        }
        if role == .primary, settings.failBack == .automatic,
            now - encoder.healthySince >= Int64(settings.failBackSeconds) * 1000
        {
            return go(to: role, .failBack(healthySeconds: settings.failBackSeconds), now)
        }
        return nil
    }

    /// The time to see whether anything comes from the one that is on air at all; by the other one.
    mutating func looked(_ role: EncoderRole, now: Int64, idle: Int64?, ownIdle: Int64? = nil) -> Switch? {
        guard encoders[role]?.isReady == true else { return nil }
        // The one before left when this had nothing yet.
        guard let active else { return go(to: role, .left, now) }
        guard role != active else { return nil }
        guard let other = encoders[active] else { return go(to: role, .left, now) }
        heard(role, now - max(ownIdle ?? 0, 0), now)
        let quiet = quiet(now, idle)
        // Where neither is heard it is the network, or a burst of both: a change would help nobody.
        if quiet >= other.patience, max(ownIdle ?? 0, 0) * 2 <= quiet {
            guard isSettled(role, since: now - quiet, now) else { return nil }
            encoders[active]?.silentSince = now - quiet
            return go(to: role, .silent(milliseconds: quiet), now)
        }
        if !isDwelling(now), now - other.lastChunkAt > silence, isSettled(role, since: other.lastChunkAt, now) {
            return go(to: role, .silent(milliseconds: now - other.lastChunkAt), now)
        }
        return nil
    }

    /// After a pause of both, of this machine or of a network that they share, one of them is heard first: the other one
    /// has a moment then. Once in each silence: looks may be so rare that each finds a pause.
    private mutating func isSettled(_ role: EncoderRole, since silence: Int64, _ now: Int64) -> Bool {
        if settling.map({ abs($0.silence - silence) > Self.tick }) ?? true {
            settling = (silence, (encoders[role]?.heardSince ?? now) + Self.settlingTime)
        }
        return settling.map { now >= $0.end } ?? true
    }

    /// When to look next, whatever comes until then: as soon as the one on air can have been silent for too long.
    ///
    /// - Parameter idle: how long nothing has come over the socket of the one that is on air.
    /// - Returns: nil where nobody could take its place, or the system does not say and nothing is due.
    func nextLook(now: Int64, idle: Int64?) -> Int64? {
        guard let active, let other = encoders[active], encoders[active.other]?.isReady == true else { return nil }
        let settled = settling.flatMap { $0.end > now ? max($0.end, now + Self.lookInterval) : nil }
        guard let idle else { return settled }
        return min(now + max(other.patience - quiet(now, idle), Self.lookInterval), settled ?? .max)
    }

    /// Since it went on air: what it gave before was watched for nothing else.
    private func quiet(_ now: Int64, _ idle: Int64?) -> Int64 {
        min(max(idle ?? 0, 0), switchedAt.map { now - $0 } ?? .max)
    }

    /// One that was given up for its silence, and had only paused, may pause longer from now on.
    private mutating func heard(_ role: EncoderRole, _ time: Int64, _ now: Int64) {
        guard var encoder = encoders[role] else { return }
        if time - encoder.heardAt >= encoder.patience { encoder.heardSince = time }
        encoder.heardAt = max(encoder.heardAt, time)
        encoders[role] = encoder
        guard let since = encoder.silentSince, time > since + Self.tick else { return }
        encoder.silentSince = nil
        // What came first of what has come since is not known: not later than now.
        let pause = now - since
        if pause <= Self.longestPause {
            encoder.patience = max(encoder.patience, min(pause * 3 / 2, Self.longestPause))
        }
        encoders[role] = encoder
    }

    private func isDwelling(_ now: Int64) -> Bool { switchedAt.map { now - $0 <= Self.dwell } ?? false }

    private func isTooLong(_ milliseconds: UInt64, _ seconds: UInt32) -> Bool {
        seconds > 0 && milliseconds >= UInt64(seconds) * 1000
    }

    /// Once a second.
    mutating func reported(_ role: EncoderRole, _ health: Health, now: Int64) {
        guard var encoder = encoders[role] else { return }
        encoder.faults = encoder.faults.suffix(9) + [health.faults]
        encoder.health = health
        if health.faults > Self.tolerableFaults / 10 || isTooLong(health.black, settings.videoBlackSeconds)
            || isTooLong(health.soundless, settings.audioSilenceSeconds)
        {
            encoder.healthySince = now
        }
        encoders[role] = encoder
    }

    private mutating func go(to role: EncoderRole, _ cause: Cause, _ now: Int64) -> Switch {
        active = role
        switchedAt = now
        // What it gave before counts from here on.
        encoders[role]?.lastChunkAt = now
        // From here on it is looked at when it is heard.
        encoders[role.other]?.heardAt = now
        return Switch(to: role, cause: cause)
    }
}

extension Redundancy.Cause: CustomStringConvertible {
    var description: String {
        switch self {
        case .left: "the other one left"
        case .silent(let milliseconds): "nothing came from the other one for \(milliseconds) ms"
        case .worse(let faults, let others):
            "the other one's picture had \(faults) faults within ten seconds, this one's \(others)"
        case .black(let milliseconds): "the other one's picture was black for \(milliseconds) ms"
        case .soundless(let milliseconds): "the other one was without sound for \(milliseconds) ms"
        case .failBack(let seconds): "it has been healthy for \(seconds) s"
        }
    }

    /// In the metrics.
    var name: String {
        switch self {
        case .left: "left"
        case .silent: "silent"
        case .worse: "faults"
        case .black: "black"
        case .soundless: "soundless"
        case .failBack: "failBack"
        }
    }
}
