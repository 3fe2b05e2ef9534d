package import Packager

/// What somebody waits for: a track of an endpoint that has come so far.
package struct PartGoal: Sendable, Hashable {
    package let endpoint: String
    package let track: String
    package let position: MediaPosition
    /// Also reached where the segment is whole without that part.
    package let isOfSegment: Bool

    package init(endpoint: String, track: String, position: MediaPosition, isOfSegment: Bool = false) {
        self.endpoint = endpoint
        self.track = track
        self.position = position
        self.isOfSegment = isOfSegment
    }

    /// Whether there is nothing to wait for.
    func isReached(_ endpoints: [String: LiveChannel.EndpointState]) -> Bool {
        guard let state = endpoints[endpoint] else { return true }
        if isOfSegment, state.window.segments.last.map({ $0.number >= position.segment }) == true { return true }
        return state.isWithheld || state.window.isEnded || state.window.reaches(position, of: track)
    }
}

/// Who waits for parts of a channel. A value; the calls are made by whoever takes them out, outside of any lock.
///
/// Bounded in number: at the bound nobody more is taken.
package struct WaitingList: Sendable {
    package struct Token: Sendable, Hashable {
        /// 0: of one who need not wait.
        var number: UInt64 = 0
    }

    static let maximumCount = 4096

    private var waiting: [UInt64: (goal: PartGoal, call: @Sendable () -> Void)] = [:]
    private var last: UInt64 = 0

    mutating func add(_ goal: PartGoal, _ call: @escaping @Sendable () -> Void) -> Token? {
        guard waiting.count < Self.maximumCount else { return nil }
        last += 1
        waiting[last] = (goal, call)
        return Token(number: last)
    }

    mutating func remove(_ token: Token) { waiting[token.number] = nil }

    mutating func takeReached(_ endpoints: [String: LiveChannel.EndpointState]) -> [@Sendable () -> Void] {
        guard !waiting.isEmpty else { return [] }
        let reached = waiting.filter { $0.value.goal.isReached(endpoints) }
        for number in reached.keys { waiting[number] = nil }
        return reached.values.map(\.call)
    }

    mutating func takeAll() -> [@Sendable () -> Void] {
        defer { waiting = [:] }
        return waiting.values.map(\.call)
    }
}
