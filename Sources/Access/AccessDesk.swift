package import Settings
import Synchronization
import ViewerTokens

/// Who may ask for what, of all channels: set by the daemon, read by each event loop's `AccessGate`.
package final class AccessDesk: Sendable {
    /// The rules of one channel.
    struct ChannelRules: Sendable {
        var standard: AccessRules?
        var endpoints: [Substring: AccessRules?]

        func rules(of endpoint: Substring) -> AccessRules? {
            if let own = endpoints[endpoint] { return own }
            return standard
        }
    }

    /// Somebody who was kept out.
    package struct Report: Sendable {
        package var refusal: AccessRefusal
        package var channel: String
        package var endpoint: String
        /// Without the token.
        package var path: String
        package var address: PeerAddress?
        /// Of a token whose signature is right.
        package var subject: String?
        package var session: String?
        package var tokenID: String?
        /// Refusals since the report before of which there is none.
        package var unreported: Int
    }

    private struct State {
        var channels: [Substring: ChannelRules] = [:]
        var profiles: [String: ChannelAccess] = [:]
        var revocations = RevocationList()
        var refusals: [AccessRefusal: UInt64] = [:]
        var limit = ReportLimit()
    }

    private let state = Mutex(State())
    private let rulesVersion = Atomic<UInt64>(0)
    private let revocationsVersion = Atomic<UInt64>(0)
    private let report: @Sendable (Report) -> Void

    /// - Parameter report: told of some of those who are kept out: `ReportLimit`.
    package init(report: @escaping @Sendable (Report) -> Void) { self.report = report }

    // MARK: For the daemon

    /// To be called before a channel is on air. In effect with the next request.
    /// - Returns: whether anything has changed.
    package func set(_ access: ChannelAccess, of channel: String) throws(UnusableRule) -> Bool {
        guard !access.isOpen else { return remove(channel: channel) }
        guard state.withLock({ $0.profiles[channel] }) != access else { return false }
        var rules = ChannelRules(standard: nil, endpoints: [:])
        if let profile = access.channel { rules.standard = try AccessRules(profile) }
        for (endpoint, profile) in access.endpoints {
            var own: AccessRules?
            if let profile { own = try AccessRules(profile) }
            rules.endpoints[Substring(endpoint)] = .some(own)
        }
        state.withLock { state in
            state.channels[Substring(channel)] = rules
            state.profiles[channel] = access
        }
        rulesVersion.add(1, ordering: .releasing)
        return true
    }

    /// What was set last of a channel.
    package func access(of channel: String) -> ChannelAccess {
        state.withLock { $0.profiles[channel] } ?? ChannelAccess()
    }

    /// To be called when the channel is off the air.
    /// - Returns: whether there were rules of it.
    @discardableResult
    package func remove(channel: String) -> Bool {
        let had = state.withLock { state in
            state.profiles[channel] = nil
            return state.channels.removeValue(forKey: Substring(channel)) != nil
        }
        if had { rulesVersion.add(1, ordering: .releasing) }
        return had
    }

    /// In effect with the next request.
    package func change<Result: Sendable>(_ body: (inout RevocationList) -> Result) -> Result {
        let result = state.withLock { body(&$0.revocations) }
        revocationsVersion.add(1, ordering: .releasing)
        return result
    }

    package var revocations: RevocationList { state.withLock { $0.revocations } }

    package var refusals: [AccessRefusal: UInt64] { state.withLock { $0.refusals } }

    // MARK: For the gates

    var currentRules: UInt64 { rulesVersion.load(ordering: .acquiring) }
    var currentRevocations: UInt64 { revocationsVersion.load(ordering: .acquiring) }
    var channels: [Substring: ChannelRules] { state.withLock { $0.channels } }

    func note(
        _ refusal: AccessRefusal, _ target: RequestTarget, address: PeerAddress?, claims: TokenClaims?, now: Int64
    ) {
        let unreported = state.withLock { state -> Int? in
            state.refusals[refusal, default: 0] += 1
            return state.limit.take(now: now)
        }
        guard let unreported else { return }
        report(
            Report(
                refusal: refusal, channel: String(target.channel.prefix(64)),
                endpoint: String(target.endpoint.prefix(64)), path: String(target.loggedPath.prefix(256)),
                address: address, subject: claims?.subject, session: claims?.session, tokenID: claims?.id,
                unreported: unreported))
    }
}

/// Of what comes in floods, so many a second are told of.
struct ReportLimit: Sendable {
    static let perSecond = 10

    private var second = Int64.min
    private var told = 0
    private var untold = 0

    /// - Returns: how many were not told of before this one; nil: this one is not, either.
    mutating func take(now: Int64) -> Int? {
        if now != second { (second, told) = (now, 0) }
        guard told < Self.perSecond else {
            untold += 1
            return nil
        }
        told += 1
        defer { untold = 0 }
        return untold
    }
}
