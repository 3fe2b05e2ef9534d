import Keys
import Logging
import Media
import Packager
import Settings
import Synchronization
import Timeline

/// The segment under way, and those who wait for more of it.
extension LiveChannel {
    /// Shows what there is more of the segment under way: a dozen times a second, so nothing else is looked at.
    func refreshParts() { refreshing.withLock { _ in showParts() } }

    private func showParts() {
        guard !state.withLock({ $0.isRetired }) else { return }
        let snapshot = timeline.snapshot
        let now = clock()
        var shown: [String: BoundUnderWay?] = [:]
        for endpoint in profile.endpoints where endpoint.hasParts {
            guard let group = group(of: endpoint) else { continue }
            shown.updateValue(underWay(of: endpoint, group, snapshot), forKey: endpoint.id)
        }
        let (reached, leaving) = state.withLock { state in
            let version = Self.lastVersion.add(1, ordering: .relaxed).newValue
            var leaving: [EndpointState] = []
            for (id, underWay) in shown {
                guard var endpoint = state.endpoints[id] else { continue }
                leaving.append(endpoint)
                let previous = endpoint.window
                endpoint.window.show(underWay, with: snapshot.trackSets, snapshot.adBreaks)
                endpoint.window.openedAtMilliseconds = Self.openedAt(endpoint.window, after: previous, now: now)
                if endpoint.window.opensRun, previous.underWay?.bound.run != endpoint.window.underWay?.bound.run {
                    endpoint.version = version
                }
                endpoint.partVersion = version
                endpoint.stamp = state.nextStamp(of: id)
                state.endpoints[id] = endpoint
            }
            return (state.waiting.takeReached(state.endpoints), leaving)
        }
        // Not under the lock, which event loops take.
        withExtendedLifetime(leaving) {}
        for call in reached { call() }
    }

    func underWay(of endpoint: EndpointProfile, _ group: KeyGroup, _ snapshot: Snapshot) -> BoundUnderWay? {
        guard endpoint.hasParts else { return nil }
        do { return try group.bindUnderWay(snapshot) { timeline.keepToMemory(from: $0) } } catch {
            logger.error("cannot write down key bindings: no part is listed", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// When the run was first shown that the segment under way begins.
    static func openedAt(_ window: EndpointWindow, after previous: EndpointWindow?, now: Int64) -> Int64? {
        guard window.opensRun else { return nil }
        let isKnown = previous?.opensRun == true && previous?.underWay?.bound.run == window.underWay?.bound.run
        return isKnown ? previous?.openedAtMilliseconds : now
    }

    // MARK: Waiting for parts

    /// Calls once when an endpoint's track has come so far, or it is certain that asking again is right: its keys are
    /// missing, it ends, or the channel leaves. On any thread.
    /// - Returns: nil where too many wait already; the call may have come before this returns.
    package func wait(for goal: PartGoal, _ call: @escaping @Sendable () -> Void) -> WaitingList.Token? {
        let (token, isReached) = state.withLock { state -> (WaitingList.Token?, Bool) in
            if state.isRetired || goal.isReached(state.endpoints) { return (WaitingList.Token(), true) }
            return (state.waiting.add(goal, call), false)
        }
        if isReached { call() }
        return token
    }

    /// The call will not come, unless it is under way.
    package func stopWaiting(_ token: WaitingList.Token) { state.withLock { $0.waiting.remove(token) } }
}
